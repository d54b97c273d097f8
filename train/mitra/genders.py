"""Table 6 of Mitra et al.: women against men, by UAR and by the share of speakers above a threshold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from train.evaluation import metrics
from train.evaluation.bootstrap import Interval, bootstrap, speaker_confusions, unpaired_difference
from train.evaluation.heard import Heard, Truth
from train.evaluation.score import PA_UAR_PERCENT
from train.mitra.speakers import pa_uar_curve

WOMEN, MEN = "female", "male"


@dataclass(frozen=True)
class Group:
    """The speakers of one gender.

    Attributes:
        speakers: How many.
        clips: How many clips of them.
        uar: UAR with its interval over these speakers.
        pa_uar: paUAR-50 and paUAR-75 with one guess.
        curve: paUAR-X for every X of `speakers.CURVE_PERCENT`.
    """

    speakers: int
    clips: int
    uar: Interval
    pa_uar: dict[str, float]
    curve: tuple[float, ...]


@dataclass(frozen=True)
class GenderTable:
    """Women against men.

    Attributes:
        groups: `female` and `male`.
        difference: UAR of women minus UAR of men; the interval draws the speakers of both anew.
        p: Two-sided p-value of the speakers' own UARs, Mann and Whitney's test.
    """

    groups: dict[str, Group]
    difference: Interval
    p: float

    def as_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready data."""
        return asdict(self)


def by_gender(truth: Truth, one: Heard, resamples: int = 2000, seed: int = 0) -> GenderTable | None:
    """Return how one system serves women and men; None where the corpus does not have both."""
    from scipy.stats import mannwhitneyu

    genders, names = np.array([str(gender) for gender in truth.genders]), np.array(truth.speakers)
    if not {WOMEN, MEN} <= set(genders.tolist()):
        return None
    guesses, classes = one.shares.argmax(axis=1), len(truth.labels)
    groups, stacks, own = {}, {}, {}
    for gender in (WOMEN, MEN):
        whose = genders == gender
        speakers = names[whose].tolist()
        rows, hits = truth.truth[whose], guesses[whose] == truth.truth[whose]
        _, stacks[gender] = speaker_confusions(rows, guesses[whose], speakers, classes)
        own[gender] = metrics.per_speaker_uar(rows, hits, speakers, classes)
        groups[gender] = Group(
            speakers=len(own[gender]),
            clips=int(whose.sum()),
            uar=bootstrap(stacks[gender], metrics.uar, resamples=resamples, seed=seed),
            pa_uar={str(x): metrics.pa_uar(own[gender], x) for x in PA_UAR_PERCENT},
            curve=pa_uar_curve(own[gender]),
        )
    difference = unpaired_difference(stacks[WOMEN], stacks[MEN], metrics.uar, resamples=resamples, seed=seed)
    p = mannwhitneyu(list(own[WOMEN].values()), list(own[MEN].values())).pvalue
    return GenderTable(groups, difference, float(p))
