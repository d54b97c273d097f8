"""IEMOCAP's label files: who said what when, what each rater heard, and the words.

`SessionN/dialog/EmoEvaluation/DIALOGUE.txt` holds blocks: a header with times, turn, majority and mean attributes,
then a line for each rater. `C-` lines are classes (several at once are possible), `A-` lines attributes. Raters are
`E…`; `F…` and `M…` are the speakers' own answers, which the header's means leave out, and so do we.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.tables import AGAIN, meaning, number, read_text

CODES = {
    "ang": "angry",
    "hap": "happy",
    "exc": "excited",
    "sad": "sad",
    "neu": "neutral",
    "fru": "frustrated",
    "fea": "fearful",
    "sur": "surprised",
    "dis": "disgust",
    "oth": "other",
}
NO_MAJORITY = "xxx"
WORDS = {
    "Anger": "angry",
    "Happiness": "happy",
    "Excited": "excited",
    "Sadness": "sad",
    "Neutral state": "neutral",
    "Neutral": "neutral",
    "Frustration": "frustrated",
    "Fear": "fearful",
    "Surprise": "surprised",
    "Disgust": "disgust",
    "Other": "other",
}

_HEADER = re.compile(
    r"\[\s*([\d.]+)\s*-\s*([\d.]+)\s*\]\s+(\S+)\s+([a-z]{3})\s+\[\s*([^,\]]+),\s*([^,\]]+),\s*([^,\]]+)\]"
)
_CLASSES = re.compile(r"C-([EFM]\w*):\s*(.*?)\s*\(.*\)?")
_ATTRIBUTES = re.compile(r"A-[EFM]\w*:\s.*")
_SAID = re.compile(r"(\S+)\s+\[[\d.]+-[\d.]+\]:\s*(.*)")


@dataclass(frozen=True)
class Turn:
    """One turn of a dialogue.

    Attributes:
        where: `file:line` of its header.
        name: `Ses01F_impro05_F019`.
        start_s: When it begins in the dialogue.
        end_s: When it ends.
        label: The raters' majority, None where there is none.
        attributes: Mean valence, activation and dominance, 1 to 5.
        ballots: The classes that each outside rater named.
    """

    where: str
    name: str
    start_s: float
    end_s: float
    label: str | None
    attributes: tuple[float, float, float]
    ballots: tuple[tuple[str, ...], ...] = ()


def read_turns(path: Path) -> list[Turn]:
    """Return the turns of a dialogue in the order of the file.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: A damaged line, an unknown class or word, or a value out of range.
    """
    found: list[Turn] = []
    for line, text in enumerate(read_text(path).splitlines(), 1):
        where, text = f"{path}:{line}", text.strip()
        if text.startswith("["):
            found.append(_turn(where, text))
        elif text.startswith("C-") and found:
            match = _CLASSES.fullmatch(text)
            if match is None:
                raise CorpusInvalid(f"{where}: not a rater's line", AGAIN)
            if match[1].startswith("E") and (ballot := tuple(_ballot(where, match[2]))):
                found[-1] = replace(found[-1], ballots=(*found[-1].ballots, ballot))
        elif text and not text.startswith("%") and not _ATTRIBUTES.fullmatch(text):
            raise CorpusInvalid(f"{where}: neither a turn nor a rater's line", AGAIN)
    return found


def _turn(where: str, text: str) -> Turn:
    """Return the turn of a header line."""
    match = _HEADER.fullmatch(text)
    if match is None:
        raise CorpusInvalid(f"{where}: not the header of a turn", AGAIN)
    start, end = (number(where, "time", match[group], 0.0, 1e5) for group in (1, 2))
    if end <= start:
        raise CorpusInvalid(f"{where}: a turn that ends at {end:g} s and begins at {start:g} s", AGAIN)
    valence, activation, dominance = (
        # Means up to 5.5 occur: one rater's typing error, left as published.
        number(where, name, match[group], 1.0, 5.5)
        for group, name in ((5, "valence"), (6, "activation"), (7, "dominance"))
    )
    label = None if match[4] == NO_MAJORITY else meaning(where, "class", match[4], CODES)
    return Turn(where, match[3], start, end, label, (valence, activation, dominance))


def _ballot(where: str, text: str) -> Iterator[str]:
    """Yield the classes that a rater named, `Happiness; Excited;`."""
    seen: set[str] = set()
    for word in (part.strip() for part in text.split(";")):
        if word and (label := meaning(where, "vote", word, WORDS)) not in seen:
            seen.add(label)
            yield label


def read_transcript(path: Path) -> dict[str, str]:
    """Return the words of each turn of a dialogue; lines without a turn's name and times are remarks.

    Raises:
        CorpusMissing: No such file.
    """
    lines = (_SAID.fullmatch(line.strip()) for line in read_text(path).splitlines())
    return {match[1]: match[2].strip() for match in lines if match}
