"""Protocols over several corpora: what a model is worth on speech that was recorded elsewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from train.corpora.record import Clip
from train.protocols.plan import Fold, fold
from train.protocols.registry import Options, protocol


def _by_corpus(clips: Sequence[Clip]) -> dict[str, list[int]]:
    """Return the places of each corpus's clips, corpora in the order of their first clip."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, clip in enumerate(clips):
        found[clip.corpus].append(place)
    return dict(found)


@protocol("leave-one-corpus-out", summary="each corpus tested once, trained on all the others", corpora=2)
def leave_one_corpus_out(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return a fold for each corpus."""
    places = _by_corpus(clips)
    everything = range(len(clips))
    return [
        fold(name, [i for i in everything if clips[i].corpus != name], rows) for name, rows in places.items()
    ]


@protocol("cross-corpus", summary="trained on one corpus, tested on each other one", corpora=2)
def cross_corpus(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return a fold for each ordered pair of corpora."""
    places = _by_corpus(clips)
    return [
        fold(f"{source} to {target}", places[source], places[target])
        for source in places
        for target in places
        if source != target
    ]


def balanced_weights(clips: Sequence[Clip]) -> npt.NDArray[np.float64]:
    """Return a weight for each clip with which every corpus counts the same; their mean is 1.

    Args:
        clips: The training clips.

    Returns:
        float64[clips].
    """
    counts = Counter(clip.corpus for clip in clips)
    return np.array([len(clips) / (len(counts) * counts[clip.corpus]) for clip in clips])
