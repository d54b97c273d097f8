"""One stream of what happens: stages and their steps, how long each took and how it ended, and lines for the user.

Rooms emit (`stage`, `step`, and `track`, `tell`, `note` of `progress.py`); the console, a file of JSON lines, a report
and the standard library's `logging` subscribe. Nobody else keeps time, and nobody else decides what is shown.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

LOGGER = logging.getLogger("undertone")
LOGGER.setLevel(logging.INFO)


class Kind(StrEnum):
    """What an event says."""

    BEGUN = "begun"
    ADVANCED = "advanced"
    ENDED = "ended"
    TOLD = "told"
    WARNED = "warned"


class Outcome(StrEnum):
    """How a stage or a step ended; `kept` is a stage whose result was there already."""

    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: What it says.
        stage: The stage it belongs to; empty outside of any.
        step: The step, in the present participle; empty for the stage itself.
        line: What the user should read (`told`, `warned`).
        span: Number of the stage or step in this process: its events share it.
        items: How many items a step has gone through.
        total: How many there are, where that is known.
        seconds: How long it took, by a clock that only goes forward (`ended`).
        outcome: How it ended (`ended`).
        at: When, in seconds since 1970.
        process: Number of the process.
    """

    kind: Kind
    stage: str = ""
    step: str = ""
    line: str = ""
    span: int = 0
    items: int = 0
    total: int | None = None
    seconds: float | None = None
    outcome: Outcome | None = None
    at: float = field(default_factory=time.time)
    process: int = field(default_factory=os.getpid)

    @property
    def name(self) -> str:
        """The step, or the stage where it is one: `stage teacher`, `reading clips`."""
        return self.step or f"stage {self.stage}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data; what says nothing is left out."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in every.items() if value not in ("", None)}


Subscriber = Callable[[Event], None]

_subscribers: list[Subscriber] = []
_stage: ContextVar[str] = ContextVar("stage", default="")
_spans = count(1)


def emit(event: Event) -> None:
    """Hand an event to `logging` and to every subscriber, in the order in which they came."""
    _log(event)
    for subscriber in tuple(_subscribers):
        subscriber(event)


@contextmanager
def listening(subscriber: Subscriber) -> Iterator[None]:
    """Let `subscriber` hear every event of this process until the block is left."""
    _subscribers.append(subscriber)
    try:
        yield
    finally:
        _subscribers.remove(subscriber)


def say(kind: Kind, line: str) -> None:
    """Emit a line for the user: `told` or `warned`."""
    emit(Event(kind, _stage.get(), line=line))


def kept(name: str) -> None:
    """Emit that the result of a stage was there already."""
    emit(Event(Kind.ENDED, name, span=next(_spans), seconds=0.0, outcome=Outcome.KEPT))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Emit begin and end of a stage around a block; all that happens inside belongs to it."""
    token = _stage.set(name)
    try:
        with _span("", None):
            yield
    finally:
        _stage.reset(token)


@contextmanager
def step(title: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Emit begin and end of a step around a block.

    Args:
        title: What is being done, in the present participle.
        total: How many items it goes through, where it does.

    Yields:
        A function to call after each item.
    """
    with _span(title, total) as advance:
        yield advance


@contextmanager
def _span(title: str, total: int | None) -> Iterator[Callable[[], None]]:
    number, inside, items, began = next(_spans), _stage.get(), 0, time.monotonic()

    def send(kind: Kind, seconds: float | None = None, outcome: Outcome | None = None) -> None:
        emit(Event(kind, inside, title, "", number, items, total, seconds, outcome))

    def advance() -> None:
        nonlocal items
        items += 1
        send(Kind.ADVANCED)

    send(Kind.BEGUN)
    outcome = Outcome.DONE
    try:
        yield advance
    except (KeyboardInterrupt, GeneratorExit):
        outcome = Outcome.STOPPED
        raise
    except BaseException:
        outcome = Outcome.FAILED
        raise
    finally:
        send(Kind.ENDED, time.monotonic() - began, outcome)


class Ended:
    """A subscriber that keeps what has ended, for a report.

    Attributes:
        spans: The last event of each stage and step, in the order of their ends.
    """

    def __init__(self) -> None:
        self.spans: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep an `ended` event."""
        if event.kind is Kind.ENDED:
            self.spans.append(event)


class JsonLines:
    """A subscriber that appends each event to a file as one line of JSON; of items it writes the count alone.

    A line is written by one call, so that several processes may write to the same file.

    Args:
        path: Made where it is missing; its folder too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def __call__(self, event: Event) -> None:
        """Write an event."""
        if event.kind is not Kind.ADVANCED:
            line = json.dumps(event.as_dict(), ensure_ascii=False) + "\n"
            with self.path.open("ab", buffering=0) as file:
                file.write(line.encode())


def _log(event: Event) -> None:
    """Pass an event on to the logger `undertone`: warnings, lines and stages as they are, steps for debugging."""
    if event.kind is Kind.WARNED:
        LOGGER.warning("%s", event.line)
    elif event.kind is Kind.TOLD:
        LOGGER.info("%s", event.line)
    elif event.kind is not Kind.ADVANCED:
        level = logging.DEBUG if event.step or event.outcome is Outcome.KEPT else logging.INFO
        LOGGER.log(level, "%s", describe(event))


def describe(event: Event) -> str:
    """Return a begin or an end as one line for people: `stage teacher`, `reading clips: done in 3.1 s`."""
    if event.kind is Kind.BEGUN:
        return f"{event.name} ({event.total} steps)" if event.total else event.name
    if event.outcome is Outcome.KEPT:
        return f"{event.name}: up to date"
    how = "done in" if event.outcome is Outcome.DONE else f"{event.outcome} after"
    return f"{event.name}: {how} {event.seconds or 0:.1f} s"
