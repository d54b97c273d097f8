"""Virtual time: the same on every run, whatever the laptop does."""

from __future__ import annotations

from firmware_bridge.ports.twin.counter import Counter
from firmware_bridge.ports.twin.registers import BOARD

TICKS_PER_SECOND = BOARD["TICKS_PER_US"] * 1_000_000


class VirtualClock:
    """Ticks: instructions retired, and what passed while the processor waited.

    Args:
        counter: Of the processor.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter, self._waited, self._started = counter, 0, 0

    def restart(self) -> None:
        """A processor starts anew: what counts from its start begins again."""
        self._started = self.ticks()

    def ticks(self) -> int:
        """Return the time since the power came."""
        return self._counter.retired + self._waited

    def milliseconds(self) -> int:
        """Return the time since the processor started."""
        return (self.ticks() - self._started) * 1000 // TICKS_PER_SECOND

    def seconds(self) -> float:
        """Return the time since the start."""
        return self.ticks() / TICKS_PER_SECOND

    def wait(self, ticks: int) -> None:
        """Let time pass while nothing is computed."""
        self._waited += ticks
