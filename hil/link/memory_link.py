"""A link to a device in the same process, on a virtual clock: deadlines cost no time."""

from __future__ import annotations

from typing import Protocol


class Pushes(Protocol):
    """Something that answers bytes with bytes; a `DeviceServer` is one."""

    def push(self, data: bytes) -> bytes:
        """Take the next bytes from the host; return the bytes to send back."""


class MemoryLink:
    """Hands bytes straight to a device; waiting moves the clock instead of the wall.

    Args:
        server: The device.
        bytes_per_second: Rate of the pretended line.
    """

    def __init__(self, server: Pushes, bytes_per_second: float = 100_000.0) -> None:
        self.server = server
        self.bytes_per_second = bytes_per_second
        self._time = 0.0
        self._inbox = bytearray()

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return self._time

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self._time += seconds

    def write(self, data: bytes, deadline: float) -> None:
        """Give the device `data`; its answers wait to be read."""
        self._time += len(data) / self.bytes_per_second
        self._inbox += self.server.push(data)

    def read(self, deadline: float) -> bytes:
        """Return what the device answered, or wait (virtually) until the deadline."""
        if not self._inbox:
            self._time = max(self._time, deadline)
            return b""
        data = bytes(self._inbox)
        self._inbox.clear()
        self._time += len(data) / self.bytes_per_second
        return data

    def purge(self) -> None:
        """Drop what was not read."""
        self._inbox.clear()

    def close(self) -> None:
        """Nothing to release."""
