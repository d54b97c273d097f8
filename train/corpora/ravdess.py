"""RAVDESS: 8 acted emotions, English, speech part (Livingstone and Russo 2018).

The file name carries everything: `MM-CC-EE-II-SS-RR-AA`, modality, channel, emotion, intensity,
statement, repetition, actor. Official layout `Actor_01/*.wav`; `audio/Actor_01/*.flac` is accepted too.
"""

from __future__ import annotations

import re
from pathlib import Path

from train.corpora.files import decode, in_order, misnamed, sound_files
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
SPEECH_CHANNEL = "01"

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")


@reader(
    "ravdess",
    task="emotion",
    summary="RAVDESS, 8 acted emotions, English, 24 actors (non-commercial)",
    published=Published(1440, 24, "zenodo.org/records/1188976"),
)
def load(root: Path) -> Corpus:
    """Read RAVDESS speech from `root`; sung clips (channel 02) are left out.

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name with an unknown code, or of another scheme.
    """
    clips = [clip for path in sound_files(root, "Actor_*/*") if (clip := _clip(path)) is not None]
    return Corpus(
        name="ravdess",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order(clips),
        licence="CC BY-NC-SA 4.0",
        attribution="S. R. Livingstone, F. A. Russo (2018), The Ryerson Audio-Visual Database of "
        "Emotional Speech and Song (RAVDESS), PLoS ONE 13(5): e0196391",
        commercial=False,
    )


def _clip(path: Path) -> Clip | None:
    """Return the clip behind a file name, or None for a sung one."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise misnamed(path, "MM-CC-EE-II-SS-RR-AA, for instance 03-01-05-02-01-01-12")
    _, channel, emotion, _, statement, _, actor = match.groups()
    if channel != SPEECH_CHANNEL:
        return None
    return Clip(
        path=path,
        corpus="ravdess",
        speaker=f"ravdess/{actor}",
        label=decode(path, "emotion", emotion, EMOTIONS),
        transcript=decode(path, "statement", statement, STATEMENTS),
        gender="male" if int(actor) % 2 else "female",
        script=statement,
        style="scripted",
    )
