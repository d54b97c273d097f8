"""Tables of labels (CSV, TSV) read with care: every complaint names the file and the line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing

Row = dict[str, str]
AGAIN = "fetch the file again; nothing in it should have been edited"


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """Return a text file's content.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: It is in another encoding, or not text.
    """
    if not path.is_file():
        raise CorpusMissing(f"{path}: no such file", "complete the download: the labels are in it")
    try:
        return path.read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        raise CorpusInvalid(f"{path}: not {encoding} text (byte {error.start})", AGAIN) from error


def read_rows(path: Path, *columns: str, delimiter: str = ",") -> Iterator[tuple[str, Row]]:
    """Yield where a row is (`file:line`) and its cells by column.

    Args:
        path: A table with a header line.
        columns: Columns that it must have; others may be there too, in any order.
        delimiter: Between cells.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: A column is missing, a row has too few or too many cells, or there is no row.
    """
    stream = io.StringIO(read_text(path), newline="")
    if delimiter == "\t":  # where a quotation mark is a quotation mark
        table = csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        table = csv.reader(stream, delimiter=delimiter, strict=True)
    header = next(table, [])
    if missing := [column for column in columns if column not in header]:
        raise CorpusInvalid(
            f"{path}: no column {', '.join(missing)}", f"{AGAIN}; it has: {', '.join(header)}"
        )
    line = 1
    for cells in _lines(path, table):
        line = table.line_num
        if not cells:
            continue
        if len(cells) != len(header):
            raise CorpusInvalid(f"{path}:{line}: {len(cells)} cells instead of {len(header)}", AGAIN)
        yield f"{path}:{line}", dict(zip(header, cells, strict=True))
    if line == 1:
        raise CorpusInvalid(f"{path}: a header and no rows", AGAIN)


def _lines(path: Path, table: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield a table's rows, its syntax errors turned into messages."""
    try:
        yield from table
    except csv.Error as error:
        raise CorpusInvalid(f"{path}: not a table ({error})", AGAIN) from error


def number(where: str, name: str, text: str, low: float, high: float) -> float:
    """Return a number from a table.

    Args:
        where: `file:line`, for the message.
        name: What it is.
        text: The cell.
        low: Least value that makes sense.
        high: Greatest one.

    Raises:
        CorpusInvalid: Not a number, or outside.
    """
    try:
        value = float(text)
    except ValueError as error:
        raise CorpusInvalid(f"{where}: {name} '{text}' is not a number", AGAIN) from error
    if not low <= value <= high:
        raise CorpusInvalid(f"{where}: {name} {value:g} is outside {low:g} to {high:g}", AGAIN)
    return value


def optional_number(where: str, name: str, text: str, low: float, high: float) -> float | None:
    """Return a number, or None for an empty cell or `NaN`; otherwise as `number`."""
    if text.strip().lower() in ("", "nan"):
        return None
    return number(where, name, text, low, high)


def to_unit(value: float | None, low: float, high: float) -> float | None:
    """Return a rating between `low` and `high` on the scale of `Clip`, -1 to 1."""
    return None if value is None else min(1.0, max(-1.0, (2.0 * value - low - high) / (high - low)))


def meaning(where: str, field: str, code: str, codes: dict[str, str]) -> str:
    """Return what a code in a table stands for.

    Raises:
        CorpusInvalid: The code is unknown; the known ones are listed.
    """
    if code not in codes:
        listed = ", ".join(known if known == word else f"{known} {word}" for known, word in codes.items())
        raise CorpusInvalid(f"{where}: unknown {field} '{code}'", f"known: {listed}")
    return codes[code]


def first_file(root: Path, names: Sequence[str], what: str) -> Path:
    """Return the first of several possible files.

    Raises:
        CorpusMissing: None is there.
    """
    found = find_file(root, names)
    if found is None:
        raise CorpusMissing(
            f"{root}: no {names[0]} ({what})",
            f"point at the folder of the official layout; looked for {', '.join(names)}",
            "train/corpora/README.md",
        )
    return found


def find_file(root: Path, names: Sequence[str]) -> Path | None:
    """Return the first of several possible files, or None."""
    return next((root / name for name in names if (root / name).is_file()), None)
