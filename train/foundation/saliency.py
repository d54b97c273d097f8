"""Layer saliency, equations 1 to 3 of Mitra et al., arXiv 2503.22711.

For a layer with N dimensions, time-averaged into h, and a label y:

    w_i     = |corr(h_i, y)|                                     (1)
    gamma_i = 1 / (N - 1) * sum over j != i of w_j |corr(h_i, h_j)|   (2)
    S       = mean over i of (w_i + gamma_i)                     (3)

gamma rewards dimensions that resemble other useful dimensions, so a layer whose dimensions repeat
each other scores high. On RAVDESS and YAMNet that puts the last and the first layer on top, which a
probe finds to be among the worst: read saliency beside a probe (`train.foundation.probe`), never alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Saliency:
    """The saliency of one layer.

    Attributes:
        total: S of equation 3, averaged over the labels.
        correlation: Its first part alone, the mean of w over dimensions and labels.
    """

    total: float
    correlation: float


def one_versus_rest(labels: npt.NDArray[np.int64], classes: int) -> Floats:
    """Return float32 [n, classes]: column c is 1 where the label is c."""
    return np.eye(classes, dtype=np.float32)[labels]


def draw_sample(clips: int, size: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Return int64 [at most size], places of drawn utterances, sorted; all where there are no more.

    The paper draws 30,000 of its training utterances.
    """
    if size >= clips:
        return np.arange(clips)
    return np.sort(np.random.default_rng(seed).choice(clips, size, replace=False))


def saliency_by_target(pooled: Floats, targets: Floats) -> list[Saliency | None]:
    """Return the saliency of one layer for each label by itself; None for a label that never varies.

    Args:
        pooled: float [utterances, dimensions], the layer averaged over time.
        targets: float [utterances, labels], as in `layer_saliency`.

    Raises:
        InvalidSetting: Fewer than 2 utterances or dimensions.
    """
    count, dimensions = pooled.shape
    if count < 2 or dimensions < 2 or len(targets) != count:
        raise InvalidSetting(
            f"saliency needs at least 2 utterances and 2 dimensions with a target each, "
            f"not {list(pooled.shape)} and {list(targets.shape)}",
            "give it the whole training set",
        )
    h, y = _standardise(pooled), _standardise(targets)
    w = np.abs(h.T @ y) / count  # [dimensions, labels], equation 1
    between = np.abs(h.T @ h) / count
    np.fill_diagonal(between, 0)  # j != i
    gamma = between @ w / (dimensions - 1)  # equation 2
    total, correlation = ((w + gamma).mean(axis=0, dtype=np.float64), w.mean(axis=0, dtype=np.float64))
    varies = np.any(y != 0, axis=0)
    return [
        Saliency(float(total[one]), float(correlation[one])) if varies[one] else None
        for one in range(y.shape[1])
    ]


def layer_saliency(pooled: Floats, targets: Floats) -> Saliency:
    """Return the saliency of one layer for one or several labels together.

    Args:
        pooled: float [utterances, dimensions], the layer averaged over time.
        targets: float [utterances, labels]: one-versus-rest columns, columns of a rater
            distribution, or valence, arousal and dominance. Columns that never vary say nothing
            and are left out.

    Raises:
        InvalidSetting: Fewer than 2 utterances or dimensions, or no target that varies.
    """
    known = [one for one in saliency_by_target(pooled, targets) if one is not None]
    if not known:
        raise InvalidSetting("every target is constant", "give saliency clips of more than one class")
    return Saliency(
        float(np.mean([one.total for one in known])), float(np.mean([one.correlation for one in known]))
    )


def _standardise(columns: npt.NDArray[np.float32]) -> Floats:
    """Return columns with mean 0 and variance 1; a constant column becomes 0, so its correlations are 0."""
    centred = columns - columns.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.square(centred).mean(axis=0))
    varies = deviation > 1e-6 * (1e-6 + np.abs(columns).max(axis=0))
    return np.asarray(centred / np.where(varies, deviation, 1) * varies, np.float32)
