"""Protocols that divide speakers: folds, one division, sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.record import Clip
from train.evaluation.splits import Split, leave_speakers_out, speaker_split
from train.protocols.plan import Fold, fold
from train.protocols.registry import Options, protocol


def of_split(name: str, clips: Sequence[Clip], split: Split) -> Fold:
    """Return the fold in which each clip goes where its speaker goes."""
    parts = {part: set(speakers) for part, speakers in split.as_dict().items()}
    rows = {part: [i for i, clip in enumerate(clips) if clip.speaker in who] for part, who in parts.items()}
    return fold(name, rows["train"], rows["test"], rows["validation"])


@protocol("speaker-folds", summary="folds of unheard speakers, each tested once")
def speaker_folds(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return folds over the speakers; with RAVDESS 01-18 and six folds actors 01-03, 04-06, … are tested."""
    splits = leave_speakers_out(clips, options.folds, options.seed)
    return [of_split(_range(split.test), clips, split) for split in splits]


@protocol("leave-one-speaker-out", summary="as many folds as speakers")
def leave_one_speaker_out(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return a fold for each speaker."""
    splits = leave_speakers_out(clips, len({clip.speaker for clip in clips}))
    return [of_split(split.test[0], clips, split) for split in splits]


@protocol("one-split", summary="one division of the speakers, women and men in proportion")
def one_split(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return one fold with `test` and `validation` as shares of the speakers."""
    split = speaker_split(clips, test=options.test, validation=options.validation, seed=options.seed or 0)
    return [of_split("split", clips, split)]


@protocol("leave-one-session-out", summary="each recording session tested once, its speakers unheard")
def leave_one_session_out(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return a fold for each session (IEMOCAP, MSP-IMPROV); every speaker belongs to one.

    Raises:
        CorpusInvalid: Clips without a session, or a single session.
    """
    sessions = sessions_of(clips)
    everything = range(len(clips))
    return [
        fold(name, [i for i in everything if clips[i].session != name], rows)
        for name, rows in sessions.items()
    ]


def sessions_of(clips: Sequence[Clip]) -> dict[str, list[int]]:
    """Return the places of each session's clips, sessions sorted.

    Raises:
        CorpusInvalid: Clips without a session, or a single session.
    """
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, clip in enumerate(clips):
        if clip.session is None:
            raise CorpusInvalid(
                f"corpus {clip.corpus} has no sessions",
                "use speaker-folds; sessions are IEMOCAP's and MSP-IMPROV's",
            )
        found[clip.session].append(place)
    if len(found) < 2:
        raise CorpusInvalid(f"all clips are of one session ({next(iter(found))})", "complete the download")
    return dict(sorted(found.items()))


@protocol(
    "sessions-and-scripts", summary="session and script both unheard: no line of a test scene was trained on"
)
def sessions_and_scripts(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return folds of a session and a group of scripts each; training has neither that session nor those scripts.

    Scripted lines recur in every session, so with the usual folds a model may learn lines instead of emotions
    (Pepino et al., arXiv:2403.18635). Each clip is tested once; clips of the test session with other scripts and of
    other sessions with the test scripts are in neither part of a fold.

    Raises:
        CorpusInvalid: No sessions, or fewer than two scripts.
    """
    sessions = sessions_of(clips)
    scripts = sorted({clip.script for clip in clips if clip.script is not None})
    if len(scripts) < 2:
        raise CorpusInvalid(f"the corpus has {len(scripts)} scripts", "use leave-one-session-out")
    groups = [
        set(group.tolist()) for group in np.array_split(np.array(scripts), min(options.folds, len(scripts)))
    ]
    folds = []
    for name, rows in sessions.items():
        held_out = set(rows)
        for number, group in enumerate(groups):
            first = number == 0  # what has no script belongs to one group only, so that it is tested once
            test = [i for i in rows if clips[i].script in group or (first and clips[i].script is None)]
            train = [i for i in range(len(clips)) if i not in held_out and clips[i].script not in group]
            if test:
                folds.append(fold(f"{name}, scripts {min(group)} to {max(group)}", train, test))
    return folds


def _range(speakers: Sequence[str]) -> str:
    """Return the name of a fold that tests some speakers."""
    return speakers[0] if len(speakers) == 1 else f"{speakers[0]} to {speakers[-1].rpartition('/')[2]}"
