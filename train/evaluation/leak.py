"""The leak guard: no score without proof that the model has never heard the speakers.

A `SpeakerProof` can only be made by `require_disjoint`, and `score` demands one that covers every
speaker it is given. Speakers are compared by name; recordings by their sound (`duplicates.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from firmware_bridge.base.errors import SpeakerLeak

# The speaker of clips whose corpus does not tell: no claim about disjoint speakers can rest on them.
UNKNOWN_SPEAKER = "unknown"

_GUARD = object()


class SpeakerProof:
    """Evidence that two sets of speakers are disjoint. Ask `require_disjoint` for one.

    Attributes:
        heard: Speakers that training, selection or calibration has heard, sorted.
        held_out: Speakers that it has not, sorted.
    """

    __slots__ = ("heard", "held_out")

    warning: ClassVar[str] = ""
    heard: tuple[str, ...]
    held_out: tuple[str, ...]

    def __init__(self, heard: tuple[str, ...], held_out: tuple[str, ...], guard: object = None) -> None:
        if guard is not _GUARD:
            raise SpeakerLeak(
                "a speaker proof was made without the guard", "call require_disjoint(heard, held_out) instead"
            )
        object.__setattr__(self, "heard", heard)
        object.__setattr__(self, "held_out", held_out)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse every change."""
        raise SpeakerLeak("a speaker proof cannot be changed", "call require_disjoint again")

    @property
    def hash(self) -> str:
        """SHA-256 over both lists: what a scorecard carries."""
        return hashlib.sha256(json.dumps([self.heard, self.held_out]).encode()).hexdigest()

    def cover(self, speakers: Iterable[str]) -> None:
        """Check that every speaker is among the held-out ones.

        Raises:
            SpeakerLeak: One is not; says whether the model has heard it.
        """
        outside = sorted(set(speakers) - set(self.held_out))
        if outside:
            heard = [name for name in outside if name in self.heard]
            why = "the model has heard" if heard else "the proof does not cover"
            raise SpeakerLeak(
                f"refusing to score: {why} {_listed(heard or outside)}",
                f"score only {_listed(self.held_out)}",
            )


def require_disjoint(heard: Iterable[str], held_out: Iterable[str]) -> SpeakerProof:
    """Return the proof that no held-out speaker was heard.

    Args:
        heard: Every speaker that training, selection or calibration used.
        held_out: Every speaker that is to be scored.

    Raises:
        SpeakerLeak: A speaker is in both, a speaker is unknown, or one side is empty.
    """
    known, kept = tuple(sorted(set(heard))), tuple(sorted(set(held_out)))
    if not known or not kept:
        side = "heard" if not known else "held-out"
        raise SpeakerLeak(f"the list of {side} speakers is empty: nothing is proved", "name the speakers")
    if UNKNOWN_SPEAKER in known or UNKNOWN_SPEAKER in kept:
        raise SpeakerLeak(
            "the corpus does not say who speaks: disjoint speakers cannot be proved",
            "use a corpus with speaker names for training and scoring",
        )
    if both := sorted(set(known) & set(kept)):
        raise SpeakerLeak(
            f"speakers on both sides of the split: {_listed(both)}", "give each speaker to one side only"
        )
    return SpeakerProof(known, kept, _GUARD)


@dataclass(frozen=True)
class AdmittedLeak:
    """In place of a proof: the admission that speakers are on both sides. Ask `admit_leak` for one.

    `score` takes it, and the scorecard carries `LEAKS SPEAKERS` wherever it goes.

    Attributes:
        heard: Speakers that training, selection or calibration has heard, sorted.
        held_out: Speakers that are scored, sorted; some or all are among `heard`.
    """

    heard: tuple[str, ...]
    held_out: tuple[str, ...]

    warning: ClassVar[str] = "LEAKS SPEAKERS"

    @property
    def hash(self) -> str:
        """SHA-256 over both lists, which is never that of a proof."""
        return hashlib.sha256(json.dumps(["leaks", self.heard, self.held_out]).encode()).hexdigest()

    def cover(self, speakers: Iterable[str]) -> None:
        """Check that every speaker is among those that were named.

        Raises:
            SpeakerLeak: One is not.
        """
        if outside := sorted(set(speakers) - set(self.held_out)):
            raise SpeakerLeak(f"the plan does not name {_listed(outside)}", "score the clips of the plan")


@dataclass(frozen=True)
class ProofOfFolds:
    """The proofs of several folds as one: every speaker is unheard in the fold in which it is scored.

    Attributes:
        proofs: One a fold, each from `require_disjoint` or `admit_leak`.
    """

    proofs: tuple[SpeakerProof | AdmittedLeak, ...]

    @property
    def warning(self) -> str:
        """`LEAKS SPEAKERS` as soon as one fold has no proof."""
        return max((one.warning for one in self.proofs), default="")

    @property
    def hash(self) -> str:
        """The proof's own hash where there is one alone, else SHA-256 over all."""
        hashes = [one.hash for one in self.proofs]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256(json.dumps(hashes).encode()).hexdigest()

    def cover(self, speakers: Iterable[str]) -> None:
        """Check that every speaker is held out in some fold.

        Raises:
            SpeakerLeak: One is in none.
        """
        if outside := sorted(set(speakers).difference(*(one.held_out for one in self.proofs))):
            raise SpeakerLeak(
                f"refusing to score: no fold holds out {_listed(outside)}", "give every speaker to a fold"
            )


def admit_leak(heard: Iterable[str], held_out: Iterable[str]) -> AdmittedLeak:
    """Return the admission that scores on `held_out` are no evidence about unheard speakers."""
    return AdmittedLeak(tuple(sorted(set(heard))), tuple(sorted(set(held_out))))


def _listed(names: Iterable[str], most: int = 12) -> str:
    """Return names as one line, shortened after `most`."""
    names = list(names)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
