"""The fifth class of Mitsis et al. 2025 for IEMOCAP: `none`, nobody speaks into this microphone.

Their class is made of noise (MUSAN) and of stretches in which only the other speaker talks; how many and how long
is not published. Ours: stretches of at least a second of a dialogue in which one speaker has a turn and the other
has none, taken from the fainter channel (the silent speaker's microphone), and recorded noises cut into pieces, as
many of both as the mean of the four emotions, half and half, spread evenly over what there is. The speaker of a
stretch is who is heard in it; noises are dealt out to the sessions, so that leaving a session out leaves its
noises out too. `none` is told apart with ease: report the four emotions beside any figure with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from firmware_bridge.base.errors import CorpusMissing
from firmware_bridge.base.progress import note
from train.corpora.classes import apply_scheme
from train.corpora.files import is_sound, sound_files
from train.corpora.record import Clip, Corpus

NO_EMOTION = "none"
SHORTEST_S, LONGEST_S = 1.0, 5.0

Item = TypeVar("Item")
Span = tuple[float, float]


def with_no_emotion(corpus: Corpus) -> Corpus:
    """Return IEMOCAP's four classes and `none`.

    Args:
        corpus: Whole, with every turn's times.

    Raises:
        CorpusMissing: Neither dialogues nor recorded noises are at hand.
    """
    four = apply_scheme(corpus, "four")
    wanted = round(len(four.clips) / len(four.labels))
    quiet, noises = _others_alone(corpus), _noises(sorted({str(clip.session) for clip in corpus.clips}))
    if not quiet and not noises:
        raise CorpusMissing(
            f"{corpus.root}: no SessionN/dialog/wav/*.wav and no noises: nothing to make the class 'none' of",
            "complete the download, or put MUSAN's folder `musan` beside the corpora",
        )
    half = wanted // 2
    kept_noises = _spread(noises, max(half, wanted - len(quiet)))
    kept = (*four.clips, *_spread(quiet, wanted - len(kept_noises)), *kept_noises)
    note(
        f"iemocap/five: {wanted} clips of 'none': {len(kept_noises)} of noise, the rest where only the other talks"
    )
    ordered = sorted(kept, key=lambda clip: (clip.path.as_posix(), clip.start_s or 0.0))
    return replace(four, labels=(*four.labels, NO_EMOTION), clips=tuple(ordered))


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """Return `count` items at equal distances, all where there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[int(at)] for at in np.linspace(0, len(items) - 1, count).round()] if count > 0 else []


def _others_alone(corpus: Corpus) -> list[Clip]:
    """Return the stretches in which one speaker talks and the other does not, as clips of the fainter channel."""
    dialogues: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in corpus.clips:
        dialogues[str(clip.session), clip.path.parent.name].append(clip)
    found = []
    for (session, dialogue), turns in sorted(dialogues.items()):
        path = corpus.root / session / "dialog" / "wav" / f"{dialogue}.wav"
        if not path.is_file():
            continue
        for turn in sorted(turns, key=_span):
            others = [_span(other) for other in turns if other.speaker != turn.speaker]
            for start, end in alone(_span(turn), others):
                found.append(_piece(path, turn.speaker, turn.session, start, end, turn.style))
    return found


def _span(clip: Clip) -> Span:
    times = dict(clip.extra)
    return times["begins_s"], times["ends_s"]


def alone(turn: Span, others: Sequence[Span]) -> list[Span]:
    """Return the parts of a turn, in seconds, in which none of the other turns is going on, each 1 to 5 s long."""
    free, at = [], turn[0]
    for start, end in [*sorted(others), (turn[1], turn[1])]:
        if start > at:
            free.append((at, min(start, turn[1])))
        at = max(at, end)
        if at >= turn[1]:
            break
    return [(start, min(end, start + LONGEST_S)) for start, end in free if end - start >= SHORTEST_S]


def _piece(
    path: Path, speaker: str, session: str | None, start: float, end: float, style: str | None
) -> Clip:
    return Clip(
        path=path,
        corpus="iemocap",
        speaker=speaker,
        label=NO_EMOTION,
        session=session,
        style=style,
        start_s=round(start, 4),
        end_s=round(end, 4),
        channel="fainter",
    )


def _noises(sessions: Sequence[str]) -> list[Clip]:
    """Return pieces of recorded noises, each recording dealt to one session."""
    import soundfile

    from train.corpora.registry import find_data

    musan, esc = find_data("musan"), find_data("esc10_noise")
    if musan is not None:
        paths = sorted(path for path in (musan / "noise").rglob("*") if is_sound(path))
    elif esc is not None:
        note("iemocap/five: MUSAN was not found: the noises of esc10_noise stand in for it")
        paths = sound_files(esc, "*/*")
    else:
        note("iemocap/five: no recorded noises (musan, esc10_noise): 'none' is the other speaker alone")
        return []
    found = []
    for index, path in enumerate(paths):
        seconds = soundfile.info(path).duration
        session = sessions[index % len(sessions)]
        for start in np.arange(0.0, max(seconds - SHORTEST_S, 0.0) + 1e-9, LONGEST_S):
            end = min(float(start) + LONGEST_S, seconds)
            piece = _piece(path, f"iemocap/noise-{session}", session, float(start), end, None)
            found.append(replace(piece, channel="mix"))
    return found
