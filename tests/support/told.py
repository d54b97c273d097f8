"""What the code tells the user, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firmware_bridge.base.events import Event, listening


@contextmanager
def told() -> Iterator[list[str]]:
    """Collect the lines of `tell` and `note` while the block lasts."""
    lines: list[str] = []

    def keep(event: Event) -> None:
        if event.line:
            lines.append(event.line)

    with listening(keep):
        yield lines
