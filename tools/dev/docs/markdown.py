"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a table; a heading that starts with `>` is of a column of numbers."""
    yield "| " + " | ".join(column.removeprefix(">") for column in columns) + " |"
    yield "|" + "|".join("--:" if column.startswith(">") else "---" for column in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(cell(one) for one in row) + " |"


def cell(value: Any) -> str:
    """Return a value as a cell: on one line, a bar in it escaped."""
    return " ".join(str(value).split()).replace("|", "\\|")
