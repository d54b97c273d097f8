"""SAVEE: 7 acted emotions, British English, four men (Haq and Jackson 2009).

Official layout `AudioData/DC/a01.wav` (speaker, emotion letters and sentence); `DC/a01.wav` and the flat
`DC_a01.wav` are accepted too. The text of the sentences is not in the files' names.
"""

from __future__ import annotations

import re
from pathlib import Path

from train.corpora.files import decode, in_order, misnamed, once, sound_files
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader

EMOTIONS = {
    "n": "neutral",
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "sa": "sad",
    "su": "surprised",
}
SPEAKERS = {"DC": "male", "JE": "male", "JK": "male", "KL": "male"}

_NAME = re.compile(r"(?:([A-Z]{2})_)?([a-z]{1,2})(\d\d)")


@reader(
    "savee",
    task="emotion",
    summary="SAVEE, 7 acted emotions, British English, 4 men",
    published=Published(480, 4, "S. Haq, P. J. B. Jackson, AVSP 2009"),
)
def load(root: Path) -> Corpus:
    """Read SAVEE from `root`.

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name with an unknown code, of another scheme, or a clip that is there twice.
    """
    base = root / "AudioData" if (root / "AudioData").is_dir() else root
    flat = any(base.glob("*_*.wav")) or (base / "audio").is_dir()
    seen: dict[str, Path] = {}
    clips = []
    for path in sound_files(base, "*" if flat else "*/*"):
        clip, name = _clip(path)
        seen[name] = once(seen, name, path)
        clips.append(clip)
    return Corpus(
        name="savee",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order(clips),
        licence="research use only (terms of its page)",
        attribution="S. Haq, P. J. B. Jackson, Speaker-dependent audio-visual emotion recognition, AVSP 2009",
        commercial=False,
    )


def _clip(path: Path) -> tuple[Clip, str]:
    """Return the clip behind a path, and its full name."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise misnamed(path, "DC/a01 or DC_a01")
    speaker = match[1] or path.parent.name
    label = decode(path, "emotion", match[2], EMOTIONS)
    return Clip(
        path=path,
        corpus="savee",
        speaker=f"savee/{speaker}",
        label=label,
        gender=decode(path, "speaker", speaker, SPEAKERS),
        style="scripted",
    ), f"{speaker}_{match[2]}{match[3]}"
