"""Figures 2 and 3 of Mitra et al.: the saliency of every layer for each target, and whether a probe agrees.

Saliency (equations 1 to 3) is computed on a drawn sample of utterances, for each emotion, valence, arousal and
dominance by itself, and together. Beside it stands what a regression on the layer reaches on unheard speakers: for one
target the concordance (CCC), together the mean over targets, and for the classes UAR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.progress import track
from train.evaluation.heard import DIMENSIONS, Truth
from train.evaluation.metrics import ccc
from train.foundation.probe import probe_uar
from train.foundation.saliency import draw_sample, saliency_by_target
from train.mitra.probe import Floats, Integers, out_of_fold_values

PAPER_SAMPLE = 30_000
TOGETHER = "together"


@dataclass(frozen=True)
class TargetCurve:
    """One target over the layers; lists are in the order of the layers.

    Attributes:
        saliency: S of equation 3.
        correlation: Its part that does not reward repetition, mean |corr(h_i, y)|.
        probe: CCC of a ridge regression, every clip out of fold.
        salient: Layer with the highest saliency.
        probed: Layer with the highest CCC.
        rank_correlation: Spearman's, over the layers, of saliency with CCC; None where one is constant.
    """

    saliency: tuple[float, ...]
    correlation: tuple[float, ...]
    probe: tuple[float, ...]
    salient: str
    probed: str
    rank_correlation: float | None


@dataclass(frozen=True)
class LayerTable:
    """All targets over the layers of one network.

    Attributes:
        network: Its name.
        corpus: Where the clips are from.
        speech: `real` or `synthetic`.
        warning: `LEAKS SPEAKERS`, or nothing.
        layers: From input to output.
        sample: On how many utterances saliency was computed.
        clips: Out of how many; all of them are probed.
        targets: Target to its curve; the last is `together`.
        uar: UAR of the logistic probe for each layer.
        uar_rank_correlation: Spearman's, over the layers, of the saliency together with that UAR.
        constant: Targets that never vary, which say nothing and were left out.
    """

    network: str
    corpus: str
    speech: str
    warning: str
    layers: tuple[str, ...]
    sample: int
    clips: int
    targets: dict[str, TargetCurve]
    uar: tuple[float, ...]
    uar_rank_correlation: float | None
    constant: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready data."""
        return asdict(self)


def named_targets(truth: Truth) -> tuple[tuple[str, ...], Floats]:
    """Return the targets' names, emotions first, and their columns: float32 [clips, targets]."""
    if truth.dimensions is None:
        return truth.labels, truth.targets
    return (*truth.labels, *DIMENSIONS), np.concatenate([truth.targets, truth.dimensions], axis=1)


def layers_by_target(
    network: str,
    truth: Truth,
    folds: Integers,
    means: Mapping[str, Floats],
    statistics: Mapping[str, Floats] | None = None,
    size: int = PAPER_SAMPLE,
    seed: int = 0,
) -> LayerTable:
    """Return saliency and probe for every layer and target.

    Args:
        network: Whose layers they are.
        truth: The clips, of training speakers only where a layer is chosen from this.
        folds: int64 [clips], where each is unseen by its probe.
        means: Layer to float32 [clips, channels], the mean over time: what saliency sees.
        statistics: Layer to what the probe sees, mean and deviation for instance; by default `means`.
        size: How many utterances are drawn for saliency.
        seed: Of the draw and of the probe.
    """
    names, columns = named_targets(truth)
    drawn = draw_sample(truth.clips, size, seed)
    varies = np.ptp(columns[drawn], axis=0) > 0
    kept = [name for name, known in zip(names, varies, strict=True) if known]
    columns = columns[:, varies]
    salient, terms, probes, uars = [], [], [], []
    for layer, table in track(means.items(), f"layers of {network}", len(means)):
        heard = (statistics or means)[layer]
        each = [one for one in saliency_by_target(table[drawn], columns[drawn]) if one is not None]
        salient.append([one.total for one in each])
        terms.append([one.correlation for one in each])
        answers = out_of_fold_values(heard, columns, folds)
        probes.append([ccc(*pair) for pair in zip(columns.T, answers.T, strict=True)])
        uars.append(probe_uar(heard, truth.truth, folds, seed))
    layers = tuple(means)
    tables = [np.array(table) for table in (salient, terms, probes)]
    curves = {name: _curve(layers, *(table[:, place] for table in tables)) for place, name in enumerate(kept)}
    curves[TOGETHER] = _curve(layers, *(table.mean(axis=1) for table in tables))
    return LayerTable(
        network=network,
        corpus=truth.corpus,
        speech=truth.speech,
        warning=truth.warning,
        layers=layers,
        sample=len(drawn),
        clips=truth.clips,
        targets=curves,
        uar=tuple(uars),
        uar_rank_correlation=_spearman(curves[TOGETHER].saliency, uars),
        constant=tuple(name for name in names if name not in kept),
    )


def _curve(layers: tuple[str, ...], *tables: npt.NDArray[np.float64]) -> TargetCurve:
    """Return a target's curve from its saliency, correlation term and probe [layers]."""
    saliency, correlation, probe = (tuple(float(value) for value in table) for table in tables)
    return TargetCurve(
        saliency=saliency,
        correlation=correlation,
        probe=probe,
        salient=layers[int(np.argmax(saliency))],
        probed=layers[int(np.argmax(probe))],
        rank_correlation=_spearman(saliency, probe),
    )


def _spearman(first: Any, second: Any) -> float | None:
    from scipy.stats import spearmanr

    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(spearmanr(first, second).statistic)
