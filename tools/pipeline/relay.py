"""Progress and notes of other processes, shown by this one's console."""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from typing import Any

from firmware_bridge.base import progress

# Seconds between two messages about one loop.
INTERVAL_S = 0.2


@dataclass(frozen=True)
class Line:
    """The end of a pipe that many processes speak into, one whole message at a time."""

    end: Connection
    alone: Lock

    def put(self, message: Any) -> None:
        """Send one message, from any thread of any process."""
        with self.alone:
            self.end.send(message)


class Speaker(logging.Handler):
    """The side where the work is done: a reporter of loops and a handler of log records."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self._numbers = itertools.count()

    def send(self, *message: Any) -> None:
        """Send one message with the sender's name."""
        self._line.put((os.getpid(), *message))

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line that the user should see."""
        self.send("log", record.levelno, record.getMessage())

    def silence(self) -> None:
        """Say that no loop goes on here."""
        self.send("silence")

    def track(self, items: Iterable[Any], title: str, total: int | None) -> Iterator[Any]:
        """Yield `items`, and send how far they are; a reporter for `progress.install`."""
        number, done, told = next(self._numbers), 0, time.monotonic()
        self.send("begin", number, title, total)
        for item in items:
            if time.monotonic() - told > INTERVAL_S:
                told = time.monotonic()
                self.send("at", number, done)
            yield item
            done += 1
        self.send("end", number, done)


class Listener:
    """The side where the console is, used by one thread."""

    def __init__(self) -> None:
        self._loops: dict[tuple[int, int], _Loop] = {}

    def hear(self, message: tuple[Any, ...]) -> None:
        """Show what a message says.

        Raises:
            ValueError: It is none of a `Speaker`.
        """
        sender, *rest = message
        match rest:
            case ["log", level, line]:
                progress.LOGGER.log(level, "%s", line)
            case ["begin", number, title, total]:
                self._loops[sender, number] = _Loop(title, total)
            case ["at", number, done]:
                self._loops[sender, number].go_to(done)
            case ["end", number, done]:
                self._loops.pop((sender, number)).finish(done)
            case ["silence"]:
                self.close(sender)
            case _:
                raise ValueError(f"no message of a worker: {message!r}")

    def close(self, sender: int | None = None) -> None:
        """Leave no bar behind of a sender (all, if None) that is gone or has failed."""
        for place in [place for place in self._loops if sender in {None, place[0]}]:
            self._loops.pop(place).abandon()


class _Loop:
    """A loop of the other side, as one that this side goes through."""

    def __init__(self, title: str, total: int | None) -> None:
        self._done, self._over = 0, False
        self._steps = iter(progress.track(self._wait(), title, total))
        next(self._steps, None)

    def _wait(self) -> Iterator[None]:
        while not self._over:
            yield

    def go_to(self, done: int) -> None:
        """Advance to so many steps."""
        while self._done < done:
            self._done += 1
            next(self._steps, None)

    def finish(self, done: int) -> None:
        """Advance to the last step and end."""
        self.go_to(done - 1)
        self._over = True
        next(self._steps, None)

    def abandon(self) -> None:
        """End without having come to the last step."""
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()
