"""What every device under test can do, whatever it is made of."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Protocol, Self

from firmware_bridge.base.evidence import Evidence
from hil.link.link import Link


class Device(Protocol):
    """A device under test: started, connected to, described, stopped.

    Attributes:
        name: What the user asked for (`host`, `board:/dev/ttyACM0`).
        evidence: What its scores and memory figures are worth.
        keeps_time: Whether its stage times are the chip's own; a host's never are.
    """

    name: str
    evidence: Evidence
    keeps_time: bool

    def start(self) -> None:
        """Bring the device up; raises `DeviceError` with a remedy where it cannot."""

    def link(self) -> Link:
        """Return the open link to the started device."""

    def relink(self) -> Link:
        """Return a new link to a device that may have restarted; raises `LinkLost` where it is not there yet."""

    def new_session(self) -> int:
        """Return a number that no other host of the device uses at the same time."""

    def now(self) -> float:
        """Return seconds on the clock by which it is waited for."""

    def pause(self, seconds: float) -> None:
        """Let time pass on that clock."""

    def stop(self) -> None:
        """Release everything; safe to call twice, and on a device that never started."""

    def describe(self) -> dict[str, Any]:
        """Return what a report says about the device."""

    def __enter__(self) -> Self:
        """Start it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""


class DeviceBase(ABC):
    """`with device:` starts and stops it."""

    @abstractmethod
    def start(self) -> None:
        """Bring the device up."""

    @abstractmethod
    def link(self) -> Link:
        """Return the open link."""

    def relink(self) -> Link:
        """Return the same link: a pseudo-terminal or a line in memory outlives a restart of the firmware."""
        return self.link()

    def new_session(self) -> int:
        """Return a number that no other host of the device uses at the same time: a random one."""
        return int.from_bytes(os.urandom(4), "little")

    def now(self) -> float:
        """Return this machine's monotonic seconds."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    @abstractmethod
    def stop(self) -> None:
        """Release everything."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
