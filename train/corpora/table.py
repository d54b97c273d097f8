"""Any recordings with a table: a user's own corpus, and what `undertone corpus --cut` writes.

`clips.csv` beside the sounds: `file`, `label` and `speaker`, and where known `gender`, `transcript`, `session`,
`script`, `style`, `partition`, `votes` (`angry=0.75 sad=0.25`), `valence`, `arousal`, `dominance` (-1 to 1). An empty
cell is unknown. `file` is a path below the folder.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.files import atomic_directory, write_bytes
from firmware_bridge.base.progress import track
from firmware_bridge.sound.audio import write_wav
from train.corpora.files import in_order
from train.corpora.reading import ClipReader
from train.corpora.record import Clip, Corpus
from train.corpora.registry import reader
from train.corpora.tables import AGAIN, Row, first_file, number, optional_number, read_rows
from train.evaluation.leak import UNKNOWN_SPEAKER

TABLE = "clips.csv"
TEXTS = ("gender", "transcript", "session", "script", "style", "partition")
RATINGS = ("valence", "arousal", "dominance")
COLUMNS = ("file", "label", "speaker", *TEXTS, "votes", *RATINGS)
SUM_ERROR = 1e-3


@reader(
    "table",
    task="emotion",
    summary="any recordings with a table clips.csv: file, label, speaker, …",
    every_class=False,
)
def load(root: Path) -> Corpus:
    """Read a folder of recordings with a table.

    Raises:
        CorpusMissing: No `clips.csv`.
        CorpusInvalid: A damaged row, or a file outside the folder.
    """
    table = first_file(root, (TABLE,), "file, label, speaker")
    clips = [_clip(root, where, row) for where, row in read_rows(table, "file", "label", "speaker")]
    named = [clip.label for clip in clips if clip.label] + [
        name for clip in clips for name, _ in clip.votes or ()
    ]
    return Corpus(
        name="table",
        root=root,
        labels=tuple(sorted(set(named))),
        clips=in_order(clips),
        licence="yours",
        attribution=f"{root.name}: whoever made it",
        commercial=False,
        sidecars=(table,),
    )


def _clip(root: Path, where: str, row: Row) -> Clip:
    """Return the clip of a row."""
    path = root / row["file"]
    if not path.resolve().is_relative_to(root.resolve()):
        raise CorpusInvalid(f"{where}: {row['file']} lies outside the corpus", "use paths below the folder")
    speaker = row["speaker"].strip()
    texts = {name: row.get(name, "").strip() or None for name in TEXTS}
    ratings = {name: optional_number(where, name, row.get(name, ""), -1.0, 1.0) for name in RATINGS}
    facts: dict[str, Any] = texts | ratings
    return Clip(
        path=path,
        corpus="table",
        speaker=f"table/{speaker}" if speaker and speaker != UNKNOWN_SPEAKER else UNKNOWN_SPEAKER,
        label=row["label"].strip() or None,
        votes=_votes(where, row.get("votes", "")),
        has_audio=path.is_file(),
        **facts,
    )


def _votes(where: str, text: str) -> tuple[tuple[str, float], ...] | None:
    """Return the votes of a cell, `angry=0.75 sad=0.25`."""
    pairs = [part.partition("=") for part in text.split()]
    votes = tuple((name, number(where, f"votes for {name}", share, 0.0, 1.0)) for name, _, share in pairs)
    if votes and abs(sum(share for _, share in votes) - 1.0) > SUM_ERROR:
        raise CorpusInvalid(f"{where}: the votes sum to {sum(share for _, share in votes):.3f}", AGAIN)
    return votes or None


def cut(corpus: Corpus, clips: Sequence[Clip], folder: Path) -> None:
    """Write clips as files of their own, 16 kHz WAV with a table, into a new folder, whole or not at all.

    Args:
        corpus: Where they come from; speakers lose its name.
        clips: Clips with sound.
        folder: A folder that is not there yet.

    Raises:
        AudioUnreadable: A recording is damaged.
        CorpusInvalid: The folder is there already.
    """
    if folder.exists():
        raise CorpusInvalid(f"{folder}: already there", "name a new folder")
    lines = io.StringIO()
    table = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
    table.writeheader()
    sounds = ClipReader()
    with atomic_directory(folder) as fresh:
        for place, clip in enumerate(track(clips, f"cutting {corpus.name}")):
            file = f"{place:06}-{clip.path.stem}.wav"
            write_wav(fresh / file, sounds.read(clip).pcm)
            table.writerow(_row(file, clip))
        write_bytes(fresh / TABLE, lines.getvalue().encode())


def _row(file: str, clip: Clip) -> dict[str, str]:
    """Return the row of a clip."""
    votes = " ".join(f"{name}={share:.6f}" for name, share in clip.votes or () if share > 0)
    ratings = {name: getattr(clip, name) for name in RATINGS}
    return {
        "file": file,
        "label": clip.label or "",
        "speaker": clip.speaker.partition("/")[2] or UNKNOWN_SPEAKER,
        "votes": votes,
        **{name: "" if value is None else f"{value:.6f}" for name, value in ratings.items()},
        **{name: getattr(clip, name) or "" for name in TEXTS},
    }
