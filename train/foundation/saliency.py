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


def layer_saliency(pooled: Floats, targets: Floats) -> Saliency:
    """Return the saliency of one layer for one or several labels.

    Args:
        pooled: float [utterances, dimensions], the layer averaged over time.
        targets: float [utterances, labels]: one-versus-rest columns, columns of a rater
            distribution, or valence, arousal and dominance. Columns that never vary say nothing
            and are left out.

    Raises:
        InvalidSetting: Fewer than 2 utterances or dimensions, or no target that varies.
    """
    count, dimensions = pooled.shape
    if count < 2 or dimensions < 2 or len(targets) != count:
        raise InvalidSetting(
            f"saliency needs at least 2 utterances and 2 dimensions with a target each, "
            f"not {list(pooled.shape)} and {list(targets.shape)}",
            "give it the whole training set",
        )
    h = _standardise(pooled)
    y = _standardise(targets)
    y = y[:, np.any(y != 0, axis=0)]
    if y.shape[1] == 0:
        raise InvalidSetting("every target is constant", "give saliency clips of more than one class")
    w = np.abs(h.T @ y) / count  # [dimensions, labels], equation 1
    between = np.abs(h.T @ h) / count
    np.fill_diagonal(between, 0)  # j != i
    gamma = between @ w / (dimensions - 1)  # equation 2
    return Saliency(float((w + gamma).mean(dtype=np.float64)), float(w.mean(dtype=np.float64)))


def _standardise(columns: npt.NDArray[np.float32]) -> Floats:
    """Return columns with mean 0 and variance 1; a constant column becomes 0, so its correlations are 0."""
    centred = columns - columns.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.square(centred).mean(axis=0))
    varies = deviation > 1e-6 * (1e-6 + np.abs(columns).max(axis=0))
    return np.asarray(centred / np.where(varies, deviation, 1) * varies, np.float32)
