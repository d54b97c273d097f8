"""The two ways to the host: a bulk channel that moves blocks, and a UART that moves bytes."""

from __future__ import annotations

import random
from typing import Protocol

from firmware_bridge.ports.twin.clock import VirtualClock
from firmware_bridge.ports.twin.registers import BOARD

UART_BYTE_TICKS = BOARD["TICKS_PER_US"] * 10_000_000 // 115_200  # ten bits at 115200 baud
BULK_ROOM, UART_ROOM = 16_384, 64  # bytes that may wait, as in the board's TCP window and its UART's ring


class Memory(Protocol):
    """The machine's memory, as a peripheral sees it."""

    def read(self, address: int, count: int) -> bytes:
        """Return bytes; raises `BadAccess` where there is no memory."""

    def write(self, address: int, data: bytes) -> None:
        """Set bytes; raises `BadAccess` where there is no memory for variables."""


class Line:
    """What waits on the way to the machine, and what it sent.

    Attributes:
        sent: Bytes on their way to the host.
        peak: Most bytes that ever waited.
        overruns: Bytes that were lost for want of room, or on purpose.

    Args:
        room: Bytes that may wait.
    """

    def __init__(self, room: int) -> None:
        self.sent = bytearray()
        self.peak = self.overruns = 0
        self._waiting = bytearray()
        self._room = room
        self._drop, self._dice = 0.0, random.Random(0)

    def lose(self, share: float, seed: int) -> None:
        """From now on lose a share of the bytes that come, the same ones for the same seed."""
        self._drop, self._dice = share, random.Random(seed)

    @property
    def waiting(self) -> int:
        """Return how many bytes wait."""
        return len(self._waiting)

    @property
    def room(self) -> int:
        """Return how many more bytes may come: back-pressure, so that a patient host loses none."""
        return self._room - len(self._waiting)

    def come(self, data: bytes) -> None:
        """Take bytes from the host; what finds no room is lost, and counted."""
        fitting = data[: self.room]
        if self._drop:
            kept = bytes(byte for byte in fitting if self._dice.random() >= self._drop)
            self.overruns += len(fitting) - len(kept)
            self._waiting += kept
        else:
            self._waiting += fitting
        self.overruns += len(data) - len(fitting)
        self.peak = max(self.peak, len(self._waiting))

    def take(self, most: int) -> bytes:
        """Give the machine what waits."""
        taken = bytes(self._waiting[:most])
        del self._waiting[:most]
        return taken

    def collect(self) -> bytes:
        """Return what was sent to the host, once."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent


class Bulk:
    """Registers of the bulk channel."""

    def __init__(self, memory: Memory) -> None:
        self.line = Line(BULK_ROOM)
        self._memory = memory
        self._address = self._from = self._taken = 0

    def aim(self, address: int) -> None:
        """Set where bytes shall go."""
        self._address = address

    def take(self, most: int) -> None:
        """Move waiting bytes into memory."""
        data = self.line.take(most)
        self._memory.write(self._address, data)
        self._taken = len(data)

    def taken(self) -> int:
        """Return how many bytes the last `take` moved."""
        return self._taken

    def aim_send(self, address: int) -> None:
        """Set where an answer lies."""
        self._from = address

    def send(self, count: int) -> None:
        """Send bytes from memory."""
        self.line.sent += self._memory.read(self._from, count)


class Uart:
    """Registers of the debug UART; each byte takes its time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.line = Line(UART_ROOM)
        self._clock = clock

    def status(self) -> int:
        """Return bit 0: a byte waits."""
        return int(self.line.waiting > 0)

    def take(self) -> int:
        """Return the next byte; 0 where none waits."""
        self._clock.wait(UART_BYTE_TICKS)
        return (self.line.take(1) or b"\0")[0]

    def send(self, byte: int) -> None:
        """Send a byte."""
        self._clock.wait(UART_BYTE_TICKS)
        self.line.sent.append(byte & 0xFF)
