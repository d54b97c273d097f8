"""The only place that prints. Results go to stdout; logs, progress and errors to stderr.

Verbs hand it tables and data; whether the user asked for `--json` is decided here.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from firmware_bridge.base import progress
from firmware_bridge.base.errors import UndertoneError

if TYPE_CHECKING:
    from rich.progress import Progress

WIDE = 240


def emit_json(data: Any) -> None:
    """Print one machine-readable object on stdout."""
    sys.stdout.write(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def emit_text(text: str) -> None:
    """Print plain text on stdout."""
    sys.stdout.write(text + "\n")


def emit_now(text: str) -> None:
    """Print a line of a result that grows, so that a reader at the end of a pipe has it at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def emit_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout; numbers are right-aligned.

    Args:
        title: Stands above the table.
        columns: Headings.
        rows: One sequence of cells per row; cells are turned into text with `str`.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[str(cell) for cell in row] for row in rows]
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        numeric = bool(cells) and all(_looks_numeric(row[index]) for row in cells)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=index == 0)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    # A pipe or file has no width: lines are not folded there, so that they can be searched.
    width = None if sys.stdout.isatty() else WIDE
    Console(file=sys.stdout, highlight=False, width=width).print(table)


def _looks_numeric(cell: str) -> bool:
    """Tell whether a cell reads as a number, perhaps with a unit or nothing in it."""
    return not cell or cell.lstrip("+-±<>≥≤ ")[:1].isdigit() or cell == "-"


def log(line: str) -> None:
    """Tell the user something on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def fail(error: UndertoneError, as_json: bool) -> int:
    """Report an error: one line, its remedy, and where to read more. Return the exit status."""
    if as_json:
        emit_json(error.as_dict())
    sys.stderr.write(f"undertone: {error.what}\n")
    if error.remedy:
        sys.stderr.write(f"  remedy: {error.remedy}\n")
    if error.see:
        sys.stderr.write(f"  see: {error.see}\n")
    return error.exit_status


def show_progress() -> None:
    """Draw progress bars with the time left on stderr; without a terminal, one line per task."""
    progress.install(_bars if sys.stderr.isatty() else _lines, log)


def _bars(items: Iterable[Any], title: str, total: int | None) -> Iterator[Any]:
    """Draw a bar while `items` are gone through; work that goes on side by side has one bar each."""
    with _shared_bars() as bars:
        task = bars.add_task(title, total=total)
        try:
            for item in items:
                yield item
                bars.advance(task)
        finally:
            if len(bars.tasks) > 1:  # the others go on below what is done
                bars.console.print(bars.make_tasks_table([one for one in bars.tasks if one.id == task]))
                bars.remove_task(task)


_sharing = threading.Lock()
_shared: list[Progress] = []
_users = 0


@contextlib.contextmanager
def _shared_bars() -> Iterator[Progress]:
    """Yield the one live display of this terminal; it ends with its last user."""
    global _users
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with _sharing:
        _users += 1
        if not _shared:
            columns = (
                TextColumn("{task.description:<36}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
            )
            _shared.append(Progress(*columns, console=Console(stderr=True)))
            _shared[0].start()
        bars = _shared[0]
    try:
        yield bars
    finally:
        with _sharing:
            _users -= 1
            if not _users:
                _shared.pop().stop()


def _lines(items: Iterable[Any], title: str, total: int | None) -> Iterator[Any]:
    """Write one line when a task starts and one when it ends, with its duration."""
    import time

    started = time.monotonic()
    log(f"{title} ({total} steps)" if total else title)
    yield from items
    log(f"{title}: done in {time.monotonic() - started:.1f} s")
