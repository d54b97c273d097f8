"""When each word is said: Praat's TextGrid (both text forms), EmoDB's label files, Sphinx's word segments.

All return stretches in seconds. `words_of` keeps what is a word: silences, noises and unfinished words in brackets
are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora.tables import AGAIN, number, read_text

SILENCES = frozenset({"", "sil", "sp", "spn", "silence", "<eps>", "<unk>", "<s>", "</s>", "<sil>"})
FRAME_S = 0.01

# Praat's own rule for both text forms: what counts are quoted texts, <flags> and free-standing numbers.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|<(\w+)>|(?<!\S)([-+]?\d[\d.eE+-]*)(?!\S)')
_BRACKETED = re.compile(r"[\[<({].*")
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Stretch:
    """A labelled stretch of a recording."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Tier:
    """One level of labels (words, phones); points have stretches without length."""

    name: str
    stretches: tuple[Stretch, ...]


def read_textgrid(path: Path) -> tuple[Tier, ...]:
    """Return the tiers of a TextGrid in the long or short text form, UTF-8 or UTF-16.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: Not a TextGrid, a binary one, truncated, or with times that run backwards.
    """
    if not path.is_file():
        raise CorpusMissing(f"{path}: no such file", "complete the download")
    head = path.read_bytes()[:16]
    if head.startswith(b"ooBinaryFile"):
        raise CorpusInvalid(f"{path}: a binary TextGrid", "save it from Praat as a text file")
    tokens = _tokens(read_text(path, _BOMS.get(head[:2], "utf-8-sig")))
    try:
        if not str(next(tokens)).startswith("ooTextFile") or next(tokens) != "TextGrid":
            raise CorpusInvalid(f"{path}: not a TextGrid", "point at Praat's text files")
        return tuple(_read_tiers(path, tokens))
    except StopIteration as error:
        raise CorpusInvalid(f"{path}: not a TextGrid, or truncated", AGAIN) from error


def _tokens(text: str) -> Iterator[str | float]:
    """Yield what counts: texts as str, numbers as float; flags are left out."""
    for match in _TOKEN.finditer(text):
        if match[1] is not None:
            yield match[1].replace('""', '"')
        elif match[3] is not None:
            yield float(match[3])


def _read_tiers(path: Path, tokens: Iterator[str | float]) -> Iterator[Tier]:
    def take(kind: type) -> str | float:
        found = next(tokens, None)
        if found is None or not isinstance(found, kind):
            raise CorpusInvalid(f"{path}: truncated, or damaged near {found!r}", AGAIN)
        return found

    def seconds() -> float:
        return float(take(float))

    seconds(), seconds()
    for _ in range(int(seconds())):
        kind, name = str(take(str)), str(take(str))
        seconds(), seconds()
        stretches: list[Stretch] = []
        for _ in range(int(seconds())):
            start = seconds()
            end = seconds() if kind == "IntervalTier" else start
            if end < start or (stretches and start < stretches[-1].start_s):
                raise CorpusInvalid(f"{path}, tier {name}: times run backwards at {start:g} s", AGAIN)
            stretches.append(Stretch(start, end, str(take(str)).strip()))
        yield Tier(name, tuple(stretches))


def tier(path: Path, tiers: Sequence[Tier], name: str) -> Tier:
    """Return the tier of a name, also where it ends in it (`speaker - words`).

    Raises:
        CorpusInvalid: There is none; lists those that there are.
    """
    for one in tiers:
        if one.name.lower() == name or re.split(r"[\s_-]+", one.name.lower())[-1] == name:
            return one
    listed = ", ".join(one.name for one in tiers) or "none"
    raise CorpusInvalid(f"{path}: no tier '{name}'", f"its tiers: {listed}")


def words_of(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Return the words among some stretches, in lower case."""
    kept = []
    for one in stretches:
        text = one.text.lower()
        if text not in SILENCES and not _BRACKETED.fullmatch(text) and one.end_s > one.start_s:
            kept.append(Stretch(one.start_s, one.end_s, text))
    return tuple(kept)


def read_xlabel(path: Path) -> tuple[Stretch, ...]:
    """Return the stretches of an ESPS label file (EmoDB's `lab*`): after a line `#`, `END  colour  LABEL`.

    Times are ends; the first label begins at 0.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: No line `#`, or a damaged one after it.
    """
    lines = read_text(path, "latin-1").splitlines()
    marks = [index for index, line in enumerate(lines) if line.strip() == "#"]
    if not marks:
        raise CorpusInvalid(f"{path}: no line '#' before the labels", AGAIN)
    rows = [
        (at, line.split(None, 2))
        for at, line in enumerate(lines[marks[0] + 1 :], marks[0] + 2)
        if line.strip()
    ]
    return _from_ends(path, [(at, row[0], row[2].strip() if len(row) > 2 else "") for at, row in rows])


def read_silb(path: Path) -> tuple[Stretch, ...]:
    """Return the syllables of an EmoDB `.silb` file: `END<TAB>SYLLABLE` lines; the first begins at 0.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: A damaged line.
    """
    lines = enumerate(read_text(path, "latin-1").splitlines(), 1)
    rows = [(at, line.split(None, 1)) for at, line in lines if line.strip()]
    return _from_ends(path, [(at, row[0], row[1].strip() if len(row) > 1 else "") for at, row in rows])


def _from_ends(path: Path, rows: Sequence[tuple[int, str, str]]) -> tuple[Stretch, ...]:
    """Return stretches from lines of ends and labels."""
    found: list[Stretch] = []
    for line, end, text in rows:
        start = found[-1].end_s if found else 0.0
        stop = number(f"{path}:{line}", "time", end, 0.0, 1e5)
        if stop < start:
            raise CorpusInvalid(f"{path}:{line}: times run backwards ({stop:g} s after {start:g} s)", AGAIN)
        found.append(Stretch(start, stop, text))
    return tuple(found)


def read_wdseg(path: Path) -> tuple[Stretch, ...]:
    """Return the words of a Sphinx `.wdseg` file (IEMOCAP): frames of 10 ms, both ends counted in.

    Variants of a pronunciation (`the(2)`) are the same word.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: A damaged line.
    """
    found = []
    for line, text in enumerate(read_text(path).splitlines(), 1):
        cells = text.split()
        if not cells or cells[0] == "SFrm" or cells[0].startswith("Total"):
            continue
        if len(cells) != 4:
            raise CorpusInvalid(f"{path}:{line}: not 'first frame, last frame, score, word'", AGAIN)
        first, last = (number(f"{path}:{line}", "frame", cell, 0, 1e7) for cell in cells[:2])
        if last < first:
            raise CorpusInvalid(f"{path}:{line}: times run backwards", AGAIN)
        word = re.sub(r"\(\d+\)$", "", cells[3])
        found.append(Stretch(first * FRAME_S, (last + 1) * FRAME_S, word))
    return tuple(found)
