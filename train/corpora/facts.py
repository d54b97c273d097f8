"""What a corpus holds, counted: the facts that `undertone corpus` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from train.corpora.record import Clip, Corpus

ATTRIBUTES = ("valence", "arousal", "dominance")


def describe(corpus: Corpus) -> dict[str, Any]:
    """Return a corpus's facts as JSON-ready data."""
    clips = corpus.clips
    unlabelled = sum(clip.label is None for clip in clips)
    return {
        "name": corpus.name,
        "release": corpus.release,
        "folder": str(corpus.root),
        "licence": corpus.licence,
        "commercial": corpus.commercial,
        "origin": corpus.origin,
        "clips": len(clips),
        "with_sound": sum(clip.has_audio for clip in clips),
        "classes": corpus.counts(),
        "without_class": unlabelled,
        "speakers": len(corpus.speakers) if corpus.speakers_known else None,
        "speaker_unit": corpus.speaker_unit,
        "clips_per_speaker": _spread(Counter(clip.speaker for clip in clips).values()),
        "genders": _counts(clips, lambda clip: clip.gender),
        "votes": votes_of(clips),
        "attributes": {name: _range([getattr(clip, name) for clip in clips]) for name in ATTRIBUTES},
        "with_words": sum(clip.transcript is not None for clip in clips),
        "scripts": len({clip.script for clip in clips if clip.script is not None}),
        "sessions": _counts(clips, lambda clip: clip.session) if _few(clips) else {},
        "styles": _counts(clips, lambda clip: clip.style),
        "parts": _counts(clips, lambda clip: clip.partition),
    }


def votes_of(clips: Iterable[Clip]) -> dict[str, Any] | None:
    """Return what the raters of some clips did, None where there were none.

    `agreement` is the mean share of the most frequent class, `label_wins` how often the label is (one of) the most
    frequent, of the clips with both.
    """
    voted = [clip for clip in clips if clip.votes]
    if not voted:
        return None
    best = [max(share for _, share in clip.votes or ()) for clip in voted]
    both = [(clip, top) for clip, top in zip(voted, best, strict=True) if clip.label is not None]
    wins = [dict(clip.votes or ()).get(str(clip.label), 0.0) == top for clip, top in both]
    return {
        "clips": len(voted),
        "raters": _spread([clip.raters for clip in voted if clip.raters is not None]),
        "agreement": float(np.mean(best)),
        "label_wins": float(np.mean(wins)) if wins else None,
    }


def _few(clips: Iterable[Clip]) -> bool:
    return len({clip.session for clip in clips}) <= 20


def _counts(clips: Iterable[Clip], what: Callable[[Clip], str | None]) -> dict[str, int]:
    """Return how many clips have each value, sorted by it; clips without one are left out."""
    return dict(sorted(Counter(value for clip in clips if (value := what(clip)) is not None).items()))


def _spread(values: Iterable[int]) -> dict[str, float] | None:
    """Return least, median and greatest of some counts."""
    found = sorted(values)
    return {"least": found[0], "median": float(np.median(found)), "most": found[-1]} if found else None


def _range(values: Iterable[float | None]) -> dict[str, float] | None:
    """Return number, mean and ends of the ratings that there are."""
    found = np.array([value for value in values if value is not None])
    if not len(found):
        return None
    ends = {"low": float(found.min()), "mean": float(found.mean()), "high": float(found.max())}
    return {"clips": len(found), **ends}
