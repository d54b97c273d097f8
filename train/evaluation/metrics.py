"""Figures of merit. All class metrics are functions of the confusion matrix, whose rows are the truth.

Confusion matrices of single speakers add up to that of the whole, so each function also takes a stack of
matrices [..., C, C] and works along the leading axes: the bootstrap relies on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[Any]


def confusion(truth: npt.ArrayLike, predicted: npt.ArrayLike, classes: int) -> npt.NDArray[np.int64]:
    """Return how often class i (row) was taken for class j (column), int64 [C, C].

    Args:
        truth: Class indices [n].
        predicted: Class indices [n].
        classes: Number of classes C.

    Raises:
        ValueError: The lengths differ or an index is outside 0 to C-1.
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if rows.shape != columns.shape or rows.ndim != 1:
        raise ValueError(f"truth has shape {rows.shape}, predictions {columns.shape}")
    if len(rows) and not (0 <= min(rows.min(), columns.min()) <= max(rows.max(), columns.max()) < classes):
        raise ValueError(f"class indices must be 0 to {classes - 1}")
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (rows, columns), 1)
    return matrix


def recalls(matrix: Matrix) -> Floats:
    """Return each class's recall [..., C]; NaN for a class without clips."""
    return _ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1))


def f1s(matrix: Matrix) -> Floats:
    """Return each class's F1 [..., C] = 2 TP / (clips + predictions); NaN where neither said nor true."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return _ratio(2 * hits, matrix.sum(axis=-1) + matrix.sum(axis=-2))


def uar(matrix: Matrix) -> Any:
    """Return the unweighted average recall over the classes that have clips (balanced accuracy)."""
    return _mean_of_known(recalls(matrix))


def macro_f1(matrix: Matrix) -> Any:
    """Return the mean F1 over the classes that were said or true (scikit-learn's `average="macro"`)."""
    return _mean_of_known(f1s(matrix))


def accuracy(matrix: Matrix) -> Any:
    """Return the share of clips that are right."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).sum(axis=-1)
    return _ratio(hits, matrix.sum(axis=(-2, -1)))[()]


def hits_in_best(truth: npt.ArrayLike, scores: npt.ArrayLike, n: int) -> npt.NDArray[np.bool_]:
    """Return whether the true class is among the n highest scores of each clip, bool [clips].

    Equal scores (frequent in int8) rank by class index, as argmax does.

    Args:
        truth: Class indices [clips].
        scores: Scores of any kind, higher is better [clips, C].
        n: How many guesses are allowed.
    """
    rows = np.asarray(truth, dtype=np.int64)
    table = np.asarray(scores)
    own = table[np.arange(len(rows)), rows][:, None]
    index = np.arange(table.shape[1])[None, :]
    ahead = (table > own) | ((table == own) & (index < rows[:, None]))
    found: npt.NDArray[np.bool_] = ahead.sum(axis=1) < n
    return found


def uar_of_hits(truth: npt.ArrayLike, hits: npt.ArrayLike, classes: int) -> float:
    """Return the average over classes of the share of clips that were hit (n-best UAR)."""
    rows = np.asarray(truth, dtype=np.int64)
    clips = np.bincount(rows, minlength=classes)
    right = np.bincount(rows, weights=np.asarray(hits, dtype=np.float64), minlength=classes)
    return float(_mean_of_known(_ratio(right, clips)))


def per_speaker_uar(
    truth: npt.ArrayLike, hits: npt.ArrayLike, speakers: Sequence[str], classes: int
) -> dict[str, float]:
    """Return each speaker's own UAR, over the classes that the speaker has clips of, by speaker name."""
    rows, right, names = np.asarray(truth), np.asarray(hits), np.asarray(speakers)
    return {
        str(name): uar_of_hits(rows[names == name], right[names == name], classes)
        for name in np.unique(names)
    }


def pa_uar(per_speaker: Mapping[str, float], percent: float) -> float:
    """Return paUAR-X: the share of speakers whose own UAR exceeds X % (Mitra et al., arXiv 2503.22711)."""
    if not per_speaker:
        return float("nan")
    return sum(value > percent / 100.0 for value in per_speaker.values()) / len(per_speaker)


def ccc(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Return the concordance correlation coefficient 2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2) (Lin 1989).

    Variances are those of the population (divided by n). Two equal constants agree perfectly: 1.0.
    """
    x, y = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    spread = x.var() + y.var() + (x.mean() - y.mean()) ** 2
    if spread == 0.0:
        return 1.0
    return float(2.0 * ((x - x.mean()) * (y - y.mean())).mean() / spread)


def moments(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> Floats:
    """Return what CCC needs of some clips and what adds up over speakers: n and the sums of x, y, x^2, y^2, x y [6]."""
    x, y = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    return np.array([len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y])


def ccc_of_moments(sums: Floats) -> Any:
    """Return `ccc` from sums of `moments` [..., 6]; 1.0 where both are the same constant, as there."""
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    mean_x, mean_y = x / n, y / n
    spread = xx / n - mean_x**2 + yy / n - mean_y**2 + (mean_x - mean_y) ** 2
    shared = 2.0 * (xy / n - mean_x * mean_y)
    # Sums of squares lose digits: what is left of a spread of nothing is no spread.
    varies = spread > 1e-12 * (xx + yy) / n
    return np.where(varies, shared / np.where(varies, spread, 1.0), 1.0)[()]


def majority_confusion(train_counts: npt.ArrayLike, test_counts: npt.ArrayLike) -> Floats:
    """Return the confusion matrix of always saying the most frequent training class [C, C]."""
    matrix = np.zeros((len(np.asarray(test_counts)),) * 2)
    matrix[:, int(np.argmax(np.asarray(train_counts)))] = np.asarray(test_counts)
    return matrix


def prior_confusion(train_counts: npt.ArrayLike, test_counts: npt.ArrayLike) -> Floats:
    """Return the expected confusion matrix of guessing with the training priors [C, C]."""
    train = np.asarray(train_counts, dtype=np.float64)
    return np.outer(np.asarray(test_counts, dtype=np.float64), train / train.sum())


def gender_gap(
    truth: npt.ArrayLike, hits: npt.ArrayLike, genders: Sequence[str | None], classes: int
) -> float | None:
    """Return UAR of women minus UAR of men, or None where one of them is not in the clips."""
    rows, right = np.asarray(truth), np.asarray(hits)
    female, male = (
        np.array([gender == name for gender in genders], dtype=bool) for name in ("female", "male")
    )
    if not female.any() or not male.any():
        return None
    women, men = (uar_of_hits(rows[who], right[who], classes) for who in (female, male))
    return women - men


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part / whole, NaN where whole is zero."""
    above, below = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)


def _mean_of_known(values: Floats) -> Any:
    """Return the mean along the last axis without its NaNs; NaN where nothing is known."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))[()]
