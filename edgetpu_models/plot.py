"""Pictures of an analysis: what lies where in the chip's memory."""

from __future__ import annotations

import io
from typing import Any

from edgetpu_models.analyse import Analysis
from edgetpu_models.cost.activations import TILE_ACTIVATION_BYTES
from edgetpu_models.cost.layout import Stored
from edgetpu_models.cost.sram import TILE_LIMIT, TILES, ParameterMemory

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


def _parameters(axes: Any, analysis: Analysis) -> None:
    """Draw the tiles, with a block for each layer in each tile; layers alternate in shade."""
    memory = ParameterMemory()
    named: set[int] = set()
    kept = (row for row in analysis.rows if row.on_chip and row.lane_bytes)
    for number, row in enumerate(kept):
        before = list(memory.fill)
        memory.place(Stored(row.outputs, row.outputs, row.lane_bytes, row.block))
        heights = [(now - was) / 1024 for now, was in zip(memory.fill, before, strict=True)]
        label = analysis.networks[row.network].name if row.network not in named else None
        named.add(row.network)
        axes.bar(
            range(TILES),
            heights,
            bottom=[b / 1024 for b in before],
            color=_COLOURS[row.network % len(_COLOURS)],
            alpha=1.0 if number % 2 else 0.7,
            label=label,
        )
    axes.set(
        title=f"parameters on the chip: {analysis.on_chip_bytes:,} bytes, streamed: {analysis.off_chip_bytes:,}",
        xlabel="tile",
        xticks=range(TILES),
    )
    _scale(axes, max(memory.fill) / 1024, TILE_LIMIT / 1024)
    if named:
        axes.legend(loc="upper right", ncols=len(named), frameon=False)


def _activations(axes: Any, analysis: Analysis) -> None:
    """Draw activation memory per tile at each operation."""
    rows = analysis.rows
    values = [row.activation_bytes / 1024 for row in rows]
    colours = [_COLOURS[row.network % len(_COLOURS)] for row in rows]
    axes.bar(range(len(rows)), values, color=colours, width=0.9)
    axes.set(
        title=f"activations per tile (estimated), at most {analysis.activation_bytes_per_tile:,} bytes",
        xlabel="operation",
    )
    _scale(axes, max(values, default=0.0), TILE_ACTIVATION_BYTES / 1024)


def _scale(axes: Any, highest: float, limit: float) -> None:
    """Show the limit as a line where it is near, and in words where the bars would vanish below it."""
    near = highest > limit / 2
    axes.set(ylabel="KiB", ylim=(0, limit * 1.3 if near else max(highest * 1.5, 1.0)))
    if near:
        axes.axhline(limit, color="black", linewidth=0.8, linestyle="--")
    words = f"{highest:.1f} of {limit:.0f} KiB ({highest / limit:.0%})"
    axes.text(0.01, 0.93, words, transform=axes.transAxes, va="top")
