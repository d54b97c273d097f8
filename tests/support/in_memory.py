"""A device in memory, on a virtual clock: it keeps its own time."""

from __future__ import annotations

from typing import Any

from firmware_bridge.base.evidence import Evidence
from firmware_bridge.protocol import DeviceServer, MemoryMarks
from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.reference.engine import bundle_identity
from hil.devices.base import DeviceBase
from hil.link.link import Link, LinkLost
from hil.link.memory_link import MemoryLink


class InMemory(DeviceBase):
    name = "in memory"
    evidence = Evidence.EMULATED
    keeps_time = True

    def __init__(self, engine: ReferenceDevice) -> None:
        identity = bundle_identity(engine.bundle)
        self._link = MemoryLink(DeviceServer(engine, identity, lambda: MemoryMarks(1, 2, 3)))

    def start(self) -> None:
        """It is always there."""

    def stop(self) -> None:
        """Nothing to stop."""

    def link(self) -> Link:
        return self._link

    def describe(self) -> dict[str, Any]:
        return {"device": self.name}


class Flaky(InMemory):
    """Its line is lost after so many bytes came from it, and takes some looks to come back.

    Args:
        engine: What answers.
        after: Bytes after which the line is lost, once.
        looks: How many times it is looked for in vain; the clock moves by a second at each.
    """

    def __init__(self, engine: ReferenceDevice, after: int, looks: int) -> None:
        super().__init__(engine)
        self._after, self._looks, self._time = after, looks, 0.0
        self._broken = _Breaks(self._link, after)

    def link(self) -> Link:
        return self._broken

    def relink(self) -> Link:
        if self._looks:
            self._looks -= 1
            raise LinkLost("it is not there yet", "wait")
        return self._link

    def now(self) -> float:
        return self._time

    def pause(self, seconds: float) -> None:
        self._time += 1.0


class _Breaks:
    def __init__(self, link: MemoryLink, after: int) -> None:
        self._link, self._after = link, after
        self.bytes_per_second = link.bytes_per_second

    def now(self) -> float:
        return self._link.now()

    def write(self, data: bytes, deadline: float) -> None:
        self._link.write(data, deadline)

    def read(self, deadline: float) -> bytes:
        data = self._link.read(deadline)
        self._after -= len(data)
        if self._after <= 0:
            raise LinkLost("the line went away", "check the cable")
        return data

    def purge(self) -> None:
        self._link.purge()

    def close(self) -> None:
        self._link.close()
