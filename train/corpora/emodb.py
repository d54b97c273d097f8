"""EmoDB: 7 acted emotions, German, 10 actors (Burkhardt et al. 2005).

The name is `SSTTTEV`: speaker, text, emotion (the initial of its German name) and take: `03a01Fa.wav`.
Official layout `wav/*.wav`; the folder itself and `audio/` are accepted too.
"""

from __future__ import annotations

import re
from pathlib import Path

from train.corpora.files import decode, in_order, misnamed, sound_files
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader

EMOTIONS = {
    "N": "neutral",
    "W": "angry",
    "L": "bored",
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
}
SPEAKERS = {
    "03": "male",
    "08": "female",
    "09": "female",
    "10": "male",
    "11": "male",
    "12": "male",
    "13": "female",
    "14": "female",
    "15": "male",
    "16": "female",
}
TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank",
    "a02": "Das will sie am Mittwoch abgeben",
    "a04": "Heute abend könnte ich es ihm sagen",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück",
    "a07": "In sieben Stunden wird es soweit sein",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen",
}

_NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])([a-z]?)")


@reader(
    "emodb",
    task="emotion",
    summary="EmoDB, 7 acted emotions, German, 10 actors",
    published=Published(
        535, 10, "F. Burkhardt et al., A Database of German Emotional Speech, Interspeech 2005"
    ),
)
def load(root: Path) -> Corpus:
    """Read EmoDB from `root`.

    Raises:
        CorpusMissing: No sound files.
        CorpusInvalid: A file name with an unknown code, or of another scheme.
    """
    base = root / "wav" if (root / "wav").is_dir() else root
    return Corpus(
        name="emodb",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order([_clip(path) for path in sound_files(base, "*")]),
        licence="not stated (offered for free use by its makers)",
        attribution="F. Burkhardt, A. Paeschke, M. Rolfes, W. F. Sendlmeier, B. Weiss, A Database of German "
        "Emotional Speech, Interspeech 2005",
        commercial=False,
    )


def _clip(path: Path) -> Clip:
    """Return the clip behind a path."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise misnamed(path, "SSTTTEV, for instance 03a01Fa")
    speaker, text, emotion, _ = match.groups()
    return Clip(
        path=path,
        corpus="emodb",
        speaker=f"emodb/{speaker}",
        label=decode(path, "emotion", emotion, EMOTIONS),
        transcript=decode(path, "text", text, TEXTS),
        gender=decode(path, "speaker", speaker, SPEAKERS),
        script=text,
        style="scripted",
    )
