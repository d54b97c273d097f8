"""What raters' votes alone tell, without any sound: how far they agree, and how good a perfect listener could be.

A label hides disagreement; a score against labels has a ceiling that no network can pass honestly. Both can be read
off the votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.record import Clip
from train.evaluation.bootstrap import Interval, bootstrap, speaker_confusions
from train.evaluation.metrics import ccc, majority_confusion, uar

ENTROPY_BINS = 10


@dataclass(frozen=True, eq=False)
class Ballots:
    """The votes of a corpus.

    Attributes:
        corpus: Its name.
        speech: `real` or `synthetic`.
        labels: Class names.
        counts: int64 [clips, classes], how many raters named each class.
        intended: int64 [clips], the class that was meant (acted), or -1.
        speakers: Who speaks in each clip.
    """

    corpus: str
    speech: str
    labels: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    intended: npt.NDArray[np.int64]
    speakers: tuple[str, ...]


@dataclass(frozen=True)
class VoteFacts:
    """What the votes say. Ratios, not percent.

    Attributes:
        corpus: Its name.
        speech: `real` or `synthetic`.
        labels: Class names.
        clips: How many have votes.
        speakers: Of how many speakers.
        raters: Fewest, median and most raters a clip.
        agreement: Mean share of the raters who name the commonest class; the rest is what a consensus throws away.
        unanimous: Share of the clips on which all raters are of one mind.
        tied: Share of the clips whose commonest class is not alone: there is no consensus.
        entropy: Mean entropy of a clip's votes, 0 to 1 (1: all classes alike).
        entropy_histogram: Share of the clips in each tenth of that range.
        kappa: Fleiss' kappa, for numbers of raters that differ between clips.
        heard_as: For each intended class (row), the mean share of votes for each class; None without intentions.
        intended_uar: UAR of a perfect listener, who names the raters' commonest class, against the intention.
        intended_majority: The same of who always names the commonest intended class.
        one_rater_uar: UAR of a single rater, drawn anew for each clip, against the commonest class of the others.
        consensus_ccc: Mean concordance with the votes of a listener who knows the consensus exactly, and no more.
        half_ccc: Mean concordance of one half of the raters with the other: how far votes repeat themselves.
    """

    corpus: str
    speech: str
    labels: tuple[str, ...]
    clips: int
    speakers: int
    raters: tuple[int, float, int]
    agreement: float
    unanimous: float
    tied: float
    entropy: float
    entropy_histogram: tuple[float, ...]
    kappa: float
    heard_as: list[list[float]] | None
    intended_uar: Interval | None
    intended_majority: float | None
    one_rater_uar: Interval
    consensus_ccc: float
    half_ccc: float

    def as_dict(self) -> dict[str, Any]:
        """Return the facts as JSON-ready data."""
        return asdict(self)


def ballots_of(
    corpus: str, speech: str, labels: Sequence[str], clips: Sequence[Clip], acted: bool = True
) -> Ballots:
    """Return the votes of those clips that have any and say how many raters cast them.

    Args:
        corpus: Name of the corpus.
        speech: `real` or `synthetic`.
        labels: Class names; votes for others do not count.
        clips: The clips, with sound or without.
        acted: Whether a clip's label is what was meant, not what was heard.

    Raises:
        CorpusInvalid: No clip has votes of at least two raters.
    """
    rows, intended, speakers = [], [], []
    for clip in clips:
        shares = dict(clip.votes or ())
        counts = [round(shares.get(label, 0.0) * (clip.raters or 0)) for label in labels]
        if sum(counts) < 2:
            continue
        rows.append(counts)
        intended.append(labels.index(clip.label) if acted and clip.label in labels else -1)
        speakers.append(clip.speaker)
    if not rows:
        raise CorpusInvalid(
            f"{corpus} has no votes of several raters", "use a corpus with votes: crema_d, synthetic_raters"
        )
    return Ballots(
        corpus, speech, tuple(labels), np.array(rows, np.int64), np.array(intended, np.int64), tuple(speakers)
    )


def vote_facts(ballots: Ballots, resamples: int = 2000, seed: int = 0) -> VoteFacts:
    """Return what the votes say; draws of raters and of speakers go by `seed`."""
    counts = ballots.counts
    cast = counts.sum(axis=1)
    shares = counts / cast[:, None]
    top = counts.max(axis=1)
    entropy = _entropy(shares)
    consensus = np.eye(len(ballots.labels))[counts.argmax(axis=1)]
    rng = np.random.default_rng(seed)
    drawn, others = _one_and_others(counts, rng)
    first, second = _halves(counts, rng)
    heard_as, reached, majority = _against_intention(ballots, resamples, seed)
    return VoteFacts(
        corpus=ballots.corpus,
        speech=ballots.speech,
        labels=ballots.labels,
        clips=len(counts),
        speakers=len(set(ballots.speakers)),
        raters=(int(cast.min()), float(np.median(cast)), int(cast.max())),
        agreement=float((top / cast).mean()),
        unanimous=float((top == cast).mean()),
        tied=float(((counts == top[:, None]).sum(axis=1) > 1).mean()),
        entropy=float(entropy.mean()),
        entropy_histogram=_histogram(entropy),
        kappa=fleiss_kappa(counts),
        heard_as=heard_as,
        intended_uar=reached,
        intended_majority=majority,
        one_rater_uar=_uar(others, drawn, ballots, resamples, seed),
        consensus_ccc=_mean_ccc(shares, consensus),
        half_ccc=_mean_ccc(first, second),
    )


def fleiss_kappa(counts: npt.NDArray[np.int64]) -> float:
    """Return Fleiss' kappa (1971) of counts [clips, classes]; clips may have different numbers of raters, at least 2.

    A clip's agreement is the share of pairs of its raters who agree; chance is that of two votes drawn from all.
    """
    cast = counts.sum(axis=1)
    agreeing = ((counts * (counts - 1)).sum(axis=1) / (cast * (cast - 1))).mean()
    chance = float(np.square(counts.sum(axis=0) / counts.sum()).sum())
    return float((agreeing - chance) / (1.0 - chance)) if chance < 1.0 else 1.0


def _entropy(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each row's entropy relative to that of equal shares."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return np.asarray(-(shares * logs).sum(axis=1) / np.log(shares.shape[1]))


def _histogram(entropy: npt.NDArray[np.float64]) -> tuple[float, ...]:
    found = np.histogram(np.clip(entropy, 0, 1), bins=ENTROPY_BINS, range=(0, 1))[0] / len(entropy)
    return tuple(float(share) for share in found)


def _one_and_others(
    counts: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the class that a drawn rater names, and the commonest of the others (drawn among equals), both [clips]."""
    steps = counts.cumsum(axis=1)
    ticket = rng.integers(0, steps[:, -1])
    drawn = (ticket[:, None] >= steps).sum(axis=1)
    rest = counts.astype(np.float64)
    rest[np.arange(len(counts)), drawn] -= 1
    return drawn, (rest + rng.uniform(0, 0.5, rest.shape)).argmax(axis=1)


def _halves(
    counts: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the shares of two halves of each clip's raters; of an odd number one is left out."""
    half = counts.sum(axis=1) // 2
    first = np.stack([rng.multivariate_hypergeometric(row, n) for row, n in zip(counts, half, strict=True)])
    second = np.stack(
        [rng.multivariate_hypergeometric(row, n) for row, n in zip(counts - first, half, strict=True)]
    )
    return first / half[:, None], second / half[:, None]


def _mean_ccc(truth: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    return float(np.mean([ccc(*columns) for columns in zip(truth.T, other.T, strict=True)]))


def _uar(
    truth: npt.NDArray[np.int64],
    guesses: npt.NDArray[np.int64],
    ballots: Ballots,
    resamples: int,
    seed: int,
    rows: npt.NDArray[np.bool_] | slice = slice(None),
) -> Interval:
    speakers = np.array(ballots.speakers)[rows].tolist()
    _, stack = speaker_confusions(truth, guesses, speakers, len(ballots.labels))
    return bootstrap(stack, uar, resamples=resamples, seed=seed)


def _against_intention(
    ballots: Ballots, resamples: int, seed: int
) -> tuple[list[list[float]] | None, Interval | None, float | None]:
    """Return `heard_as`, `intended_uar` and `intended_majority`."""
    known = ballots.intended >= 0
    if not known.any():
        return None, None, None
    intended, counts = ballots.intended[known], ballots.counts[known]
    shares = counts / counts.sum(axis=1, keepdims=True)
    table = [
        shares[intended == index].mean(axis=0).tolist()
        if (intended == index).any()
        else [0.0] * len(ballots.labels)
        for index in range(len(ballots.labels))
    ]
    # Where two classes are equally common, each is named half of the time: a coin by `seed`.
    coin = np.random.default_rng(seed).uniform(0, 0.5, counts.shape)
    reached = _uar(intended, (counts + coin).argmax(axis=1), ballots, resamples, seed, known)
    frequencies = np.bincount(intended, minlength=len(ballots.labels))
    return table, reached, float(uar(majority_confusion(frequencies, frequencies)))
