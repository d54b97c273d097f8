"""nEMO: 6 acted emotions, Polish, nine actors who say the same sentences in every emotion (Christop 2024).

`data.tsv` says everything about a clip; its sound lies in `samples/` as WAV (FLAC is accepted). The name is
`AAA_EMOTION_N`, actor, emotion and number of the sentence: words tell nothing about the emotion here, which makes
it the negative control for anything that listens to words.
"""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.progress import note
from train.corpora.files import in_order, sounds_by_stem
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader
from train.corpora.tables import AGAIN, Row, first_file, meaning, read_rows

EMOTIONS = {
    "neutral": "neutral",
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprised",
}
GENDERS = {"female": "female", "male": "male"}

_NAME = re.compile(r"([A-Z0-9]+)_([a-z]+)_(\d+)")


@reader(
    "nemo",
    task="emotion",
    summary="nEMO, 6 acted emotions, Polish, 9 actors, same sentences in each (non-commercial)",
    published=Published(
        4481,
        9,
        "github.com/amu-cai/nEMO, commit 66de9999",
        {"data.tsv": "c4919594a62fee0dcd70066ace7bddfb92dc567321fe6ba37ea53f6008f3d828"},
    ),
)
def load(root: Path) -> Corpus:
    """Read nEMO from `root`.

    Raises:
        CorpusMissing: No `data.tsv`.
        CorpusInvalid: A damaged row, an unknown emotion, or a row that contradicts its file's name.
    """
    table = first_file(root, ("data.tsv",), "the table of clips")
    sounds = sounds_by_stem([root / "samples"])
    columns = ("file_id", "emotion", "raw_text", "speaker_id", "gender")
    clips = [_clip(root, where, row, sounds) for where, row in read_rows(table, *columns, delimiter="\t")]
    if unlisted := len(set(sounds) - {clip.path.stem for clip in clips}):
        note(f"nemo: {unlisted} sound files are not in {table.name}: left out")
    return Corpus(
        name="nemo",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order(clips),
        licence="CC BY-NC-SA 4.0",
        attribution="I. Christop, nEMO: Dataset of Emotional Speech in Polish, LREC-COLING 2024, pages 12111-12116",
        commercial=False,
        sidecars=(table,),
    )


def _clip(root: Path, where: str, row: Row, sounds: dict[str, Path]) -> Clip:
    """Return the clip of a row."""
    stem = row["file_id"].rsplit(".", 1)[0]
    match = _NAME.fullmatch(stem)
    # The official table has eight blanks before each speaker.
    speaker = row["speaker_id"].strip()
    if match is None or match[1] != speaker or match[2] != row["emotion"]:
        raise CorpusInvalid(f"{where}: {row['file_id']} is said to be {speaker}, {row['emotion']}", AGAIN)
    return Clip(
        path=sounds.get(stem, root / "samples" / f"{stem}.wav"),
        corpus="nemo",
        speaker=f"nemo/{speaker}",
        label=meaning(where, "emotion", row["emotion"], EMOTIONS),
        transcript=row["raw_text"],
        gender=meaning(where, "gender", row["gender"], GENDERS),
        has_audio=stem in sounds,
        script=match[3],
        style="scripted",
    )
