"""The report's pictures, as PNG data that a page can carry inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hil.rig.observations import Example, Observations
from train.evaluation.drawing import GREY, INK, ORANGE, bare, figure, matrix_panel, png
from train.evaluation.score import Scorecard


def confusions(cards: dict[str, Scorecard]) -> str:
    """Return the confusion matrices side by side; each row is a true class and sums to 1."""
    made, axes = figure(4.4 * len(cards), 4.2, len(cards))
    for axis, (name, card) in zip(np.atleast_1d(axes), cards.items(), strict=True):
        matrix_panel(axis, np.array(card.confusion), card.labels)
        axis.set_title(f"{name}: UAR {card.uar.value:.1%}")
        axis.set_xlabel("heard as")
    np.atleast_1d(axes)[0].set_ylabel("true")
    return png(made)


def confusion_difference(counts: NDArray[np.int64], labels: Sequence[str], name: str) -> str:
    """Return how a confusion matrix changed, int64[labels, labels]: blue for more clips, red for fewer."""
    made, axis = figure(5.4, 4.8)
    span = max(1, int(np.abs(counts).max()))
    axis.imshow(counts, vmin=-span, vmax=span, cmap="RdBu")
    places = range(len(labels))
    axis.set_xticks(places, labels, rotation=45, ha="right")
    axis.set_yticks(places, labels)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if abs(counts[row, column]) > 0.6 * span else INK
        axis.text(
            column, row, f"{counts[row, column]:+d}", ha="center", va="center", color=colour, fontsize=8
        )
    axis.set_title(f"{name}: second minus first, clips")
    axis.set_xlabel("heard as")
    axis.set_ylabel("true")
    return png(made)


def spectrograms(example: Example) -> str:
    """Return host features, device features and their difference, frames along x, channels along y."""
    made, axes = figure(13, 3.2, 3)
    host, device = example.host.astype(np.int64), example.device.astype(np.int64)
    top = max(int(host.max(initial=1)), 1)
    for axis, values, title in ((axes[0], host, "host"), (axes[1], device, "device")):
        shown = axis.imshow(values.T, origin="lower", aspect="auto", vmin=0, vmax=top, cmap="magma")
        axis.set_title(f"{title}: {example.segment}", fontsize=10)
        axis.set_xlabel("frame")
        made.colorbar(shown, ax=axis)
    axes[0].set_ylabel("channel")
    difference = device - host if device.shape == host.shape else np.full(host.shape, top)
    span = max(1, int(np.abs(difference).max()))
    shown = axes[2].imshow(difference.T, origin="lower", aspect="auto", vmin=-span, vmax=span, cmap="RdBu")
    axes[2].set_title(f"device − host: at most {int(np.abs(difference).max())} LSB", fontsize=10)
    axes[2].set_xlabel("frame")
    made.colorbar(shown, ax=axes[2])
    return png(made)


def memory_map(seen: Observations) -> str:
    """Return one bar per memory of the board, filled by what lies in it, as a share of its size."""
    from matplotlib import colormaps

    regions = seen.chip.regions
    made, axis = figure(11, 0.62 * len(regions) + 0.9)
    for place, region in enumerate(regions):
        axis.barh(place, 1, color=GREY, height=0.55)
        left = 0.0
        for index, part in enumerate(region.parts):
            share = part.bytes / region.limit_bytes
            axis.barh(place, share, left=left, color=colormaps["tab10"](index), height=0.55)
            if share > 0.09:
                middle = left + share / 2
                axis.text(middle, place, part.name, ha="center", va="center", fontsize=7, color="white")
            left += share
        words = f"{region.used_bytes:,} of {region.limit_bytes:,} bytes ({left:.0%})"
        axis.text(1.01, place, words, va="center", fontsize=8, color=INK)
    axis.set_yticks(range(len(regions)), [region.name for region in regions])
    axis.set_xlim(0, 1.35)
    axis.invert_yaxis()
    bare(axis, ("top", "right", "left", "bottom"))
    axis.set_xticks([])
    return png(made)


def latency_bars(seen: Observations, limit_ms: float | None) -> str:
    """Return the stages of one decision end to end, with the interval of the sum and the promise."""
    from matplotlib import colormaps

    stages = seen.chip.stages_ms
    made, axis = figure(11, 2.1)
    left = 0.0
    for index, (name, stage) in enumerate(stages.items()):
        axis.barh(
            0,
            stage.value,
            left=left,
            height=0.5,
            color=colormaps["tab10"](index),
            label=f"{name} {stage.value:.2f}",
        )
        left += stage.value
    low, high = (_end(seen, end) for end in (0, 1))
    axis.errorbar(left, 0, xerr=[[left - low], [high - left]], color=INK, capsize=5, lw=1.5)
    if limit_ms is not None:
        axis.axvline(limit_ms, color=ORANGE, lw=1.5, ls="--", label=f"promise {limit_ms:g}")
    axis.set_xlabel("ms")
    axis.set_yticks([])
    bare(axis)
    made.legend(loc="outside upper center", ncols=len(stages) + 1, fontsize=8, frameon=False)
    return png(made)


def _end(seen: Observations, end: int) -> float:
    return sum(
        stage.interval[end] if stage.interval else stage.value for stage in seen.chip.stages_ms.values()
    )
