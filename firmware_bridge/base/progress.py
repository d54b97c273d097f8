"""What a room says while it works: `track` around a loop, `tell` and `note` for a line to the user.

All of it goes into the stream of `events.py`. By default nothing is shown; the command line draws bars with the time
left on standard error. What a user should read also goes through the standard library's logger `undertone`: stand-ins
and conversions as warnings (`note`), how far work has come as information (`tell`). Where nothing is configured,
warnings appear on standard error as those of any library do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from firmware_bridge.base.events import Kind, say, step

Item = TypeVar("Item")


def track(items: Iterable[Item], title: str, total: int | None = None) -> Iterator[Item]:
    """Yield `items` while their progress is reported under `title`.

    Args:
        items: What to go through.
        title: What is being done, in the present participle.
        total: How many items there are, where `len` does not tell.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with step(title, total) as advance:
        for item in items:
            yield item
            advance()


def note(line: str) -> None:
    """Warn the user in one line: of a stand-in, a conversion, something that is missing."""
    say(Kind.WARNED, line)


def tell(line: str) -> None:
    """Tell the user how far work has come, in one line; silent where nobody listens."""
    say(Kind.TOLD, line)
