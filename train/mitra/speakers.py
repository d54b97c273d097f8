"""Tables 3 and 4 of Mitra et al.: how many speakers are served well, and whether it is those who show all emotions.

paUAR-X is the share of speakers whose own UAR exceeds X %; the curve takes every X. A speaker's emotions are uneven
where few of the classes make up most of his clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from train.evaluation import metrics
from train.evaluation.heard import Heard, Truth
from train.evaluation.score import GUESSES, PA_UAR_PERCENT

CURVE_PERCENT = tuple(range(0, 101, 5))


@dataclass(frozen=True)
class Person:
    """One speaker.

    Attributes:
        clips: How many of his clips were scored.
        unevenness: 1 - H / ln C of his clips' classes, C being the corpus's classes: 0 where he shows all alike,
            1 where he shows one alone.
        uar: His own UAR when 1, 2 or 3 guesses are allowed, over the classes that he shows.
    """

    clips: int
    unevenness: float
    uar: dict[str, float]


@dataclass(frozen=True)
class SpeakerTable:
    """How one system serves the speakers.

    Attributes:
        pa_uar: For each number of guesses, paUAR-50 and paUAR-75.
        curve: For each number of guesses, paUAR-X for every X of `CURVE_PERCENT`.
        people: Every speaker.
        correlation: Spearman's, over speakers, of unevenness with the UAR of one guess; None where one is constant.
        correlation_p: Its two-sided p-value.
    """

    pa_uar: dict[str, dict[str, float]]
    curve: dict[str, tuple[float, ...]]
    people: dict[str, Person]
    correlation: float | None
    correlation_p: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready data."""
        return {**asdict(self), "curve_percent": list(CURVE_PERCENT)}


def unevenness(counts: np.ndarray[Any, np.dtype[Any]]) -> float:
    """Return 1 - H / ln C of class counts [C], C at least 2: 0 for equal ones, 1 where all is one class."""
    shares = counts[counts > 0] / counts.sum()
    return float(1.0 + (shares * np.log(shares)).sum() / np.log(len(counts)))


def pa_uar_curve(own: Mapping[str, float]) -> tuple[float, ...]:
    """Return paUAR-X for every X of `CURVE_PERCENT` from each speaker's own UAR."""
    return tuple(metrics.pa_uar(own, percent) for percent in CURVE_PERCENT)


def by_speaker(truth: Truth, one: Heard) -> SpeakerTable:
    """Return how one system serves each speaker."""
    classes = len(truth.labels)
    hits = {n: metrics.hits_in_best(truth.truth, one.shares, n) for n in GUESSES}
    own = {n: metrics.per_speaker_uar(truth.truth, hits[n], truth.speakers, classes) for n in GUESSES}
    names = np.array(truth.speakers)
    people = {}
    for name in own[1]:
        counts = np.bincount(truth.truth[names == name], minlength=classes)
        people[name] = Person(int(counts.sum()), unevenness(counts), {str(n): own[n][name] for n in GUESSES})
    correlation, p = _rank_correlation(
        [each.unevenness for each in people.values()], [each.uar["1"] for each in people.values()]
    )
    return SpeakerTable(
        pa_uar={str(n): {str(x): metrics.pa_uar(own[n], x) for x in PA_UAR_PERCENT} for n in GUESSES},
        curve={str(n): pa_uar_curve(own[n]) for n in GUESSES},
        people=people,
        correlation=correlation,
        correlation_p=p,
    )


def _rank_correlation(first: list[float], second: list[float]) -> tuple[float | None, float | None]:
    """Return Spearman's correlation and its p-value; nothing where one side hardly varies or speakers are few."""
    from scipy.stats import spearmanr

    if len(first) < 3 or np.ptp(first) < 1e-9 or np.ptp(second) < 1e-9:
        return None, None
    found = spearmanr(first, second)
    return float(found.statistic), float(found.pvalue)
