"""The watchdog: a clock of its own that calls for help unless it is told in time that the work goes on."""

from __future__ import annotations

from firmware_bridge.ports.twin.clock import VirtualClock
from firmware_bridge.ports.twin.registers import BOARD


class Watchdog:
    """The register of the watchdog.

    Args:
        clock: Virtual time.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._deadline: int | None = None

    def pet(self, milliseconds: int) -> None:
        """Set when it calls, unless it is told again before."""
        self._deadline = self._clock.ticks() + milliseconds * 1000 * BOARD["TICKS_PER_US"]

    def stop(self) -> None:
        """A reset: it is off until it is set."""
        self._deadline = None

    def bark(self) -> bool:
        """Let time pass until it calls; False where it is not set."""
        if self._deadline is None:
            return False
        self._clock.wait(max(0, self._deadline - self._clock.ticks()))
        return True
