"""A picture of the parameter blob: what lies where, and what is not understood."""

from __future__ import annotations

import io
from typing import Any

from edgetpu_models.inside import Inside, Stretch

_LAYERS = ("#3b6ea8", "#7ba3cf")  # neighbours in turn
_OTHER = {"padding": "#dddddd", "not understood": "#c8743c"}
_SHORT = {"DEPTHWISE_CONV_2D": "DW", "FULLY_CONNECTED": "FC", "CONV_2D": "CONV"}
ROWS = 24


def blob_picture(view: Inside) -> bytes:
    """Return an SVG: the blobs from top left to bottom right, like text; each layer begins with its name.

    Args:
        view: What `look_inside` found.

    Returns:
        SVG bytes, the same for the same file.
    """
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "undertone", "font.size": 8, "svg.fonttype": "none"}):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 6), layout="constrained")
        FigureCanvasSVG(figure)
        _draw(figure.subplots(), view)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _draw(axes: Any, view: Inside) -> None:
    width = max(64, -(-view.parameter_bytes // ROWS))
    at = 0
    for number, stretch in enumerate(view.stretches):
        colour = _OTHER.get(stretch.what, _LAYERS[number % 2])
        _stretch(axes, stretch, at, width, colour)
        at += stretch.size
    rest = view.unexplained_bytes
    axes.set(
        title=f"{view.parameter_bytes:,} parameter bytes; {rest:,} not understood (orange), filling grey",
        xlim=(0, width),
        ylim=(ROWS, 0),
        xlabel=f"byte within a row of {width:,}",
        ylabel="row",
    )


def _stretch(axes: Any, stretch: Stretch, at: int, width: int, colour: str) -> None:
    """Draw one piece, row by row, and its name where the first row has room."""
    left, first = stretch.size, True
    while left > 0:
        row, column = divmod(at, width)
        size = min(left, width - column)
        axes.broken_barh([(column, size)], (row + 0.05, 0.9), facecolors=colour)
        if first and size > width / 16:
            kind, _, rest = stretch.what.partition(" ")
            name = f"{_SHORT.get(kind, kind)} {rest}"
            axes.text(column + width / 200, row + 0.55, name, va="center", color="white", clip_on=True)
            first = False
        at, left = at + size, left - size
