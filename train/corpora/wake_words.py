"""Wake phrases, crowd-sourced (Picovoice wake-word benchmark). The folder is the phrase.

The corpus does not say who speaks, so it can serve for false alarms and augmentation, but the leak guard lets
nobody claim a speaker-independent score on it.
"""

from __future__ import annotations

from pathlib import Path

from train.corpora.files import in_order, sound_files
from train.corpora.record import Clip, Corpus
from train.corpora.registry import reader
from train.evaluation.leak import UNKNOWN_SPEAKER


@reader("wake_words", task="keyword", summary="6 wake phrases, crowd-sourced, speakers not named")
def load(root: Path) -> Corpus:
    """Read the phrase folders below `root`.

    Raises:
        CorpusMissing: No sound files.
    """
    clips = [
        Clip(
            path=path,
            corpus="wake_words",
            speaker=UNKNOWN_SPEAKER,
            label=path.parent.name.replace(" ", "_"),
            transcript=path.parent.name.replace("_", " "),
        )
        for path in sound_files(root, "*/*")
    ]
    return Corpus(
        name="wake_words",
        root=root,
        labels=tuple(sorted({clip.label for clip in clips if clip.label})),
        clips=in_order(clips),
        licence="Apache-2.0",
        attribution="Picovoice Inc., wake word benchmark",
        commercial=True,
    )
