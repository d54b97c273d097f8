"""Free Spoken Digit Dataset: digits 0-9 by six speakers, `{digit}_{speaker}_{take}`, 8 kHz at the source.

Classes carry the words of Speech Commands (`zero` to `nine`), so that the two can be joined.
"""

from __future__ import annotations

import re
from pathlib import Path

from train.corpora.files import decode, in_order, misnamed, sound_files
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {str(digit): word for digit, word in enumerate(WORDS)}

_NAME = re.compile(r"([^_]+)_([^_]+)_(\d+)")


@reader(
    "spoken_digits",
    task="keyword",
    summary="Free Spoken Digit Dataset, 10 digits, 6 speakers, 8 kHz source",
    published=Published(3000, 6, "github.com/Jakobovski/free-spoken-digit-dataset"),
)
def load(root: Path) -> Corpus:
    """Read the digits from `root` (`audio/`, the official `recordings/`, or the folder itself).

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name with an unknown digit or of another scheme.
    """
    base = root / "recordings" if (root / "recordings").is_dir() else root
    return Corpus(
        name="spoken_digits",
        root=root,
        labels=WORDS,
        clips=in_order([_clip(path) for path in sound_files(base, "*")]),
        licence="CC BY-SA 4.0",
        attribution="Z. Jackson et al., Free Spoken Digit Dataset",
        commercial=True,
    )


def _clip(path: Path) -> Clip:
    """Return the clip behind a path."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise misnamed(path, "{digit}_{speaker}_{take}")
    digit, speaker, _ = match.groups()
    word = decode(path, "digit", digit, DIGITS)
    return Clip(
        path=path, corpus="spoken_digits", speaker=f"spoken_digits/{speaker}", label=word, transcript=word
    )
