"""Progress of long work: rooms report it, and whoever runs them decides how it is shown.

A room wraps its loop in `track(items, "reading clips")`. By default nothing is shown; the
command line installs a reporter that draws bars with the time left on standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

Item = TypeVar("Item")
Reporter = Callable[[Iterable[Any], str, int | None], Iterable[Any]]

_reporter: Reporter | None = None
_note: Callable[[str], None] | None = None


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
    """Tell the user something in one line; silent where nobody listens."""
    if _note is not None:
        _note(line)
