"""A link that misbehaves on purpose, the same way for the same seed."""

from __future__ import annotations

import random

from pydantic import Field

from firmware_bridge.base.settings import Settings
from hil.link.link import Link, LinkLost


class Faults(Settings):
    """How often each fault strikes, per block of bytes in either direction.

    Attributes:
        drop: A stretch of the block is lost.
        duplicate: The block comes twice.
        flip: One bit changes.
        split: The block comes in two parts, the second with the next block.
        stall: Nothing comes for `stall_s`.
        noise: Random bytes come before the block.
        stall_s: Length of a stall in seconds.
        unplug_after: The link is lost for good after so many blocks; 0 for never.
    """

    drop: float = Field(default=0.0, ge=0, le=1)
    duplicate: float = Field(default=0.0, ge=0, le=1)
    flip: float = Field(default=0.0, ge=0, le=1)
    split: float = Field(default=0.0, ge=0, le=1)
    stall: float = Field(default=0.0, ge=0, le=1)
    noise: float = Field(default=0.0, ge=0, le=1)
    stall_s: float = Field(default=0.5, gt=0)
    unplug_after: int = Field(default=0, ge=0)


class FaultyLink:
    """Wraps a link and damages what passes.

    Args:
        link: The link underneath.
        faults: What goes wrong how often.
        seed: Decides where.
    """

    def __init__(self, link: Link, faults: Faults, seed: int) -> None:
        self._link, self._faults = link, faults
        self._dice = random.Random(seed)
        self._late = {"write": b"", "read": b""}
        self._blocks = 0
        self._stalled_until = 0.0
        self.bytes_per_second = link.bytes_per_second

    def now(self) -> float:
        """Return the time of the link underneath."""
        return self._link.now()

    def write(self, data: bytes, deadline: float) -> None:
        """Send what the faults leave of `data`."""
        self._link.write(self._damage("write", data), deadline)

    def read(self, deadline: float) -> bytes:
        """Return what the faults leave of what came."""
        if self._strikes("stall"):
            self._stalled_until = self.now() + self._faults.stall_s
        if self._stalled_until > self.now():
            self._wait(min(deadline, self._stalled_until))
            if self._stalled_until > self.now():
                return b""
        data = self._link.read(deadline)
        return self._damage("read", data) if data else b""

    def purge(self) -> None:
        """Drop what was received and not read."""
        self._late["read"] = b""
        self._link.purge()

    def close(self) -> None:
        """Release the link underneath."""
        self._link.close()

    def _wait(self, until: float) -> None:
        """Let time pass on the link's own clock, without losing what comes meanwhile."""
        pass_time = getattr(self._link, "pass_time", None)
        if pass_time is not None:
            pass_time(max(0.0, until - self.now()))
            return
        import time

        time.sleep(max(0.0, until - self.now()))

    def _strikes(self, fault: str) -> bool:
        return self._dice.random() < float(getattr(self._faults, fault))

    def _damage(self, direction: str, data: bytes) -> bytes:
        self._blocks += 1
        if self._faults.unplug_after and self._blocks > self._faults.unplug_after:
            raise LinkLost("the port went away", "check the cable and the device's power")
        block = bytearray(self._late[direction] + data)
        self._late[direction] = b""
        if block and self._strikes("drop"):
            start = self._dice.randrange(len(block))
            del block[start : start + self._dice.randint(1, 64)]
        if block and self._strikes("flip"):
            block[self._dice.randrange(len(block))] ^= 1 << self._dice.randrange(8)
        if self._strikes("duplicate"):
            block += bytes(block)
        if self._strikes("noise"):
            block[:0] = self._dice.randbytes(self._dice.randint(1, 40))
        if len(block) > 1 and self._strikes("split"):
            cut = self._dice.randrange(1, len(block))
            self._late[direction] = bytes(block[cut:])
            del block[cut:]
        return bytes(block)
