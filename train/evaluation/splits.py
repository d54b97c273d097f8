"""Splits by speaker, hashed: who was trained on, who was selected on, who is reported."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting
from firmware_bridge.base.progress import note
from train.evaluation.leak import SpeakerProof, require_disjoint

Amount = float | int | Sequence[str]


class Spoken(Protocol):
    """What a split needs to know about a clip."""

    @property
    def speaker(self) -> str:
        """Who speaks."""

    @property
    def label(self) -> str | None:
        """The class."""

    @property
    def gender(self) -> str | None:
        """`female`, `male` or None."""


AnyClip = TypeVar("AnyClip", bound=Spoken)


@dataclass(frozen=True)
class Split:
    """Speakers of the three parts, each sorted. Making one checks that they are disjoint.

    Attributes:
        train: Speakers that the weights are fitted to.
        validation: Speakers that choices (stopping, recipes) are made on; may be empty.
        test: Speakers that are reported, and nothing else.

    Raises:
        SpeakerLeak: A speaker is in two parts or unknown, or there is nobody to train on or to test.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        for part in ("train", "validation", "test"):
            object.__setattr__(self, part, tuple(sorted(set(getattr(self, part)))))
        self.prove_test()
        if self.validation:
            self.prove_validation()

    @property
    def hash(self) -> str:
        """SHA-256 over the three lists; it travels with the model."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def prove_test(self) -> SpeakerProof:
        """Return the proof for scoring the test speakers: neither trained nor selected on."""
        return require_disjoint(self.train + self.validation, self.test)

    def prove_validation(self) -> SpeakerProof:
        """Return the proof for scoring the validation speakers while selecting."""
        return require_disjoint(self.train, self.validation)

    def take(self, part: str, clips: Iterable[AnyClip]) -> list[AnyClip]:
        """Return the clips of one part (`train`, `validation` or `test`), in their order."""
        speakers = set(self.as_dict()[part])
        return [clip for clip in clips if clip.speaker in speakers]

    def as_dict(self) -> dict[str, list[str]]:
        """Return the three lists as JSON-ready data."""
        return {"train": list(self.train), "validation": list(self.validation), "test": list(self.test)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Split:
        """Return the split that `as_dict` wrote, checked again."""
        return cls(tuple(data["train"]), tuple(data["validation"]), tuple(data["test"]))


def speaker_split(clips: Sequence[Spoken], *, test: Amount, validation: Amount = 0, seed: int = 0) -> Split:
    """Divide the speakers of some clips, keeping the share of women and men in each part.

    Args:
        clips: The clips that will be used.
        test: Share of the speakers (float below 1), their number (int), or their names.
        validation: The same for the validation part; 0 for none.
        seed: Chooses the speakers; names given are not touched by it.

    Raises:
        SpeakerLeak: A name is in both lists, or the corpus has no speaker names.
        CorpusInvalid: Too few speakers, unknown names, or a class that nobody in the training part says.
        InvalidSetting: A share outside 0 to 1.
    """
    genders = {clip.speaker: clip.gender for clip in clips}
    named = {name for part in (test, validation) if not isinstance(part, float | int) for name in part}
    if strangers := named - set(genders):
        raise CorpusInvalid(
            f"no clips of speaker {', '.join(sorted(strangers))}", f"speakers: {', '.join(sorted(genders))}"
        )
    queue = _balanced_order({name: gender for name, gender in genders.items() if name not in named}, seed)
    counts = {"test": _count(test, len(genders)), "validation": _count(validation, len(genders))}
    if sum(counts.values()) + len(named) >= len(genders):
        raise CorpusInvalid(
            f"{len(genders)} speakers are too few to keep some for training beside test and validation",
            "ask for fewer test or validation speakers, or add speakers",
        )
    chosen_test = list(test) if not isinstance(test, float | int) else queue[: counts["test"]]
    queue = queue[counts["test"] :]
    chosen_validation = (
        list(validation) if not isinstance(validation, float | int) else queue[: counts["validation"]]
    )
    rest = queue[counts["validation"] :]
    split = Split(tuple(rest), tuple(chosen_validation), tuple(chosen_test))
    _require_classes(clips, split)
    return split


def leave_speakers_out(clips: Sequence[Spoken], folds: int, seed: int | None = None) -> list[Split]:
    """Return one split for each fold; every speaker is tested exactly once, nobody is selected on.

    Without a seed the speakers are taken in sorted order, in consecutive groups: for RAVDESS 01-18 and six
    folds these are actors 01-03, 04-06, 07-09, 10-12, 13-15, 16-18, the folds that all our figures refer to.

    Args:
        clips: The clips that will be used.
        folds: Number of folds, at least 2.
        seed: Shuffles the speakers first.

    Raises:
        CorpusInvalid: Fewer speakers than folds.
        InvalidSetting: Fewer than two folds.
    """
    if folds < 2:
        raise InvalidSetting(f"{folds} folds", "use at least 2")
    speakers = sorted({clip.speaker for clip in clips})
    if len(speakers) < folds:
        raise CorpusInvalid(
            f"{len(speakers)} speakers for {folds} folds", f"use at most {len(speakers)} folds"
        )
    if seed is not None:
        np.random.default_rng(seed).shuffle(speakers)
    groups = [tuple(str(name) for name in group) for group in np.array_split(speakers, folds)]
    return [Split(tuple(name for name in speakers if name not in group), (), group) for group in groups]


def _balanced_order(genders: dict[str, str | None], seed: int) -> list[str]:
    """Return the speakers shuffled, genders interleaved so that each stretch has the whole's proportions."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(genders):
        groups[str(genders[name])].append(name)
    rng = np.random.default_rng(seed)
    placed: list[tuple[float, str, str]] = []
    for gender in sorted(groups):
        rng.shuffle(groups[gender])
        # Spread each gender evenly over [0, 1): neighbours in the result alternate in proportion.
        size = len(groups[gender])
        placed += [((index + 0.5) / size, gender, name) for index, name in enumerate(groups[gender])]
    return [name for _, _, name in sorted(placed)]


def _count(amount: Amount, speakers: int) -> int:
    """Return how many speakers to draw; none where they were named."""
    if not isinstance(amount, float | int):
        return 0
    if amount < 0 or (isinstance(amount, float) and amount >= 1.0):
        raise InvalidSetting(
            f"a part of {amount} of the speakers", "use a share from 0 to 1 or a whole number"
        )
    return amount if isinstance(amount, int) else max(1, round(amount * speakers)) if amount else 0


def _require_classes(clips: Sequence[Spoken], split: Split) -> None:
    """Raise where training lacks a class; tell the user where another part does."""
    everything = {clip.label for clip in clips if clip.label is not None}
    for part in ("train", "validation", "test"):
        if part == "validation" and not split.validation:
            continue
        missing = sorted(everything - {clip.label for clip in split.take(part, clips)})
        if missing and part == "train":
            raise CorpusInvalid(
                f"no training speaker has clips of class {', '.join(missing)}",
                "use another seed or fewer test speakers",
            )
        if missing:
            note(f"no {part} speaker has clips of class {', '.join(missing)}: it does not count in the score")
