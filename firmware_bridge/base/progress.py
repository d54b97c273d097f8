"""Progress of long work: rooms report it, and whoever runs them decides how it is shown.

A room wraps its loop in `track(items, "reading clips")`. By default nothing is shown; the
command line installs a reporter that draws bars with the time left on standard error.

What a user should read goes through the standard library's logger `undertone`: stand-ins and conversions as warnings
(`note`), the steps of long work as information (`tell`). Where no console listens and nothing is configured, warnings
appear on standard error as those of any library do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

Item = TypeVar("Item")
Reporter = Callable[[Iterable[Any], str, int | None], Iterable[Any]]

_reporter: Reporter | None = None
_note: Callable[[str], None] | None = None


class _ToListener(logging.Handler):
    """Hands lines to whoever is installed, and warnings to `logging`'s last resort where nobody is."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on one record."""
        if _note is not None:
            _note(record.getMessage())
        elif record.levelno >= logging.WARNING and logging.lastResort and not logging.getLogger().handlers:
            logging.lastResort.handle(record)


LOGGER = logging.getLogger("undertone")
LOGGER.setLevel(logging.INFO)
if not any(isinstance(handler, _ToListener) for handler in LOGGER.handlers):
    LOGGER.addHandler(_ToListener())


def install(reporter: Reporter | None, note: Callable[[str], None] | None = None) -> None:
    """Choose who shows progress; `None` shows nothing.

    Args:
        reporter: Called with (iterable, title, total); yields the iterable's items.
        note: Called with one line of text that the user should see (a conversion, a stand-in).
    """
    global _reporter, _note
    _reporter, _note = reporter, note


def track(items: Iterable[Item], title: str, total: int | None = None) -> Iterator[Item]:
    """Yield `items` while their progress is reported under `title`.

    Args:
        items: What to go through.
        title: What is being done, in the present participle.
        total: How many items there are, where `len` does not tell.
    """
    if _reporter is None:
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    yield from _reporter(items, title, total)


def note(line: str) -> None:
    """Warn the user in one line: of a stand-in, a conversion, something that is missing."""
    LOGGER.warning("%s", line)


def tell(line: str) -> None:
    """Tell the user how far work has come, in one line; silent where nobody listens."""
    LOGGER.info("%s", line)
