"""Clips for the rig: composed windows, or a corpus's own clips, of speakers that the bundle has not heard."""

from __future__ import annotations

import numpy as np

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.contract.bundle import Bundle
from hil.rig.observations import Segment
from tools.pipeline.fusion import composed_pcm
from tools.pipeline.inputs import gather
from tools.pipeline.recipe import recipe_of
from tools.scoring import require_unheard_sound
from train.corpora import load_corpus
from train.corpora.record import Clip, Corpus

COMPOSED = "composed"


def thin(segments: list[Segment], limit: int | None) -> list[Segment]:
    """Return at most `limit` segments, spread evenly so that all speakers and classes stay."""
    if limit is None or limit >= len(segments):
        return segments
    return [segments[index] for index in np.linspace(0, len(segments) - 1, limit).astype(int)]


def composed_segments(bundle: Bundle, limit: int | None) -> list[Segment]:
    """Return the composed test windows of a bundle, made from its own recipe.

    Args:
        bundle: Names its recipe, corpora and split.
        limit: How many at most; None for all.

    Raises:
        CorpusInvalid: The corpora at hand are not those that the bundle was built from.
    """
    inputs = gather(recipe_of(bundle.manifest))
    if inputs.fingerprints != bundle.manifest.corpus:
        raise CorpusInvalid(
            "the corpora at hand differ from those that the bundle was built from",
            "build the bundle again (make edgetpu-model), or name a corpus: --corpus NAME:PATH",
        )
    windows, drawn, rows = composed_pcm(inputs, "test")
    names = inputs.recipe.composed.classes
    segments = [
        Segment(
            name=f"{inputs.clips[rows[one.emotion]].path.stem}+{names[one.keyword]}#{index}",
            pcm=pcm,
            label=int(inputs.truth[rows[one.emotion]]),
            speaker=str(inputs.speakers[rows[one.emotion]]),
            keyword=names[one.keyword],
        )
        for index, (pcm, one) in enumerate(zip(windows, drawn, strict=True))
    ]
    return thin(segments, limit)


def corpus_segments(bundle: Bundle, which: str, limit: int | None) -> list[Segment]:
    """Return a corpus's clips: of the bundle's test speakers where it is the bundle's own corpus, else all.

    Args:
        bundle: The bundle under test.
        which: `NAME` or `NAME:PATH`.
        limit: How many at most; None for all.

    Raises:
        CorpusInvalid: No clip has a class of the bundle, or none of its test speakers is in the corpus.
    """
    from train.corpora.reading import read_clips

    manifest, corpus = bundle.manifest, load_corpus(which)
    heard = {*manifest.split.train, *manifest.split.validation}
    known = [c for c in corpus.with_audio() if c.label in manifest.labels and c.speaker not in heard]
    if not known:
        raise CorpusInvalid(
            f"corpus {corpus.name} has no clip of an unheard speaker with one of the bundle's classes",
            f"the bundle knows: {', '.join(manifest.labels)}",
        )
    placeholder = np.zeros(1, np.int16)
    # The whole path below the corpus's folder: file names alone may repeat from speaker to speaker.
    by_name = {_segment_name(corpus, c): c for c in known}
    listed = [
        Segment(name, placeholder, manifest.labels.index(str(c.label)), c.speaker)
        for name, c in by_name.items()
    ]
    kept = thin(listed, limit)
    sound = read_clips([by_name[s.name] for s in kept], f"reading {corpus.name}")
    require_unheard_sound(bundle, ((s.name, pcm) for s, pcm in zip(kept, sound, strict=True)))
    return [Segment(s.name, pcm, s.label, s.speaker) for s, pcm in zip(kept, sound, strict=True)]


def _segment_name(corpus: Corpus, clip: Clip) -> str:
    """Return a clip's name as a file name, without the sound file's ending."""
    return corpus.name_of(clip).replace(clip.path.suffix, "", 1).replace("/", "-")


def segments_for(bundle: Bundle, corpus: str, limit: int | None) -> list[Segment]:
    """Return the segments that `undertone hil --corpus` names; `composed` is the bundle's own test set."""
    if corpus == COMPOSED:
        return composed_segments(bundle, limit)
    return corpus_segments(bundle, corpus, limit)
