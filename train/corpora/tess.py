"""TESS: 7 acted emotions, Canadian English, two women, 200 words each (Pichora-Fuller and Dupuis 2010).

The name is `OAF_back_angry`: speaker (older or younger woman), word, emotion; the sentence is always "Say the
word …". Folders differ between downloads, so all below the root are searched; a corpus that is there twice is
refused (one well-known archive holds everything twice).
"""

from __future__ import annotations

import re
from pathlib import Path

from train.corpora.files import decode, in_order, misnamed, once, sound_files
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader

EMOTIONS = {
    "neutral": "neutral",
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "sad": "sad",
    "ps": "surprised",
}
# One file of the official set is called OA_bite_neutral.
SPEAKERS = {"OAF": "OAF", "OA": "OAF", "YAF": "YAF"}

_NAME = re.compile(r"([A-Z]+)_([a-z]+)_([a-z]+)")


@reader(
    "tess",
    task="emotion",
    summary="TESS, 7 acted emotions, Canadian English, 2 women, 200 words (non-commercial)",
    published=Published(2800, 2, "doi.org/10.5683/SP2/E8H2MF"),
)
def load(root: Path) -> Corpus:
    """Read TESS from `root`.

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name with an unknown code, of another scheme, or a clip that is there twice.
    """
    seen: dict[str, Path] = {}
    clips = []
    for path in sound_files(root, "**/*"):
        seen[path.stem] = once(seen, path.stem, path)
        clips.append(_clip(path))
    return Corpus(
        name="tess",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order(clips),
        licence="CC BY-NC-ND 4.0",
        attribution="M. K. Pichora-Fuller, K. Dupuis, Toronto emotional speech set (TESS), 2010",
        commercial=False,
    )


def _clip(path: Path) -> Clip:
    """Return the clip behind a path."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise misnamed(path, "OAF_back_angry")
    speaker, word, emotion = match.groups()
    return Clip(
        path=path,
        corpus="tess",
        speaker=f"tess/{decode(path, 'speaker', speaker, SPEAKERS)}",
        label=decode(path, "emotion", emotion, EMOTIONS),
        transcript=f"Say the word {word}",
        gender="female",
        script=word,
        style="scripted",
    )
