"""The pictures of Mitra's page; each carries the warning where there is one, for pictures are cut out and passed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from train.evaluation.drawing import BLUE, GREY, INK, ORANGE, bare, figure, matrix_panel, png
from train.mitra.genders import MEN, WOMEN
from train.mitra.saliency import TOGETHER, LayerTable
from train.mitra.speakers import CURVE_PERCENT
from train.mitra.trivial import TRIVIAL

Curve = tuple[float, ...]
_WIDTH, _HEIGHT = 6.4, 4.2


def speaker_curves(curves: Mapping[str, Curve], title: str, stamp: str = "") -> str:
    """Return paUAR-X over X, one line for each system; who hears nothing is dotted."""
    made, axis = figure(_WIDTH, _HEIGHT, stamp=stamp)
    for name, curve in curves.items():
        look = {"color": INK, "ls": ":"} if name == TRIVIAL else {}
        axis.plot(CURVE_PERCENT, [100 * share for share in curve], label=name, **look)
    for percent in (50, 75):
        axis.axvline(percent, color=GREY, lw=1, zorder=0)
    axis.set_xlabel("X: a speaker's own UAR exceeds X %")
    axis.set_ylabel("speakers, %")
    axis.set_title(title, fontsize=11)
    bare(axis, ("top", "right"))
    made.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=1 + (len(curves) > 4))
    return png(made)


def unevenness(points: Mapping[str, list[tuple[float, float]]], stamp: str = "") -> str:
    """Return each speaker's UAR over how uneven his emotions are, one colour for each system."""
    made, axis = figure(_WIDTH, _HEIGHT, stamp=stamp)
    for name, pairs in points.items():
        across, up = zip(*pairs, strict=True)
        axis.plot(across, [100 * value for value in up], "o", ms=4, alpha=0.7, label=name)
    axis.set_xlabel("unevenness of the speaker's emotions (0: all alike, 1: one alone)")
    axis.set_ylabel("the speaker's own UAR, %")
    bare(axis, ("top", "right"))
    made.legend(loc="outside lower center", fontsize=8, frameon=False)
    return png(made)


def gender_curves(women: Curve, men: Curve, system: str, stamp: str = "") -> str:
    """Return paUAR-X of women and men for one system."""
    made, axis = figure(_WIDTH, _HEIGHT, stamp=stamp)
    for name, curve, colour in ((WOMEN, women, ORANGE), (MEN, men, BLUE)):
        axis.plot(CURVE_PERCENT, [100 * share for share in curve], color=colour, label=name)
    axis.set_xlabel("X: a speaker's own UAR exceeds X %")
    axis.set_ylabel("speakers of the gender, %")
    axis.set_title(system, fontsize=10)
    bare(axis, ("top", "right"))
    axis.legend(frameon=False)
    return png(made)


def confusion(cells: list[list[int]], labels: tuple[str, ...], title: str, stamp: str = "") -> str:
    """Return one confusion matrix; rows are the truth."""
    made, axis = figure(4.8, 4.5, stamp=stamp)
    matrix_panel(axis, np.array(cells), labels)
    axis.set_title(title, fontsize=10)
    axis.set_ylabel("true")
    return png(made)


def heard_as(shares: list[list[float]], labels: tuple[str, ...]) -> str:
    """Return what raters hear in each intended class, in percent of their votes."""
    made, axis = figure(4.8, 4.5)
    matrix_panel(axis, np.array(shares), labels)
    axis.set_ylabel("intended")
    axis.set_xlabel("raters' votes, %")
    return png(made)


def entropies(histogram: tuple[float, ...]) -> str:
    """Return how many clips the raters disagree on, and by how much."""
    made, axis = figure(_WIDTH, 3.2)
    width = 1 / len(histogram)
    axis.bar(
        (np.arange(len(histogram)) + 0.5) * width,
        [100 * share for share in histogram],
        width * 0.92,
        color=BLUE,
    )
    axis.set_xlabel("entropy of a clip's votes (0: one mind, 1: all classes alike)")
    axis.set_ylabel("clips, %")
    bare(axis, ("top", "right"))
    return png(made)


def saliency_by_layer(table: LayerTable) -> str:
    """Return Figure 2: saliency over the layers, one line for each target, and all together."""
    made, axis = figure(_WIDTH, 4.8, stamp=table.warning)
    for name, curve in table.targets.items():
        axis.plot(table.layers, curve.saliency, **_look(name), label=name)
    axis.set_ylabel("saliency (equation 3)")
    axis.set_title(
        f"{table.network}: {table.sample} of {table.clips} utterances, {table.corpus}", fontsize=10
    )
    _layers(axis, table)
    made.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=4)
    return png(made)


def probe_by_layer(table: LayerTable) -> str:
    """Return the same of the probe: concordance of a regression on unheard speakers."""
    made, axis = figure(_WIDTH, 4.8, stamp=table.warning)
    for name, curve in table.targets.items():
        axis.plot(table.layers, curve.probe, **_look(name), label=name)
    axis.set_ylabel("CCC of a regression, speakers unheard")
    axis.set_title(f"{table.network}: all {table.clips} utterances, {table.corpus}", fontsize=10)
    _layers(axis, table)
    made.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=4)
    return png(made)


def rank_against_probe(table: LayerTable) -> str:
    """Return Figure 3: each layer's rank by saliency against its rank by the probe, for each target."""
    made, axis = figure(5.4, 5.2, stamp=table.warning)
    count = len(table.layers)
    axis.plot([1, count], [1, count], color=GREY, lw=1, zorder=0)
    for number, (name, curve) in enumerate(table.targets.items()):
        across, up = (_ranks(values) for values in (curve.saliency, curve.probe))
        # Equal ranks of several targets are moved apart a little, so that all can be seen.
        shift = 0.0 if name == TOGETHER else 0.03 * (number - len(table.targets) / 2)
        look = _look(name) | {"ls": ""}
        axis.plot(across + shift, up + shift, **look, alpha=0.8, label=name)
        if name == TOGETHER:
            for layer, x, y in zip(table.layers, across, up, strict=True):
                axis.annotate(layer, (x, y), xytext=(7, -3), textcoords="offset points", fontsize=8)
    axis.set_xlabel("rank by saliency (1: highest)")
    axis.set_ylabel("rank by the probe (1: highest)")
    axis.set_xticks(range(1, count + 1))
    axis.set_yticks(range(1, count + 1))
    axis.invert_yaxis()
    axis.invert_xaxis()
    bare(axis, ("top", "right"))
    made.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=4)
    return png(made)


def _ranks(values: tuple[float, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return ranks from 1, the highest, on; equal values share their mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata([-value for value in values]), np.float64)


def _look(target: str) -> dict[str, Any]:
    if target == TOGETHER:
        return {"color": INK, "lw": 2.6, "marker": "o", "ls": "-"}
    if target in ("valence", "arousal", "dominance"):
        return {"lw": 1.4, "marker": "s", "ms": 4, "ls": "--"}
    return {"lw": 1.2, "marker": ".", "ls": "-"}


def _layers(axis: Any, table: LayerTable) -> None:
    axis.set_xticks(range(len(table.layers)), table.layers, rotation=45, ha="right", fontsize=8)
    bare(axis, ("top", "right"))
