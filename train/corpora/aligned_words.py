"""Single words out of sentences, by their times: every word of every TextGrid is a clip.

A TextGrid lies beside its sound under the same name, or in a folder of its own that mirrors the sounds'
(`audio/` and `textgrid/`; `LibriSpeech/…` and `librispeech_alignments/…`). The speaker is the first number of a
LibriSpeech name (`84-121123-0000`), else the folder below the root of the sounds (the custom of forced aligners),
else not known. A slice says which words: `aligned_words/frequent` for those that are said at least 20 times.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from firmware_bridge.base.progress import note
from train.corpora.alignments import read_textgrid, tier, words_of
from train.corpora.files import in_order, is_sound
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Slice, reader
from train.evaluation.leak import UNKNOWN_SPEAKER

TIER = "words"
FREQUENT = 20
SOUND_FOLDERS = ("audio", "LibriSpeech")

_LIBRISPEECH = re.compile(r"(\d+)-\d+-\d{4}")


def _frequent(corpus: Corpus) -> Corpus:
    """Return the words that are said often enough to learn them."""
    counts = Counter(clip.label for clip in corpus.clips)
    labels = tuple(label for label in corpus.labels if counts[label] >= FREQUENT)
    return replace(corpus, labels=labels, clips=tuple(clip for clip in corpus.clips if clip.label in labels))


@reader(
    "aligned_words",
    task="keyword",
    summary="words cut from sentences by TextGrid alignments (LibriSpeech style)",
    every_class=False,
    folders=("aligned_words", "aligned_speech", "LibriSpeech"),
    slices={"frequent": Slice(_frequent, f"words said at least {FREQUENT} times")},
)
def load(root: Path) -> Corpus:
    """Read every aligned word below `root`.

    Raises:
        CorpusMissing: No TextGrid with a sound of its name.
        CorpusInvalid: A damaged TextGrid, or two of one name.
    """
    grids: dict[str, Path] = {}
    for path in sorted(root.rglob("*.TextGrid")):
        if path.stem in grids:
            both = f"{grids[path.stem]} and {path}"
            raise CorpusInvalid(f"{path.stem} has two alignments: {both}", "remove one of the two")
        grids[path.stem] = path
    pairs = [
        (path, grids[path.stem]) for path in sorted(root.rglob("*")) if is_sound(path) and path.stem in grids
    ]
    if not pairs:
        raise CorpusMissing(
            f"{root}: no sound file with a TextGrid of its name", "point at the folder that holds both"
        )
    clips = [clip for sound, grid in pairs for clip in _words(root, sound, grid)]
    if lonely := len(grids) - len(pairs):
        note(f"aligned_words: {lonely} of {len(grids)} alignments have no sound: left out")
    return Corpus(
        name="aligned_words",
        root=root,
        labels=tuple(sorted({str(clip.label) for clip in clips})),
        clips=in_order(clips),
        licence="as the sentences",
        attribution="the sentences' corpus (LibriSpeech: V. Panayotov, G. Chen, D. Povey, S. Khudanpur, ICASSP 2015)",
        commercial=False,
        sidecars=tuple(grid for _, grid in pairs),
    )


def _words(root: Path, sound: Path, grid: Path) -> list[Clip]:
    """Return the words of one recording; one whose alignment has no words is left out, and that is said."""
    tiers = read_textgrid(grid)
    try:
        words = words_of(tier(grid, tiers, TIER).stretches)
    except CorpusInvalid as error:
        note(f"aligned_words: {error.what}: left out")
        return []
    return [
        Clip(
            path=sound,
            corpus="aligned_words",
            speaker=_speaker(root, sound),
            label=word.text,
            transcript=word.text,
            start_s=word.start_s,
            end_s=word.end_s,
        )
        for word in words
    ]


def _speaker(root: Path, sound: Path) -> str:
    """Return who speaks, where name or folder tell."""
    if match := _LIBRISPEECH.fullmatch(sound.stem):
        return f"librispeech/{match[1]}"
    folders = [part for part in sound.relative_to(root).parts[:-1] if part not in SOUND_FOLDERS]
    return f"aligned_words/{folders[0]}" if folders else UNKNOWN_SPEAKER
