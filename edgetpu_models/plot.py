"""Pictures of an analysis: what lies where in the chip's memory."""

from __future__ import annotations

import io

from edgetpu_models.analyse import Analysis
from edgetpu_models.cost.activations import TILE_ACTIVATION_BYTES
from edgetpu_models.cost.layout import Stored
from edgetpu_models.cost.sram import TILE_BYTES, TILE_LIMIT, TILES, ParameterMemory

_COLOURS = ("#3b6ea8", "#c8743c", "#5b9a5b", "#8c6bb1")  # one per network


def memory_map(analysis: Analysis) -> bytes:
    """Return an SVG: parameters in the 16 tiles, layer by layer, and activation memory over the inference.

    Args:
        analysis: One network, or several that share the chip.

    Returns:
        SVG bytes, the same for the same analysis.
    """
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "undertone", "font.size": 9, "svg.fonttype": "none"}):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 5.4), layout="constrained")
        FigureCanvasSVG(figure)
        upper, lower = figure.subplots(2, 1)
        _parameters(upper, analysis)
        _activations(lower, analysis)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _parameters(axes: object, analysis: Analysis) -> None:
    """Draw the tiles, with a block for each layer in each tile."""
    memory = ParameterMemory()
    for row in analysis.rows:
        if not row.on_chip or not row.lane_bytes:
            continue
        before = list(memory.fill)
        memory.place(Stored(row.outputs, row.outputs, row.lane_bytes, row.block))
        heights = [(now - was) / 1024 for now, was in zip(memory.fill, before, strict=True)]
        colour = _COLOURS[row.network % len(_COLOURS)]
        axes.bar(  # type: ignore[attr-defined]
            range(TILES),
            heights,
            bottom=[b / 1024 for b in before],
            color=colour,
            edgecolor="white",
            linewidth=0.3,
        )
    axes.axhline(TILE_LIMIT / 1024, color="black", linewidth=0.8, linestyle="--")  # type: ignore[attr-defined]
    axes.set(  # type: ignore[attr-defined]
        title=f"parameters on the chip: {analysis.on_chip_bytes:,} bytes, streamed: {analysis.off_chip_bytes:,}",
        xlabel="tile",
        ylabel="KiB",
        ylim=(0, TILE_BYTES / 1024 * 1.05),
        xticks=range(TILES),
    )


def _activations(axes: object, analysis: Analysis) -> None:
    """Draw activation memory per tile at each operation."""
    rows = analysis.rows
    values = [row.activation_bytes / 1024 for row in rows]
    colours = [_COLOURS[row.network % len(_COLOURS)] for row in rows]
    axes.bar(range(len(rows)), values, color=colours, width=0.9)  # type: ignore[attr-defined]
    axes.axhline(TILE_ACTIVATION_BYTES / 1024, color="black", linewidth=0.8, linestyle="--")  # type: ignore[attr-defined]
    title = f"activations per tile (estimated), at most {analysis.activation_bytes_per_tile:,} bytes"
    axes.set(title=title, xlabel="operation", ylabel="KiB")  # type: ignore[attr-defined]
