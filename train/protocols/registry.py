"""Which protocols there are, and the guard that every one of them passes through.

A protocol is a function from clips to folds. It says whether it mixes speakers; one that says it does not is held to
it here, whatever it does: known speakers only, disjoint, and no two spellings of one name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from firmware_bridge.base.parts import Parts
from firmware_bridge.base.progress import note
from train.corpora.classes import shared_labels
from train.corpora.record import Clip, Corpus
from train.evaluation.leak import UNKNOWN_SPEAKER
from train.protocols.guard import require_distinct_names
from train.protocols.plan import Fold, Plan


@dataclass(frozen=True)
class Options:
    """What a recipe may say about a protocol; each takes what it needs.

    Attributes:
        folds: How many, where the corpus does not decide.
        seed: Shuffles; None keeps the sorted order.
        test: Share of the clips or speakers that is reported, where there is one fold.
        validation: Share of the rest that choices are made on.
    """

    folds: int = 6
    seed: int | None = None
    test: float = 0.25
    validation: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InvalidSetting: Fewer than two folds, or a share outside 0 to 1.
        """
        if self.folds < 2:
            raise InvalidSetting(f"{self.folds} folds", "use at least 2")
        if not 0.0 < self.test < 1.0 or not 0.0 <= self.validation < 1.0:
            raise InvalidSetting("a share outside 0 to 1", "test and validation are shares of the whole")


Maker = Callable[[Sequence[Clip], Options], Sequence[Fold]]


@dataclass(frozen=True)
class Protocol:
    """A protocol.

    Attributes:
        name: What a recipe says.
        summary: One line.
        make: Makes the folds.
        leaks: Whether it mixes speakers. Nothing else may.
        corpora: The least number of corpora that it needs.
    """

    name: str
    summary: str
    make: Maker
    leaks: bool = False
    corpora: int = 1


PROTOCOLS: Parts[Protocol] = Parts("protocol")


def protocol(name: str, *, summary: str, leaks: bool = False, corpora: int = 1) -> Callable[[Maker], Maker]:
    """Register the decorated function as protocol `name`; the arguments are those of `Protocol`.

    Args:
        name: What a recipe says.
        summary: One line about it.
        leaks: Whether it mixes speakers.
        corpora: The least number of corpora.
    """

    def register(make: Maker) -> Maker:
        PROTOCOLS.add(name, Protocol(name, summary, make, leaks, corpora))
        return make

    return register


def plan(name: str, corpora: Sequence[Corpus], options: Options | None = None, warn: bool = True) -> Plan:
    """Return the folds of a protocol over all labelled clips with sound (of a text corpus, all).

    Args:
        name: Its name.
        corpora: One, or several with classes in common.
        options: Numbers of the recipe.
        warn: Tell the user at once where the protocol mixes speakers.

    Raises:
        UnknownName: No such protocol; lists the valid ones.
        InvalidSetting: Too few corpora for it.
        CorpusInvalid: The corpus lacks what it needs (sessions, parts, scripts), a part is empty, or several
            corpora share fewer than two classes.
        SpeakerLeak: It mixes speakers without being registered as leaking.
    """
    chosen = PROTOCOLS.find(name)
    if len(corpora) < chosen.corpora:
        raise InvalidSetting(
            f"protocol '{name}' with {len(corpora)} corpus", f"name at least {chosen.corpora} corpora"
        )
    clips, left_out = _usable(corpora, chosen)
    folds = tuple(chosen.make(clips, options or Options()))
    units = {corpus.speaker_unit for corpus in corpora} - {"person"}
    made = Plan(name, clips, folds, chosen.leaks, min(units, default="person"), left_out)
    _check(made)
    if made.leaks and warn:
        note(made.claim)
    return made


def _usable(
    corpora: Sequence[Corpus], chosen: Protocol
) -> tuple[tuple[Clip, ...], tuple[tuple[str, int], ...]]:
    """Return the clips that a protocol may use, and how many were left out for which reason."""
    kept: list[Clip] = []
    lost: Counter[str] = Counter()
    shared = shared_labels(corpora) if len(corpora) > 1 else None
    for corpus in corpora:
        audible = any(clip.has_audio for clip in corpus.clips)
        for clip in corpus.clips:
            if audible and not clip.has_audio:
                lost["no sound"] += 1
            elif clip.label is None and not clip.votes:
                lost["no label"] += 1
            elif shared and clip.label is not None and clip.label not in shared:
                lost["class that not all corpora have"] += 1
            elif clip.speaker == UNKNOWN_SPEAKER and not chosen.leaks:
                lost["unknown speaker"] += 1
            else:
                kept.append(clip)
    if not kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in lost.items())
        raise CorpusInvalid(
            f"no clip of {', '.join(corpus.name for corpus in corpora)} can be used ({reasons})",
            "use a corpus that names its speakers and has labels",
        )
    return tuple(kept), tuple(sorted(lost.items()))


def _check(made: Plan) -> None:
    """Hold a plan to what it claims.

    Raises:
        CorpusInvalid: A fold without clips to train on or to test.
        SpeakerLeak: Speakers or clips on both sides.
    """
    if not made.folds:
        raise CorpusInvalid(f"protocol '{made.protocol}' made no folds", "give it more speakers or corpora")
    for one in made.folds:
        if not len(one.train) or not len(one.test):
            empty = "training" if not len(one.train) else "test"
            raise CorpusInvalid(
                f"protocol '{made.protocol}', fold {one.name}: no {empty} clips",
                "use fewer folds, or more speakers",
            )
        both = np.intersect1d(np.concatenate([one.train, one.validation]), one.test)
        if len(both):
            raise SpeakerLeak(
                f"protocol '{made.protocol}', fold {one.name}: {len(both)} clips are on both sides",
                "a clip is for training or for the report",
            )
        if not made.leaks:
            require_distinct_names(
                made.speakers(np.concatenate([one.train, one.validation])), made.speakers(one.test)
            )
            made.split(one)
