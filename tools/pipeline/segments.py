"""Clips for the rig: composed windows, or a corpus's own clips, of speakers that the bundle has not heard."""

from __future__ import annotations

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.contract.bundle import Bundle
from hil.rig.observations import Segment
from tools.pipeline.fusion import composed_pcm
from tools.pipeline.inputs import gather
from tools.pipeline.recipe import recipe_of
from train.corpora.record import Clip, Corpus
from train.evaluation.on_corpus import choose, require_unheard_sound, thin

COMPOSED = "composed"


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
    """Return the clips of a corpus that `train.evaluation.on_corpus.choose` lets a bundle be scored on.

    Args:
        bundle: The bundle under test.
        which: `NAME` or `NAME:PATH`.
        limit: How many at most; None for all.

    Raises:
        CorpusInvalid: No clip has a class of the bundle.
        SpeakerLeak: The bundle has heard all speakers of the corpus, or a recording under another name.
    """
    from train.corpora.reading import read_clips

    chosen = choose(bundle, which, limit=limit)
    sound = read_clips(chosen.clips, f"reading {chosen.corpus.name}")
    # The whole path below the corpus's folder: file names alone may repeat from speaker to speaker.
    names = [_segment_name(chosen.corpus, clip) for clip in chosen.clips]
    require_unheard_sound(bundle, zip(names, sound, strict=True))
    return [
        Segment(name, pcm, int(truth), clip.speaker)
        for name, pcm, truth, clip in zip(names, sound, chosen.truth, chosen.clips, strict=True)
    ]


def _segment_name(corpus: Corpus, clip: Clip) -> str:
    """Return a clip's name as a file name, without the sound file's ending."""
    return corpus.name_of(clip).replace(clip.path.suffix, "", 1).replace("/", "-")


def segments_for(bundle: Bundle, corpus: str, limit: int | None) -> list[Segment]:
    """Return the segments that `undertone hil --corpus` names; `composed` is the bundle's own test set."""
    if corpus == COMPOSED:
        return composed_segments(bundle, limit)
    return corpus_segments(bundle, corpus, limit)
