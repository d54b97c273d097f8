"""Confidence intervals over speakers: the speakers of a test are a sample, its clips are not independent.

Speakers are drawn with replacement and their confusion matrices added up. With fewer than about ten
speakers a percentile interval is too narrow: print the number of speakers beside it.
By hand, because `scipy.stats.bootstrap` draws observations one by one and knows no clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.evaluation.metrics import Matrix, confusion

Metric = Callable[[Matrix], Any]


@dataclass(frozen=True)
class Interval:
    """A value with its percentile interval.

    Attributes:
        value: The statistic over all speakers.
        low: Lower end.
        high: Upper end.
        level: Coverage aimed at, 0.95 for 95 %.
        speakers: How many speakers were resampled.
    """

    value: float
    low: float
    high: float
    level: float
    speakers: int

    def as_dict(self) -> dict[str, float]:
        """Return the interval as JSON-ready data."""
        return asdict(self)

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside the interval (for a difference: zero means no proof)."""
        return not self.low <= value <= self.high


def speaker_confusions(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, speakers: Sequence[str], classes: int
) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the speakers, sorted, and one confusion matrix for each: int64 [S, C, C]."""
    rows, columns, names = np.asarray(truth), np.asarray(predicted), np.asarray(speakers)
    order = tuple(str(name) for name in np.unique(names))
    stack = [confusion(rows[names == name], columns[names == name], classes) for name in order]
    return order, np.array(stack, dtype=np.int64).reshape(len(order), classes, classes)


def bootstrap(
    matrices: Matrix, metric: Metric, *, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Return a metric with its percentile interval over speakers.

    Args:
        matrices: One confusion matrix for each speaker [S, C, C].
        metric: Takes confusion matrices [..., C, C], for instance `metrics.uar`.
        resamples: How many times the speakers are drawn.
        seed: The same seed gives the same interval.
        level: Coverage.
    """
    draws = _draws(len(matrices), resamples, seed)
    values = np.asarray(metric(np.tensordot(draws, matrices, axes=1)), dtype=np.float64)
    return _interval(float(metric(matrices.sum(axis=0))), values, level, len(matrices))


def paired_difference(
    first: Matrix,
    second: Matrix,
    metric: Metric,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return metric(first) - metric(second) with its interval, both on the same drawn speakers.

    Args:
        first: Confusion matrices of one system [S, C, C].
        second: Those of another system for the same speakers in the same order [S, C, C].
        metric: Takes confusion matrices [..., C, C].
        resamples: How many times the speakers are drawn.
        seed: The same seed gives the same interval.
        level: Coverage.

    Raises:
        ValueError: The two systems were not scored on the same clips.
    """
    if first.shape != second.shape or not np.array_equal(first.sum(axis=-1), second.sum(axis=-1)):
        raise ValueError("the two systems were not scored on the same clips of the same speakers")
    draws = _draws(len(first), resamples, seed)
    return _difference(((first, draws), (second, draws)), metric, level, len(first))


def unpaired_difference(
    first: Matrix,
    second: Matrix,
    metric: Metric,
    *,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return metric(first) - metric(second) with its interval, for two groups of different speakers.

    Args:
        first: One matrix for each speaker of one group [S, ...].
        second: The same for the other group.
        metric: Takes sums of such matrices.
        resamples: How many times the speakers of each group are drawn.
        seed: The same seed gives the same interval.
        level: Coverage.
    """
    groups = (
        (first, _draws(len(first), resamples, seed)),
        (second, _draws(len(second), resamples, seed + 1)),
    )
    return _difference(groups, metric, level, len(first) + len(second))


def _difference(
    groups: tuple[tuple[Matrix, npt.NDArray[np.int64]], tuple[Matrix, npt.NDArray[np.int64]]],
    metric: Metric,
    level: float,
    speakers: int,
) -> Interval:
    """Return metric(first) - metric(second) with its interval, each over its own draws of its speakers."""
    one, two = (np.asarray(metric(np.tensordot(draws, stack, axes=1))) for stack, draws in groups)
    value = float(metric(groups[0][0].sum(axis=0)) - metric(groups[1][0].sum(axis=0)))
    return _interval(value, one - two, level, speakers)


def _draws(speakers: int, resamples: int, seed: int) -> npt.NDArray[np.int64]:
    """Return how often each speaker is in each resample, int64 [resamples, S]."""
    if speakers < 1:
        raise ValueError("no speakers to resample")
    chances = np.full(speakers, 1.0 / speakers)
    return np.random.default_rng(seed).multinomial(speakers, chances, size=resamples)


def _interval(value: float, values: npt.NDArray[np.float64], level: float, speakers: int) -> Interval:
    """Return the percentile interval of the resampled values."""
    tail = 50.0 * (1.0 - level)
    low, high = np.nanpercentile(values, [tail, 100.0 - tail])
    return Interval(value, float(low), float(high), level, speakers)
