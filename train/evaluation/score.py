"""The scorecard: everything that is printed about a classifier, and only with a speaker proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.evaluation import metrics
from train.evaluation.bootstrap import Interval, bootstrap, speaker_confusions
from train.evaluation.leak import AdmittedLeak, ProofOfFolds, SpeakerProof

GUESSES = (1, 2, 3)
PA_UAR_PERCENT = (50, 75)


@dataclass(frozen=True)
class Scorecard:
    """How well a classifier does on speakers that it has never heard. Ratios, not percent.

    Attributes:
        labels: Class names in output order.
        clips: Number of clips scored.
        uar: Unweighted average recall, with its interval over speakers.
        macro_f1: Mean F1, with its interval over speakers.
        accuracy: Share of clips that are right.
        per_class: `clips`, `recall`, `precision` and `f1` of each class.
        confusion: Counts, rows are the truth.
        n_best_uar: UAR when 1, 2 or 3 guesses are allowed.
        pa_uar: For each number of guesses, the share of speakers whose own UAR exceeds 50 and 75 %.
        per_speaker: Each speaker's own UAR.
        gender_gap: UAR of women minus UAR of men, where both are known.
        majority: UAR and macro-F1 of always saying the most frequent class.
        prior: UAR and macro-F1 of guessing with the class priors.
        speech: `real` or `synthetic` speech.
        proof: Hash of the speaker proof.
        warning: `LEAKS SPEAKERS` where there is no proof but the admission that voices were heard; else nothing.
    """

    labels: tuple[str, ...]
    clips: int
    uar: Interval
    macro_f1: Interval
    accuracy: float
    per_class: dict[str, dict[str, float | None]]
    confusion: list[list[int]]
    n_best_uar: dict[str, float]
    pa_uar: dict[str, dict[str, float]]
    per_speaker: dict[str, float]
    gender_gap: float | None
    majority: dict[str, float]
    prior: dict[str, float]
    speech: str
    proof: str
    warning: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the scorecard as JSON-ready data; bundles have always called `speech` `evidence` there."""
        data = asdict(self)
        return data | {"evidence": data.pop("speech")}


def score(
    truth: npt.ArrayLike,
    scores: npt.ArrayLike,
    speakers: Sequence[str],
    labels: Sequence[str],
    proof: SpeakerProof | ProofOfFolds | AdmittedLeak,
    *,
    genders: Sequence[str | None] | None = None,
    train_counts: npt.ArrayLike | None = None,
    speech: str = "real",
    resamples: int = 2000,
    seed: int = 0,
) -> Scorecard:
    """Score a classifier on held-out speakers.

    Args:
        truth: Class indices [n].
        scores: Logits, probabilities or int8 scores, higher is better [n, C].
        speakers: Who speaks in each clip [n].
        labels: Class names in output order [C].
        proof: From `require_disjoint` or a `Split`; must cover every speaker. An `AdmittedLeak` is taken too, and
            marks the scorecard.
        genders: `female`, `male` or None for each clip [n].
        train_counts: Training clips of each class [C], for the majority and prior predictors; where absent,
            the counts of the scored clips are used (which can only flatter those predictors).
        speech: `real` or `synthetic` speech.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.

    Raises:
        SpeakerLeak: A speaker is not covered by the proof.
        ValueError: Lengths differ, there is nothing to score, or scores are not finite.
    """
    proof.cover(speakers)
    rows, table, classes = np.asarray(truth, dtype=np.int64), np.asarray(scores), len(labels)
    if table.shape != (len(rows), classes) or len(speakers) != len(rows) or len(rows) == 0:
        raise ValueError(f"{len(rows)} labels, {len(speakers)} speakers and scores of shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("scores must be finite")
    order, stack = speaker_confusions(rows, table.argmax(axis=1), speakers, classes)
    matrix = stack.sum(axis=0)
    hits = {n: metrics.hits_in_best(rows, table, n) for n in GUESSES}
    own = {n: metrics.per_speaker_uar(rows, hits[n], speakers, classes) for n in GUESSES}
    counts = matrix.sum(axis=1)
    priors = counts if train_counts is None else np.asarray(train_counts)
    return Scorecard(
        labels=tuple(labels),
        clips=len(rows),
        uar=bootstrap(stack, metrics.uar, resamples=resamples, seed=seed),
        macro_f1=bootstrap(stack, metrics.macro_f1, resamples=resamples, seed=seed),
        accuracy=float(metrics.accuracy(matrix)),
        per_class=_per_class(matrix, labels),
        confusion=matrix.tolist(),
        n_best_uar={str(n): metrics.uar_of_hits(rows, hits[n], classes) for n in GUESSES},
        pa_uar={str(n): {str(x): metrics.pa_uar(own[n], x) for x in PA_UAR_PERCENT} for n in GUESSES},
        per_speaker={name: own[1][name] for name in order},
        gender_gap=metrics.gender_gap(rows, hits[1], genders, classes) if genders is not None else None,
        majority=_summary(metrics.majority_confusion(priors, counts)),
        prior=_summary(metrics.prior_confusion(priors, counts)),
        speech=speech,
        proof=proof.hash,
        warning=proof.warning,
    )


def _per_class(matrix: metrics.Matrix, labels: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return clips, recall, precision and F1 of each class; None where a ratio is not defined."""
    recall, f1 = metrics.recalls(matrix), metrics.f1s(matrix)
    precision = metrics.recalls(matrix.T)
    return {
        label: {
            "clips": int(matrix[index].sum()),
            "recall": _known(recall[index]),
            "precision": _known(precision[index]),
            "f1": _known(f1[index]),
        }
        for index, label in enumerate(labels)
    }


def _known(value: float) -> float | None:
    """Return a ratio, None for NaN (which JSON cannot say)."""
    return None if np.isnan(value) else float(value)


def _summary(matrix: metrics.Matrix) -> dict[str, float]:
    """Return UAR and macro-F1 of a predictor."""
    return {"uar": float(metrics.uar(matrix)), "macro_f1": float(metrics.macro_f1(matrix))}
