"""URDU: 4 emotions from talk shows, natural speech (Latif et al. 2018).

The folder is the label (`Angry/`, `Happy/`, `Neutral/`, `Sad/`), the name is `SGX_FYY_EZZ`: gender and
number of the speaker, file, emotion letter and running number. Speakers are very uneven.
"""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.record import Clip, Corpus
from train.corpora.registry import decode, in_order, misnamed, reader, sound_files

EMOTIONS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
GENDERS = {"F": "female", "M": "male"}

_NAME = re.compile(r"(S([A-Z])\d+)_F\d+_([A-Z])\d+")


@reader("urdu", task="emotion", summary="URDU, 4 natural emotions, talk shows (research only)")
def load(root: Path) -> Corpus:
    """Read URDU from `root`.

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name with an unknown code, of another scheme, or in the wrong folder.
    """
    return Corpus(
        name="urdu",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order([_clip(path) for path in sound_files(root, "*/*")]),
        licence="research use only (terms of its README)",
        attribution="S. Latif, A. Qayyum, M. Usman, J. Qadir, Cross Lingual Speech Emotion Recognition: Urdu vs. "
        "Western Languages, FIT 2018, arXiv:1812.10411",
        commercial=False,
    )


def _clip(path: Path) -> Clip:
    """Return the clip behind a path."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise misnamed(path, "SGX_FYY_EZZ, for instance SM1_F10_A010")
    speaker, gender, letter = match.groups()
    label = decode(path, "emotion", letter, EMOTIONS)
    if path.parent.name.lower() != label:
        raise CorpusInvalid(
            f"{path.name}: says {label} but lies in folder {path.parent.name}",
            "put the file where it came from",
        )
    return Clip(
        path=path,
        corpus="urdu",
        speaker=f"urdu/{speaker}",
        label=label,
        gender=decode(path, "gender", gender, GENDERS),
    )
