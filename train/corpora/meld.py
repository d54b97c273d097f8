"""MELD: 7 emotions of utterances from a television series, text only (Poria et al. 2019).

`train_sent_emo.csv`, `dev_sent_emo.csv` and `test_sent_emo.csv` beside each other or below `data/MELD/`. The sound
is a film's, with music and laughter, and is not read; the words are what this is for (which words tell an emotion).
A speaker is a character, and the same characters talk in all three parts.
"""

from __future__ import annotations

from pathlib import Path

from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader
from train.corpora.tables import Row, first_file, meaning, read_rows

EMOTIONS = {
    "neutral": "neutral",
    "joy": "happy",
    "surprise": "surprised",
    "anger": "angry",
    "sadness": "sad",
    "disgust": "disgust",
    "fear": "fearful",
}
PARTS = {"train": "train", "dev": "validation", "test": "test"}
COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")


@reader(
    "meld",
    task="text",
    summary="MELD, 7 emotions, English television dialogue, text only (GPL-3.0 repository)",
    every_class=False,
    folders=("meld", "MELD"),
    published=Published(
        13_708,
        None,
        "github.com/declare-lab/MELD, commit 2d2011b4",
        {
            "train_sent_emo.csv": "d2fa2d6529cf03cac2989efec05c9b27d8fd2f4c8fc5974c7ae88aa537fa02db",
            "dev_sent_emo.csv": "2e89c6f8aa182d6f62f8c6331aece905ac7273ca4999660bfb5213e1d0370c1c",
            "test_sent_emo.csv": "8d37103938f7067600839fe29d5a114a6cd1bcdafb75bec101e06464c5006888",
        },
    ),
)
def load(root: Path) -> Corpus:
    """Read MELD's text from `root`.

    Raises:
        CorpusMissing: One of the three tables is not there.
        CorpusInvalid: A damaged row or an unknown emotion.
    """
    tables = {part: _table(root, part) for part in PARTS}
    clips = [
        _clip(tables[part], part, where, row)
        for part in PARTS
        for where, row in read_rows(tables[part], *COLUMNS)
    ]
    return Corpus(
        name="meld",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=tuple(clips),
        licence="GPL-3.0 (repository; the dialogues are a television series')",
        attribution="S. Poria, D. Hazarika, N. Majumder, G. Naik, E. Cambria, R. Mihalcea, MELD: A Multimodal "
        "Multi-Party Dataset for Emotion Recognition in Conversation, ACL 2019",
        commercial=False,
        sidecars=tuple(tables.values()),
        speaker_unit="character",
    )


def _table(root: Path, part: str) -> Path:
    name = f"{part}_sent_emo.csv"
    return first_file(root, (name, f"data/MELD/{name}", f"MELD/{name}"), f"the {part} part")


def _clip(table: Path, part: str, where: str, row: Row) -> Clip:
    """Return the clip of a row; its path is where its video would be."""
    dialogue, utterance = row["Dialogue_ID"], row["Utterance_ID"]
    return Clip(
        path=table.parent / part / f"dia{dialogue}_utt{utterance}.mp4",
        corpus="meld",
        speaker=f"meld/{row['Speaker'].strip().lower()}",
        label=meaning(where, "emotion", row["Emotion"], EMOTIONS),
        transcript=row["Utterance"],
        has_audio=False,
        partition=PARTS[part],
        style="scripted",
    )
