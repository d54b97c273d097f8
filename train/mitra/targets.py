"""Votes or consensus? Mitra et al.'s main claim: targets that keep the raters' disagreement teach more than one label.

Two regressions on the same inputs and folds, one on the raters' distribution and one on the consensus alone; all
differences are paired over speakers. Both are scored in both ways: by the consensus, and by the distribution.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting
from train.evaluation import metrics
from train.evaluation.bootstrap import Interval, bootstrap
from train.evaluation.heard import CLEAN, Heard, Truth, require_same_clips
from train.evaluation.score import Scorecard
from train.mitra.paired import Pair, compare_pair
from train.mitra.probe import Floats, Rows, fit_shares, parameters_of
from train.mitra.scores import mean_ccc, score_system, speaker_moments

Targets = Literal["votes", "consensus"]
INVERSE_PENALTIES = (0.001, 0.01, 0.1, 1.0)  # scikit-learn's C, that the choice is among
_LEAST_SHARE = (
    1e-4  # what a share counts at least in the divergence: a class ruled out costs much, not infinity
)


@dataclass(frozen=True)
class TargetScores:
    """How well training on one kind of target does.

    Attributes:
        card: By the consensus: UAR and the rest.
        share_ccc: By the distribution: mean concordance of the classes' shares.
        divergence: By the distribution: mean Kullback-Leibler divergence from the votes to the shares, in nats.
    """

    card: Scorecard
    share_ccc: Interval
    divergence: Interval


@dataclass(frozen=True)
class TargetComparison:
    """Votes against consensus.

    Attributes:
        corpus: Which corpus.
        speech: `real` or `synthetic`.
        warning: `LEAKS SPEAKERS`, or nothing.
        inputs: What the regressions heard.
        clips: How many clips.
        split_clips: On how many of them the raters were not of one mind.
        scores: Of each kind of target.
        uar: UAR of votes minus that of consensus, tested over speakers.
        share_ccc: The same difference of `share_ccc`.
        divergence: The same difference of `divergence`: below zero, votes are better.
    """

    corpus: str
    speech: str
    warning: str
    inputs: str
    clips: int
    split_clips: int
    scores: dict[str, TargetScores]
    uar: Pair
    share_ccc: Interval
    divergence: Interval

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data."""
        scores = {name: {**asdict(one), "card": one.card.as_dict()} for name, one in self.scores.items()}
        return {**asdict(self), "scores": scores}


def targets_for(truth: Truth, kind: Targets) -> Floats:
    """Return float32 [clips, classes]: the raters' distribution, or one-hot of the consensus."""
    if kind == "votes":
        return truth.targets
    return np.eye(len(truth.labels), dtype=np.float32)[truth.truth]


def train_on(
    truth: Truth, folds: npt.NDArray[np.int64], inputs: Floats, kind: Targets, seed: int = 0
) -> Heard:
    """Return a regression on one kind of target as a system, every clip out of fold.

    Votes are flatter than one label and bear less penalty, so each kind gets the penalty that suits it: in each fold
    the one with the least cross-entropy on the next fold, whose speakers the choice has not been fitted to either.

    Args:
        truth: Clips with raters.
        folds: int64 [clips], where each is unseen; at least three.
        inputs: float32 [clips, dimensions].
        kind: `votes` or `consensus`.
        seed: Of the regression.

    Raises:
        InvalidSetting: Fewer than three folds.
    """
    targets, numbers = targets_for(truth, kind), np.unique(folds)
    if len(numbers) < 3:
        raise InvalidSetting(
            f"{len(numbers)} folds", "use at least 3: one to score, one to choose on, one to fit"
        )
    shares = np.empty(targets.shape, np.float32)
    for place, fold in enumerate(numbers):
        unseen, choosing = folds == fold, folds == numbers[(place + 1) % len(numbers)]
        losses = [
            _cross_entropy(targets[choosing], _fit(inputs, targets, ~(unseen | choosing), choosing, c, seed))
            for c in INVERSE_PENALTIES
        ]
        best = INVERSE_PENALTIES[int(np.argmin(losses))]
        shares[unseen] = _fit(inputs, targets, ~unseen, unseen, best, seed)
    weights = parameters_of(inputs.shape[1], shares.shape[1])
    return Heard(f"trained on {kind}", CLEAN, shares, None, folds, weights, 0, "other")


def _fit(
    inputs: Floats, targets: Floats, heard: Rows, asked: Rows, inverse_penalty: float, seed: int
) -> Floats:
    return fit_shares(inputs, targets, heard, inputs[asked], seed, inverse_penalty, balanced=False)


def _cross_entropy(targets: Floats, shares: Floats) -> float:
    """Return the mean cross-entropy of shares for targets, in nats."""
    return float(-(targets * np.log(np.maximum(shares, _LEAST_SHARE))).sum(axis=1).mean())


def compare_targets(
    truth: Truth, votes: Heard, consensus: Heard, inputs: str, resamples: int = 2000, seed: int = 0
) -> TargetComparison:
    """Return two systems against each other that differ in their targets alone.

    Args:
        truth: The clips.
        votes: Trained on the raters' distribution.
        consensus: Trained on the consensus.
        inputs: What both heard, in words.
        resamples: Of every bootstrap over speakers.
        seed: Of every bootstrap.

    Raises:
        CorpusInvalid: The corpus has no raters.
        SpeakerLeak: A speaker was heard in the fold that scores him.
    """
    require_same_clips(truth, [votes, consensus])
    if not truth.raters:
        raise CorpusInvalid(
            f"{truth.corpus} has one label a clip and no raters' votes",
            "use a corpus with votes: synthetic_raters, crema_d, msp_podcast",
        )
    both = (votes, consensus)
    moments = np.stack([speaker_moments(truth.targets, one.shares, truth.speakers) for one in both], axis=1)
    lost = np.stack([_divergences(truth, one) for one in both], axis=1)
    options = {"resamples": resamples, "seed": seed}
    scores = {}
    for place, (name, one) in enumerate(zip(("votes", "consensus"), both, strict=True)):
        found = score_system(truth, one, None, resamples, seed)
        scores[name] = TargetScores(found.card, found.share_ccc, bootstrap(lost[:, place], _mean, **options))
    return TargetComparison(
        corpus=truth.corpus,
        speech=truth.speech,
        warning=truth.warning,
        inputs=inputs,
        clips=truth.clips,
        split_clips=int((truth.targets.max(axis=1) < 1.0 - 1e-6).sum()),
        scores=scores,
        uar=compare_pair(truth, votes, consensus, resamples, seed),
        share_ccc=bootstrap(moments, lambda sums: _difference(mean_ccc(sums)), **options),
        divergence=bootstrap(lost, lambda sums: _difference(_mean(sums)), **options),
    )


def _divergences(truth: Truth, one: Heard) -> npt.NDArray[np.float64]:
    """Return sum and number of the clips' divergences for each speaker, sorted by name: float64 [S, 2]."""
    votes = truth.targets.astype(np.float64)
    shares = np.maximum(one.shares.astype(np.float64), _LEAST_SHARE)
    shares /= shares.sum(axis=1, keepdims=True)
    ratio = np.where(votes > 0, votes, 1.0) / shares
    each = (votes * np.log(ratio)).sum(axis=1)
    names = np.array(truth.speakers)
    return np.array([[each[names == name].sum(), (names == name).sum()] for name in np.unique(names)])


def _mean(sums: metrics.Matrix) -> Any:
    """Return sum over number [..., 2]."""
    return sums[..., 0] / sums[..., 1]


def _difference(pairs: metrics.Matrix) -> Any:
    """Return the first minus the second [..., 2]."""
    return pairs[..., 0] - pairs[..., 1]
