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
from train.evaluation.duplicates import SAME_ABOVE, Duplicate, duplicates_between, sound_print
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


def prints_of(sounds: Sequence[npt.NDArray[np.int16]]) -> npt.NDArray[np.float32]:
    """Return the sound prints of recordings, float32[n, m], to be made once for all folds."""
    return np.stack([sound_print(pcm) for pcm in sounds])


def require_sound_disjoint(plan: Plan, prints: npt.NDArray[np.float32]) -> None:
    """Refuse a plan with one recording on both sides of a fold, under whatever name, level or trim.

    Args:
        plan: A plan that claims to be clean; one that admits its leaks is let pass.
        prints: float32[clips, m], the prints of the plan's clips in their order.

    Raises:
        SpeakerLeak: Names fold and recordings.
    """
    if plan.leaks:
        return
    for one in plan.folds:
        if pairs := copies_across(plan, one, prints):
            listed = "; ".join(f"{pair.heard} = {pair.held_out}" for pair in pairs[:5])
            raise SpeakerLeak(
                f"protocol '{plan.protocol}', fold {one.name}: {len(pairs)} recordings are on both sides: {listed}",
                "one speaker goes by two names, or a clip was copied: remove the copies",
            )


def copies_across(
    plan: Plan, one: Fold, prints: npt.NDArray[np.float32], same_above: float = SAME_ABOVE
) -> list[Duplicate]:
    """Return the recordings that sound the same on both sides of a fold."""
    heard = np.concatenate([one.train, one.validation])
    pairs = duplicates_between(prints[heard], prints[one.test], same_above)

    def name(row: int) -> str:
        return f"{plan.clips[row].speaker}:{plan.clips[row].name}"

    return [Duplicate(name(heard[i]), name(one.test[j]), likeness) for i, j, likeness in pairs]
