"""What a protocol says: folds of clips, with the proof that their speakers are disjoint, or without one.

A plan that leaks can be made only by a protocol that is registered as leaking; all its figures carry
`LEAKS SPEAKERS`, through `Plan.stamp` and through the proof that `score` asks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import SpeakerLeak
from train.corpora.record import Clip, SpeakerUnit
from train.evaluation.leak import AdmittedLeak, SpeakerProof, admit_leak
from train.evaluation.splits import Split

LEAKS_SPEAKERS = AdmittedLeak.warning

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of a plan's clips.

    Attributes:
        name: What is held out, for instance `Session1`.
        train: int64[n], places in the plan's clips that weights are fitted to.
        validation: Places that choices are made on; may be empty.
        test: Places that are reported.
    """

    name: str
    train: Rows
    validation: Rows
    test: Rows


def fold(name: str, train: Sequence[int], test: Sequence[int], validation: Sequence[int] = ()) -> Fold:
    """Return a fold from lists of places."""
    return Fold(name, *(np.array(sorted(part), np.int64) for part in (train, validation, test)))


@dataclass(frozen=True, eq=False)
class Plan:
    """The folds of a protocol over some clips.

    Attributes:
        protocol: Its name.
        clips: The clips that the folds' places refer to.
        folds: One after the other.
        leaks: Whether it mixes speakers; then every figure says so.
        unit: What a speaker's name stands for in these corpora.
        left_out: Clips that no fold uses, with the reason.
    """

    protocol: str
    clips: tuple[Clip, ...]
    folds: tuple[Fold, ...]
    leaks: bool
    unit: SpeakerUnit = "person"
    left_out: tuple[tuple[str, int], ...] = ()

    def speakers(self, rows: Rows) -> tuple[str, ...]:
        """Return the speakers of some clips, sorted."""
        return tuple(sorted({self.clips[row].speaker for row in rows}))

    def proof(self, fold: Fold) -> SpeakerProof | AdmittedLeak:
        """Return what `score` asks for: the proof for the fold's test speakers, or the admission that there is none.

        Raises:
            SpeakerLeak: The plan claims to be clean and is not.
        """
        heard = self.speakers(np.concatenate([fold.train, fold.validation]))
        if self.leaks:
            return admit_leak(heard, self.speakers(fold.test))
        return self.split(fold).prove_test()

    def split(self, fold: Fold) -> Split:
        """Return the fold's speakers as a split, checked.

        Raises:
            SpeakerLeak: Speakers are on both sides.
        """
        if self.leaks:
            raise SpeakerLeak(
                f"the protocol '{self.protocol}' mixes speakers: there is no split by speaker",
                "use a protocol that divides speakers",
            )
        return Split(*(self.speakers(part) for part in (fold.train, fold.validation, fold.test)))

    @property
    def warning(self) -> str:
        """What must stand on every figure: `LEAKS SPEAKERS` or nothing."""
        return LEAKS_SPEAKERS if self.leaks else ""

    def stamp(self, text: str) -> str:
        """Return a title or a line of a figure, with the warning before it where there is one."""
        return f"{LEAKS_SPEAKERS}: {text}" if self.leaks else text

    @property
    def claim(self) -> str:
        """One line: what a figure of this plan may say about speakers."""
        if self.leaks:
            return f"{LEAKS_SPEAKERS}: voices of the test clips were heard in training"
        if self.unit == "person":
            return "no test speaker was heard in training"
        return f"no test {self.unit} was heard in training; the corpus does not name people"

    @property
    def hash(self) -> str:
        """SHA-256 over the protocol and the clips of each part; it travels with the figures."""
        return hashlib.sha256(json.dumps(self.as_dict(names=True), sort_keys=True).encode()).hexdigest()

    def as_dict(self, names: bool = False) -> dict[str, Any]:
        """Return the plan as JSON-ready data: counts and speakers, or every clip's name."""
        parts = ("train", "validation", "test")
        folds = []
        for one in self.folds:
            rows = {part: getattr(one, part) for part in parts}
            data: dict[str, Any] = {"name": one.name}
            for part, places in rows.items():
                files = [
                    f"{self.clips[i].corpus}/{self.clips[i].path.parent.name}/{self.clips[i].name}"
                    for i in places
                ]
                data[part] = files if names else len(places)
            folds.append(data | {"test_speakers": list(self.speakers(one.test))})
        return {
            "protocol": self.protocol,
            "leaks_speakers": self.leaks,
            "claim": self.claim,
            "left_out": dict(self.left_out),
            "folds": folds,
        }


def _name(clip: Clip) -> str:
    """Return a clip's name among those of several corpora."""
    return f"{clip.corpus}/{clip.path.parent.name}/{clip.name}"
