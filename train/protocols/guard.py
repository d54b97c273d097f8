"""Leaks that names hide: one speaker under two spellings, one recording under two names.

Names are compared without case, blanks and leading zeros; recordings by their sound. A person who was given quite
another name, with other recordings, cannot be found by either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import SpeakerLeak
from train.corpora.record import Clip
from train.evaluation.duplicates import Duplicate, Prints, find_duplicates
from train.protocols.plan import Fold, Plan

_ZEROS = re.compile(r"(?<![0-9a-z])0+(?=\d+(?![0-9a-z]))")


def plain_name(speaker: str) -> str:
    """Return a speaker's name without what spellings differ in: case, blanks, leading zeros of a number."""
    corpus, _, name = speaker.casefold().replace(" ", "").rpartition("/")
    return f"{corpus}/{_ZEROS.sub('', name)}"


def require_distinct_names(heard: Iterable[str], held_out: Iterable[str]) -> None:
    """Refuse two spellings of one name on the two sides.

    Raises:
        SpeakerLeak: Names the pairs.
    """
    known = {plain_name(name): name for name in heard}
    pairs = [(known[plain_name(name)], name) for name in held_out if plain_name(name) in known]
    if spelled := [f"{one} = {other}" for one, other in pairs if one != other]:
        raise SpeakerLeak(
            f"the same speaker under two spellings on both sides: {'; '.join(spelled[:5])}",
            "spell each speaker in one way",
        )


def prints_of(clips: Sequence[Clip], sounds: Iterable[npt.NDArray[np.int16]]) -> Prints:
    """Return the sound prints of clips, int16 at 16 kHz, to be made once for all folds."""
    called = (f"{clip.speaker}/{clip.name}" for clip in clips)
    return Prints.of(zip(called, sounds, strict=True))


def require_sound_disjoint(plan: Plan, prints: Prints) -> None:
    """Refuse a plan with one recording on both sides of a fold, under whatever name, level or trim.

    Args:
        plan: A plan that claims to be clean; one that admits its leaks is let pass.
        prints: Of the plan's clips, in their order.

    Raises:
        SpeakerLeak: Names fold and recordings.
    """
    if plan.leaks:
        return
    real = np.array([clip.origin == "real" for clip in plan.clips])
    for one in plan.folds:
        if pairs := copies_across(one, prints, real):
            listed = "; ".join(f"{pair.heard} = {pair.held_out}" for pair in pairs[:5])
            raise SpeakerLeak(
                f"protocol '{plan.protocol}', fold {one.name}: {len(pairs)} recordings are on both sides: {listed}",
                "one speaker goes by two names, or a clip was copied: remove the copies",
            )


def copies_across(one: Fold, prints: Prints, real: npt.NDArray[np.bool_]) -> list[Duplicate]:
    """Return the recordings that sound the same on both sides of a fold; of synthetic voices all may."""
    places = np.arange(len(prints.names))
    heard = np.isin(places, one.train) | np.isin(places, one.validation)
    return find_duplicates(prints.take(heard & real), prints.take(np.isin(places, one.test) & real))
