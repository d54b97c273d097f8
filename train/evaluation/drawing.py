"""What all reports draw with: figures as PNG data that a page can carry inside, and the look of a confusion matrix."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

INK, BLUE, ORANGE, GREY, RED = "#1f2933", "#2f6f9f", "#d9822b", "#d5dbe1", "#b42318"


def figure(width: float, height: float, columns: int = 1, stamp: str = "") -> tuple[Any, Any]:
    """Return an empty figure and its axes.

    Args:
        width: In inches.
        height: In inches.
        columns: Axes side by side.
        stamp: A warning that must stand on the picture wherever it goes, `LEAKS SPEAKERS`; nothing for none.
    """
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=110, layout="constrained")
    axes = made.subplots(1, columns)
    if stamp:
        made.suptitle(stamp, color=RED, fontsize=13, fontweight="bold")
    return made, axes


def png(made: Any) -> str:
    """Return a figure as a data address; the same figure gives the same bytes."""
    stream = io.BytesIO()
    made.savefig(stream, format="png", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def bare(axis: Any, sides: Sequence[str] = ("top", "right", "left")) -> None:
    """Take away some sides of an axis's frame."""
    for side in sides:
        axis.spines[side].set_visible(False)


def matrix_panel(
    axis: Any, cells: npt.NDArray[Any], labels: Sequence[str], across: Sequence[str] | None = None
) -> None:
    """Draw a matrix whose rows are shaded by the share of their sum, with its numbers: counts, or shares in percent.

    Args:
        axis: Where.
        cells: int [rows, columns] counts, or float shares.
        labels: Names of the rows.
        across: Names of the columns; by default those of the rows.
    """
    columns = labels if across is None else across
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1e-9)
    axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    axis.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axis.set_yticks(range(len(labels)), labels)
    for row in range(len(labels)):
        for column in range(len(columns)):
            colour = "white" if shares[row, column] > 0.55 else INK
            cell = cells[row, column]
            text = f"{cell}" if np.issubdtype(cells.dtype, np.integer) else f"{100 * cell:.0f}"
            axis.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
