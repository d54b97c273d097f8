"""MSP-Podcast: 8 natural emotions, English podcasts, with raters' votes, releases 1.6 to 2.0.

Official layout: `Audios/MSP-PODCAST_0001_0008.wav`, `Labels/labels_consensus.csv` (spelled `concensus` up to 1.9;
a JSON of the same name is read too), `Labels/labels_detailed.csv`, `Transcripts/NAME.txt`. Columns are found by
their names. Attributes are 1 to 7 there and -1 to 1 here. Test3 has no labels in any release so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.progress import note
from train.corpora.ballots import Votes
from train.corpora.files import in_order, sounds_by_stem
from train.corpora.msp_podcast_votes import (
    Ballot,
    json_object,
    mention_shares,
    primary_shares,
    read_ballots,
)
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, Slice, reader
from train.corpora.tables import (
    AGAIN,
    Row,
    find_file,
    first_file,
    meaning,
    optional_number,
    read_rows,
    read_text,
    to_unit,
)
from train.evaluation.leak import UNKNOWN_SPEAKER

CLASSES = {
    "A": "angry",
    "S": "sad",
    "H": "happy",
    "U": "surprised",
    "F": "fearful",
    "D": "disgust",
    "C": "contempt",
    "N": "neutral",
    "O": "other",
}
NO_AGREEMENT = "X"
PARTS = {
    "Train": "train",
    "Development": "validation",
    "Validation": "validation",
    "Test1": "test1",
    "Test2": "test2",
    "Test3": "test3",
}
GENDERS = {"male": "male", "female": "female"}
FOLDERS = ("Labels", "labels", "label", ".")
COLUMNS = ("FileName", "EmoClass", "EmoAct", "EmoVal", "EmoDom", "SpkrID", "Gender", "Split_Set")
# Labelled clips of the releases whose papers or notes give a number (from memory, hence no promise).
RELEASES = {50_362: "1.6", 62_140: "1.7", 73_042: "1.8", 104_267: "1.10", 151_654: "1.11"}


def _mentions(corpus: Corpus) -> Corpus:
    """Return the corpus with shares of all mentions as votes."""
    table = _find(corpus.root, "detailed")
    if table is None:
        raise CorpusInvalid(
            f"{corpus.root}: no labels_detailed.csv", "secondary emotions are in that file alone"
        )
    votes = _votes(table, mention_shares)
    clips = [replace(clip, votes=votes.get(clip.path.name, (None, 0))[0]) for clip in corpus.clips]
    return replace(corpus, clips=tuple(clips))


@reader(
    "msp_podcast",
    task="emotion",
    summary="MSP-Podcast 1.6 to 2.0, 8 natural emotions with votes, English (licence by request)",
    every_class=False,
    folders=("msp_podcast", "MSP-Podcast", "MSP-PODCAST"),
    classes="eight",
    published=Published(None, None, "its releases", silent=frozenset({"MSP-PODCAST_1909_1017"})),
    slices={"mentions": Slice(_mentions, "votes count secondary emotions too; all clips", sets_classes=True)},
)
def load(root: Path) -> Corpus:
    """Read MSP-Podcast from `root`.

    Raises:
        CorpusMissing: No consensus labels.
        CorpusInvalid: A damaged table, or an unknown class, part or gender.
    """
    table = first_file(root, _places("consensus"), "the consensus labels")
    detailed = _find(root, "detailed")
    if detailed is None:
        note("msp_podcast: no labels_detailed.csv: there are labels and no votes")
    votes = _votes(detailed, primary_shares) if detailed else {}
    sounds = sounds_by_stem([root / "Audios", root / "Audio", root / "audio"])
    clips = [_clip(root, where, row, sounds, votes) for where, row in _consensus(table)]
    if unknown := sum(clip.speaker == UNKNOWN_SPEAKER for clip in clips):
        note(
            f"msp_podcast: {unknown} of {len(clips)} clips have no speaker; no speaker-independent figure uses them"
        )
    return Corpus(
        name="msp_podcast",
        root=root,
        labels=tuple(CLASSES.values()),
        clips=in_order(clips),
        licence="licence by request (UT Dallas, research or commercial)",
        attribution="R. Lotfian, C. Busso, Building Naturalistic Emotionally Balanced Speech Corpus by Retrieving "
        "Emotional Speech from Existing Podcast Recordings, IEEE Trans. Affective Computing 10(4), 2019",
        commercial=False,
        sidecars=tuple(path for path in (table, detailed) if path),
        release=RELEASES.get(len(clips), ""),
    )


def _places(which: str) -> list[str]:
    """Return where a table of labels can lie."""
    names = [f"labels_{which}"] + (["labels_concensus"] if which == "consensus" else [])
    return [f"{folder}/{name}.{kind}" for kind in ("csv", "json") for folder in FOLDERS for name in names]


def _find(root: Path, which: str) -> Path | None:
    return find_file(root, _places(which))


def _votes(path: Path, count: Callable[[list[Ballot]], Votes | None]) -> dict[str, tuple[Votes | None, int]]:
    """Return the votes and the number of raters of every clip."""
    return {name: (count(ballots), len(ballots)) for name, ballots in read_ballots(path).items()}


def _consensus(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the consensus rows of a CSV or JSON file."""
    if path.suffix == ".csv":
        yield from read_rows(path, *COLUMNS)
        return
    for name, values in json_object(path).items():
        if not isinstance(values, dict) or (lost := sorted(set(COLUMNS[1:]) - set(values))):
            raise CorpusInvalid(
                f"{path}, {name}: no {', '.join(lost) if isinstance(values, dict) else 'labels'}", AGAIN
            )
        yield f"{path}, {name}", {"FileName": name} | {key: str(value) for key, value in values.items()}


def _clip(
    root: Path, where: str, row: Row, sounds: dict[str, Path], votes: dict[str, tuple[Votes | None, int]]
) -> Clip:
    """Return the clip of a consensus row."""
    name = row["FileName"].strip()
    stem = name.rsplit(".", 1)[0]
    code = row["EmoClass"].strip()
    shares, raters = votes.get(name, (None, 0))
    number = row["SpkrID"].strip().removeprefix("Spkr_")
    text = root / "Transcripts" / f"{stem}.txt"
    ratings = [
        to_unit(optional_number(where, column, row[column], 1.0, 7.0), 1.0, 7.0)
        for column in ("EmoVal", "EmoAct", "EmoDom")
    ]
    return Clip(
        path=sounds.get(stem, root / "Audios" / name),
        corpus="msp_podcast",
        speaker=UNKNOWN_SPEAKER if number.lower() in ("unknown", "") else f"msp_podcast/{number}",
        label=None if code in (NO_AGREEMENT, "") else meaning(where, "class", code, CLASSES),
        votes=shares,
        valence=ratings[0],
        arousal=ratings[1],
        dominance=ratings[2],
        transcript=read_text(text).strip() if text.is_file() else None,
        gender=GENDERS.get(row["Gender"].strip().lower()),
        has_audio=stem in sounds,
        raters=raters or None,
        style="natural",
        partition=meaning(where, "part", row["Split_Set"].strip(), PARTS),
    )
