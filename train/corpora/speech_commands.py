"""Google Speech Commands: one word per second of sound (Warden 2018).

Official layout `<word>/<speaker>_nohash_<n>.wav`; `audio/<word>/…` is accepted too. The classes are
the word folders that are there. Clips can be shorter than a second.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from firmware_bridge.base.errors import CorpusMissing
from firmware_bridge.sound.audio import AUDIO_SUFFIXES
from train.corpora.record import Clip, Corpus
from train.corpora.registry import in_order, misnamed, reader, sound_files

NOISE_FOLDER = "_background_noise_"

_NAME = re.compile(r"([0-9a-f]{8})_nohash_\d+")
_BUCKETS = 2**27 - 1


def official_part(speaker: str, validation_percent: float = 10.0, testing_percent: float = 10.0) -> str:
    """Return `training`, `validation` or `testing` by the rule that ships with the corpus.

    The SHA-1 of the speaker's hash (the file name before `_nohash_`) modulo 2^27, in percent of 2^27 - 1.

    Args:
        speaker: The eight hexadecimal digits, with or without the corpus name before them.
        validation_percent: Share of the validation part.
        testing_percent: Share of the testing part.
    """
    digest = hashlib.sha1(speaker.rpartition("/")[2].encode(), usedforsecurity=False).hexdigest()
    percent = int(digest, 16) % (_BUCKETS + 1) * (100.0 / _BUCKETS)
    if percent < validation_percent:
        return "validation"
    return "testing" if percent < validation_percent + testing_percent else "training"


@reader("speech_commands", task="keyword", summary="Google Speech Commands, single words, English")
def load(root: Path) -> Corpus:
    """Read every word folder below `root`; `_background_noise_` becomes `noise_files`.

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name of another scheme.
    """
    files = sound_files(root, "*/*")
    base = files[0].parent.parent
    noises = tuple(path for path in files if path.parent.name == NOISE_FOLDER)
    clips = [_clip(path) for path in files if not path.parent.name.startswith(("_", "."))]
    if not clips:
        raise CorpusMissing(f"{root}: no word folders", "point at the folder that holds the word folders")
    words = sorted(
        folder.name for folder in base.iterdir() if folder.is_dir() and not folder.name.startswith(("_", "."))
    )
    return Corpus(
        name="speech_commands",
        root=root,
        labels=tuple(words),
        clips=in_order(clips),
        licence="CC BY 4.0",
        attribution="P. Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, "
        "arXiv:1804.03209",
        commercial=True,
        noise_files=noises,
    )


def _clip(path: Path) -> Clip:
    """Return the clip behind a path."""
    match = _NAME.fullmatch(path.stem)
    if match is None or path.suffix.lower() not in AUDIO_SUFFIXES:
        raise misnamed(path, "<8 hexadecimal digits>_nohash_<number>")
    word = path.parent.name
    return Clip(
        path=path,
        corpus="speech_commands",
        speaker=f"speech_commands/{match.group(1)}",
        label=word,
        transcript=word,
    )
