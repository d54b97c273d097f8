"""Events of other processes, in this one's stream (`firmware_bridge/base/events.py`)."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock

from firmware_bridge.base import events
from firmware_bridge.base.events import Event, Kind, Outcome

# Seconds between two messages about the items of one step.
INTERVAL_S = 0.2


@dataclass(frozen=True)
class Line:
    """The end of a pipe that many processes speak into, one whole message at a time."""

    end: Connection
    alone: Lock

    def put(self, event: Event) -> None:
        """Send one event, from any thread of any process."""
        with self.alone:
            self.end.send(event)


class Speaker:
    """The side where the work is done: a subscriber that sends what happens; of single items only some."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._told: dict[int, float] = {}

    def __call__(self, event: Event) -> None:
        """Send an event."""
        now = time.monotonic()
        if event.kind is Kind.ADVANCED and now - self._told.get(event.span, 0.0) < INTERVAL_S:
            return
        self._told[event.span] = now
        if event.kind is Kind.ENDED:
            del self._told[event.span]
        self._line.put(event)


class Listener:
    """The side where the console is: emits what it hears, and ends what a process that is gone had begun."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Event] = {}

    def hear(self, event: Event) -> None:
        """Emit an event of another process."""
        place = (event.process, event.span)
        if event.kind is Kind.BEGUN:
            self._open[place] = event
        elif event.kind is Kind.ENDED:
            self._open.pop(place, None)
        events.emit(event)

    def close(self) -> None:
        """Say of all that was begun that it was stopped."""
        for begun in self._open.values():
            seconds = time.time() - begun.at
            events.emit(dataclasses.replace(begun, kind=Kind.ENDED, seconds=seconds, outcome=Outcome.STOPPED))
        self._open.clear()
