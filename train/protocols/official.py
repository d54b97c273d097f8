"""A corpus's own division, as its makers published it.

Some divide speakers (MSP-Podcast's test parts), some do not (MELD's characters, EM2LDL's speakers). `official` asks
for disjoint speakers and refuses the others; `official-leaking` takes any, and marks every figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from firmware_bridge.base.errors import CorpusInvalid, SpeakerLeak
from train.corpora.record import Clip
from train.protocols.plan import Fold, fold
from train.protocols.registry import Options, protocol


def _parts(clips: Sequence[Clip]) -> dict[str, list[int]]:
    """Return the places of each part's clips.

    Raises:
        CorpusInvalid: There is no part `train`, or none to test on.
    """
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, clip in enumerate(clips):
        if clip.partition is not None:
            found[clip.partition].append(place)
    if "train" not in found or not any(name.startswith("test") for name in found):
        names = ", ".join(sorted({clip.corpus for clip in clips}))
        raise CorpusInvalid(f"{names}: no official division into train and test", "use speaker-folds")
    return dict(found)


def _folds(clips: Sequence[Clip]) -> list[Fold]:
    """Return a fold for each test part."""
    parts = _parts(clips)
    return [
        fold(name, parts["train"], parts[name], parts.get("validation", []))
        for name in sorted(parts)
        if name.startswith("test")
    ]


@protocol("official", summary="the makers' division, where it divides speakers")
def official(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return a fold for each official test part.

    Raises:
        CorpusInvalid: No official division.
        SpeakerLeak: It has speakers on both sides.
    """
    folds = _folds(clips)
    for one in folds:
        heard = {clips[i].speaker for i in (*one.train, *one.validation)}
        if both := sorted(heard & {clips[i].speaker for i in one.test}):
            raise SpeakerLeak(
                f"the makers' division has {len(both)} speakers of '{one.name}' in training too, {both[0]} among them",
                "use speaker-folds, or 'official-leaking', whose figures say LEAKS SPEAKERS",
            )
    return folds


@protocol(
    "official-leaking", summary="the makers' division as it is, speakers on both sides or not", leaks=True
)
def official_leaking(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return a fold for each official test part, whoever speaks in it.

    Raises:
        CorpusInvalid: No official division.
    """
    return _folds(clips)
