"""The only place that prints. Results go to stdout; logs, progress and errors to stderr.

Verbs hand it tables and data; whether the user asked for `--json` is decided here.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from firmware_bridge.base import events
from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.base.events import Event, Kind, Outcome

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

WIDE = 240
NARROW = 80


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


def emit_lines(text: str, width: int = NARROW) -> None:
    """Print a sentence on stdout, broken into lines of the terminal's width, `width` where there is none."""
    import shutil
    import textwrap

    columns = shutil.get_terminal_size((width, 24)).columns if sys.stdout.isatty() else width
    emit_text("\n".join(textwrap.wrap(text, columns)))


def emit_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], width: int | None = None
) -> None:
    """Print a table on stdout; numbers are right-aligned.

    Args:
        title: Stands above the table.
        columns: Headings.
        rows: One sequence of cells per row; cells are turned into text with `str`.
        width: Columns where there is no terminal that has its own; by default so wide that no line is folded.
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
    room = None if sys.stdout.isatty() else width or WIDE
    Console(file=sys.stdout, highlight=False, width=room).print(table)


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


@contextmanager
def showing() -> Iterator[None]:
    """Show what happens on stderr: bars with the time left; without a terminal, lines at begin and end."""
    shown = _Bars() if sys.stderr.isatty() else _Lines()
    with _logged_once(), events.listening(shown):
        try:
            yield
        finally:
            shown.close()


@contextmanager
def _logged_once() -> Iterator[None]:
    """Keep `logging` from showing a second time what is shown here.

    Whoever has set it up still gets every line. Without one, its last resort would show our warnings twice; and some
    libraries set it up in passing (`logging.info` does), from which moment on every line would come twice.
    """
    root = logging.getLogger()
    others = logging.StreamHandler()
    others.setLevel(logging.WARNING)
    others.addFilter(lambda record: record.name != events.LOGGER.name)
    mine = [(events.LOGGER, logging.NullHandler())] + ([] if root.handlers else [(root, others)])
    for logger, handler in mine:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger, handler in mine:
            logger.removeHandler(handler)


class _Lines:
    """Writes one line when a stage or step begins and one when it ends, with its duration."""

    def __call__(self, event: Event) -> None:
        if line := self.line_of(event):
            self.write(line)

    @staticmethod
    def line_of(event: Event) -> str:
        """Return what an event is shown as: nothing for single items, and for stages that need not be made."""
        if event.line:
            return event.line
        quiet = event.kind is Kind.ADVANCED or event.outcome is Outcome.KEPT
        return "" if quiet else events.describe(event)

    def write(self, line: str) -> None:
        """Show a line."""
        log(line)

    def close(self) -> None:
        """Nothing is left open."""


class _Bars(_Lines):
    """Draws a bar for each step that is under way; stages and lines stand above them."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[tuple[int, int], TaskID] = {}

    def __call__(self, event: Event) -> None:
        place = (event.process, event.span)
        if not event.step:
            super().__call__(event)
        elif event.kind is Kind.BEGUN:
            self._tasks[place] = self._started().add_task(event.step, total=event.total)
        elif self._bars is not None and place in self._tasks:
            counted = event.kind is Kind.ADVANCED
            total = event.total if counted or event.total else max(event.items, 1)
            done = event.items if counted or event.outcome is not Outcome.DONE else total
            self._bars.update(self._tasks[place], completed=done, total=total)
            if not counted:
                del self._tasks[place]
            if not self._tasks:
                self.close()

    def write(self, line: str) -> None:
        """Show a line above the bars."""
        if self._bars is None:
            log(line)
        else:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Leave the bars as they are and draw no more."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
        self._tasks.clear()

    def _started(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        if self._bars is None:
            columns = (
                TextColumn("{task.description:<36}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
            )
            self._bars = Progress(*columns, console=Console(stderr=True))
            self._bars.start()
        return self._bars
