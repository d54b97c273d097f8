"""Is one system better than another? A test over speakers, who are what a corpus is a sample of.

Clips of one speaker are not independent, and folds share most of their training: so the unit is the speaker, and
each speaker's own UAR under one system is set against the same speaker's under the other. The sign-flip test asks how
often differences of this size come about when either system could as well have been the other; it assumes no
distribution, and with up to 20 speakers all flips are counted. It speaks of speakers like these heard by these trained
networks; how much another training would change is for several seeds to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from train.evaluation import metrics
from train.evaluation.bootstrap import Interval, paired_difference, speaker_confusions
from train.evaluation.heard import Heard, Truth

EXACT_UP_TO = 20
_RANDOM_FLIPS = 100_000


@dataclass(frozen=True)
class Pair:
    """One system against another on the same speakers.

    Attributes:
        first: The one.
        second: The other.
        difference: UAR of the first minus UAR of the second, with the interval over speakers.
        better_for: For how many speakers the first is better.
        worse_for: For how many it is worse.
        speakers: Of how many.
        p: Two-sided p-value of the sign-flip test on the speakers' own UARs.
        p_holm: The same after Holm's correction for all pairs that were tested together.
    """

    first: str
    second: str
    difference: Interval
    better_for: int
    worse_for: int
    speakers: int
    p: float
    p_holm: float

    def as_dict(self) -> dict[str, Any]:
        """Return the pair as JSON-ready data."""
        return asdict(self)


def sign_flip_p(differences: npt.ArrayLike, seed: int = 0) -> float:
    """Return the share of sign flips whose sum is at least as far from zero as the one that was found.

    Args:
        differences: One a speaker.
        seed: Of the random flips, for more than `EXACT_UP_TO` speakers.
    """
    values = np.asarray(differences, dtype=np.float64)
    found = abs(values.sum()) * (1 - 1e-9) - 1e-12
    if len(values) <= EXACT_UP_TO:
        sums = np.zeros(1)
        for value in values:
            sums = np.concatenate([sums + value, sums - value])
        return float((np.abs(sums) >= found).mean())
    rng = np.random.default_rng(seed)
    extreme = 0
    for _ in range(_RANDOM_FLIPS // 1000):
        signs = rng.choice((-1.0, 1.0), size=(1000, len(values)))
        extreme += int((np.abs(signs @ values) >= found).sum())
    return (extreme + 1) / (_RANDOM_FLIPS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979): none grows beyond 1, none falls below a smaller one."""
    order = np.argsort(p_values)
    corrected = np.empty(len(p_values))
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return [float(p) for p in corrected]


def compare_pair(truth: Truth, first: Heard, second: Heard, resamples: int = 2000, seed: int = 0) -> Pair:
    """Return one system against another on the same clips; `p_holm` is `p`, as only one pair is tested."""
    classes = len(truth.labels)
    stacks, own = [], []
    for one in (first, second):
        guesses = one.shares.argmax(axis=1)
        stacks.append(speaker_confusions(truth.truth, guesses, truth.speakers, classes)[1])
        own.append(metrics.per_speaker_uar(truth.truth, guesses == truth.truth, truth.speakers, classes))
    differences = np.array([own[0][name] - own[1][name] for name in own[0]])
    p = sign_flip_p(differences, seed)
    return Pair(
        first=first.name,
        second=second.name,
        difference=paired_difference(stacks[0], stacks[1], metrics.uar, resamples=resamples, seed=seed),
        better_for=int((differences > 1e-12).sum()),
        worse_for=int((differences < -1e-12).sum()),
        speakers=len(differences),
        p=p,
        p_holm=p,
    )


def all_pairs(truth: Truth, systems: Sequence[Heard], resamples: int = 2000, seed: int = 0) -> list[Pair]:
    """Return every system against every later one, p-values corrected for the number of pairs."""
    pairs = [compare_pair(truth, *two, resamples, seed) for two in combinations(systems, 2)]
    corrected = holm([pair.p for pair in pairs])
    return [replace(pair, p_holm=p) for pair, p in zip(pairs, corrected, strict=True)]
