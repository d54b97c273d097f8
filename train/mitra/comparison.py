"""All tables of Mitra et al. for some systems on one corpus, in one structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting
from train.evaluation.heard import CLEAN, Heard, Truth, require_same_clips
from train.mitra.conditions import Loss, noise_losses
from train.mitra.genders import GenderTable, by_gender
from train.mitra.guesses import GuessTable, first_and_second
from train.mitra.layers import LayerPair, chosen_against_last
from train.mitra.paired import Pair, all_pairs
from train.mitra.scores import SystemScores, score_system
from train.mitra.speakers import SpeakerTable, by_speaker
from train.mitra.trivial import trivial

FILTERBANK = "filterbank"


@dataclass(frozen=True)
class Comparison:
    """Everything that can be read off what systems made of a corpus.

    Attributes:
        corpus: Its name.
        speech: `real` or `synthetic`.
        warning: `LEAKS SPEAKERS`, or nothing.
        proof: Hash of the proofs of all folds.
        clips: How many.
        speakers: Of how many speakers.
        folds: In how many folds they were left out.
        labels: Class names.
        raters: Whether the targets are several people's votes.
        scores: Of every system, and of the trivial one at the end.
        people: How each system serves the speakers, clean speech only, by name; the trivial one too.
        genders: Women against men, clean speech only; nothing where the corpus does not have both.
        guesses: First and second guesses, clean speech only.
        pairs: Clean systems against each other, over speakers.
        losses: What noise costs.
        layers: Chosen layers against the last one.
    """

    corpus: str
    speech: str
    warning: str
    proof: str
    clips: int
    speakers: int
    folds: int
    labels: tuple[str, ...]
    raters: bool
    scores: tuple[SystemScores, ...]
    people: dict[str, SpeakerTable]
    genders: dict[str, GenderTable]
    guesses: dict[str, GuessTable]
    pairs: tuple[Pair, ...]
    losses: tuple[Loss, ...]
    layers: tuple[LayerPair, ...]

    @property
    def trivial(self) -> SystemScores:
        """The scores of who hears nothing."""
        return self.scores[-1]

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data."""
        plain = {
            name: getattr(self, name)
            for name in ("corpus", "speech", "warning", "proof", "clips", "speakers", "folds", "raters")
        }
        lists = {
            name: [one.as_dict() for one in getattr(self, name)]
            for name in ("scores", "pairs", "losses", "layers")
        }
        tables = {
            name: {system: table.as_dict() for system, table in getattr(self, name).items()}
            for name in ("people", "genders", "guesses")
        }
        return {**plain, "labels": list(self.labels), **lists, **tables}


def compare(
    truth: Truth,
    systems: Sequence[Heard],
    train_counts: npt.NDArray[np.int64] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Return all tables. The trivial system is added; filterbank and pitch must be among the systems.

    Args:
        truth: The clips.
        systems: What each made of them, in each condition.
        train_counts: int64 [classes], clips of each class in training, where there are no folds to count in.
        resamples: Of every bootstrap over speakers.
        seed: Of every bootstrap.

    Raises:
        SpeakerLeak: A clip's speaker was heard in its fold.
        InvalidSetting: Systems that do not fit the clips, or none that hears filterbank and pitch.
    """
    require_same_clips(truth, systems)
    if not any(one.role == FILTERBANK and one.condition == CLEAN for one in systems):
        raise InvalidSetting(
            "no system that hears filterbank and pitch alone",
            "add the comparison row: train.mitra.filterbank.filterbank_rows",
        )
    nothing = trivial(truth, systems[0].folds, train_counts)
    clean = [one for one in systems if one.condition == CLEAN]
    tables = {one.name: by_gender(truth, one, resamples, seed) for one in (*clean, nothing)}
    return Comparison(
        corpus=truth.corpus,
        speech=truth.speech,
        warning=truth.warning,
        proof=truth.proof.hash,
        clips=truth.clips,
        speakers=len(set(truth.speakers)),
        folds=len(np.unique(systems[0].folds)),
        labels=truth.labels,
        raters=truth.raters,
        scores=tuple(score_system(truth, one, train_counts, resamples, seed) for one in (*systems, nothing)),
        people={one.name: by_speaker(truth, one) for one in (*clean, nothing)},
        genders={name: table for name, table in tables.items() if table is not None},
        guesses={one.name: first_and_second(truth, one) for one in clean},
        pairs=tuple(all_pairs(truth, clean, resamples, seed)),
        losses=tuple(noise_losses(truth, systems, resamples, seed)),
        layers=tuple(chosen_against_last(truth, systems, resamples, seed)),
    )
