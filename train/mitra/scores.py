"""Tables 1 and 2 of Mitra et al.: CCC of valence, arousal and dominance, UAR and macro-F1, for every system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.evaluation import metrics
from train.evaluation.bootstrap import Interval, bootstrap
from train.evaluation.heard import DIMENSIONS, Heard, Truth
from train.evaluation.score import Scorecard, score


@dataclass(frozen=True)
class SystemScores:
    """How well one system does, in one condition. Ratios, not percent.

    Attributes:
        name: System and condition.
        system: The system alone.
        condition: `clean`, `15 dB`, …
        role: As in `Heard`.
        parameters: Of all that must run.
        multiply_adds: Per second of speech; 0 where not counted.
        card: UAR, macro-F1, n-best, paUAR and the rest, with intervals over speakers.
        ccc: Concordance of valence, arousal and dominance with its interval, where there are any.
        share_ccc: Mean over the classes of the concordance of a class's share with the raters' share.
    """

    name: str
    system: str
    condition: str
    role: str
    parameters: int
    multiply_adds: int
    card: Scorecard
    ccc: dict[str, Interval]
    share_ccc: Interval

    def as_dict(self) -> dict[str, Any]:
        """Return the scores as JSON-ready data."""
        return {**asdict(self), "card": self.card.as_dict()}


def speaker_moments(
    truth: npt.NDArray[Any], predicted: npt.NDArray[Any], speakers: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return the moments of every column for each speaker, sorted by name: float64 [S, columns, 6].

    Args:
        truth: float [clips, columns].
        predicted: The same of a system.
        speakers: Who speaks in each clip.
    """
    names = np.asarray(speakers)
    columns = range(truth.shape[1])
    return np.array(
        [
            [metrics.moments(truth[whose, column], predicted[whose, column]) for column in columns]
            for whose in (names == name for name in np.unique(names))
        ]
    )


def mean_ccc(sums: npt.NDArray[np.float64]) -> Any:
    """Return the mean over columns of the concordance, from sums of moments [..., columns, 6]."""
    return np.mean(metrics.ccc_of_moments(sums), axis=-1)


def score_system(
    truth: Truth,
    one: Heard,
    train_counts: npt.NDArray[np.int64] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> SystemScores:
    """Score one system; `require_same_clips` comes first.

    Args:
        truth: The clips.
        one: What the system made of them.
        train_counts: int64 [classes], clips of each class in training, for the scorecard's trivial predictors.
        resamples: Of the bootstrap over speakers.
        seed: Of the bootstrap.
    """
    card = score(
        truth.truth,
        one.shares,
        truth.speakers,
        truth.labels,
        truth.proof,
        genders=truth.genders,
        train_counts=train_counts,
        speech=truth.speech,
        resamples=resamples,
        seed=seed,
    )
    ccc = {}
    if truth.dimensions is not None and one.dimensions is not None:
        stack = speaker_moments(truth.dimensions, one.dimensions, truth.speakers)
        for column, dimension in enumerate(DIMENSIONS):
            ccc[dimension] = bootstrap(
                stack[:, column], metrics.ccc_of_moments, resamples=resamples, seed=seed
            )
    shares = speaker_moments(truth.targets, one.shares, truth.speakers)
    return SystemScores(
        name=one.name,
        system=one.system,
        condition=one.condition,
        role=one.role,
        parameters=one.parameters,
        multiply_adds=one.multiply_adds,
        card=card,
        ccc=ccc,
        share_ccc=bootstrap(shares, mean_ccc, resamples=resamples, seed=seed),
    )
