"""MSP-Podcast's table of single raters, in the four forms that its releases have had.

1.6 and 2.0: one row for each rater, a column for each answer. 1.7 to 1.12: one row for each rater, all answers
in one cell, `WORKER0000123; Neutral; Neutral,Concerned; A:4.0; V:4.0; D:4.0;`. JSON: the answers by file and rater.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.ballots import Votes, mentions_of, shares_of
from train.corpora.tables import AGAIN, meaning, read_rows, read_text

MAJORS = {
    "Angry": "angry",
    "Sad": "sad",
    "Happy": "happy",
    "Surprise": "surprised",
    "Fear": "fearful",
    "Disgust": "disgust",
    "Contempt": "contempt",
    "Neutral": "neutral",
    "Other": "other",
}
ORDER = tuple(MAJORS.values())

# The free text of "Other" may hold anything but the mark between answers.
_DETAIL = re.compile(r"([^;]*);([^;]*);([^;]*);\s*A:([^;]*);\s*V:([^;]*);\s*D:([^;]*);?\s*")


@dataclass(frozen=True)
class Ballot:
    """What one rater said of one clip: the main class, and secondary ones among the nine."""

    major: str
    secondary: tuple[str, ...]


def _class_of(where: str, text: str) -> str:
    """Return a main class; `Other-something` is other."""
    return meaning(where, "emotion", text.strip().partition("-")[0].strip(), MAJORS)


def _secondary(text: str) -> tuple[str, ...]:
    """Return the secondary emotions that are among the nine; there are many more, which no class stands for."""
    words = [word.strip().partition("-")[0].strip() for word in text.split(",")]
    return tuple(dict.fromkeys(MAJORS[word] for word in words if word in MAJORS))


def read_ballots(path: Path) -> dict[str, list[Ballot]]:
    """Return the ballots of every clip, by file name.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: A damaged row or an unknown main class.
    """
    found: dict[str, list[Ballot]] = defaultdict(list)
    for name, where, major, secondary in _json(path) if path.suffix == ".json" else _csv(path):
        found[name].append(Ballot(_class_of(where, major), _secondary(secondary)))
    return dict(found)


def _csv(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield file name, place, main class and secondary ones of each row of a CSV."""
    for where, row in read_rows(path, "FileName"):
        if "EmoDetail" in row:
            match = _DETAIL.fullmatch(row["EmoDetail"].strip())
            if match is None:
                raise CorpusInvalid(f"{where}: '{row['EmoDetail']}' is not a rater's answer", AGAIN)
            yield row["FileName"], where, match[2], match[3]
        elif "EmoClass_Major" in row and "EmoClass_Second" in row:
            yield row["FileName"], where, row["EmoClass_Major"], row["EmoClass_Second"]
        else:
            raise CorpusInvalid(f"{path}: no column EmoDetail or EmoClass_Major and EmoClass_Second", AGAIN)


def _json(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield file name, place, main class and secondary ones of each answer in a JSON file."""
    for name, raters in json_object(path).items():
        answers = raters.get("Workers", raters) if isinstance(raters, dict) else {}
        for number, answer in enumerate(answers.values() if isinstance(answers, dict) else answers):
            where = f"{path}, {name}, rater {number + 1}"
            if not isinstance(answer, dict) or not isinstance(answer.get("EmoClass_Major"), str):
                raise CorpusInvalid(f"{where}: no EmoClass_Major", AGAIN)
            yield name, where, answer["EmoClass_Major"], str(answer.get("EmoClass_Second") or "")


def json_object(path: Path) -> dict[str, Any]:
    """Return a JSON file's object.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: Not JSON, or not an object.
    """
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise CorpusInvalid(f"{path}:{error.lineno}: not JSON ({error.msg})", AGAIN) from error
    if not isinstance(found, dict):
        raise CorpusInvalid(f"{path}: not a JSON object", AGAIN)
    return found


def primary_shares(ballots: list[Ballot]) -> Votes | None:
    """Return each main class's share of the raters; `other` counts in the divisor."""
    return shares_of([(ballot.major,) for ballot in ballots], ORDER)


def mention_shares(ballots: list[Ballot]) -> Votes | None:
    """Return each class's share of all mentions, main and secondary; one rater mentions a class once."""
    return mentions_of([tuple(dict.fromkeys((b.major, *b.secondary))) for b in ballots], ORDER)
