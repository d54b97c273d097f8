"""A device that is a recording: it answers what was answered then, as long as the host asks what it asked then.

The clocks run as they ran then, so that every deadline falls as it fell. A host that sends other bytes is another
host: the replay ends there and says when.
"""

from __future__ import annotations

from typing import Any

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.base.evidence import Evidence
from hil.devices.base import DeviceBase
from hil.link.link import Link, LinkLost
from hil.recording.file import Failure, Kind, Record, Recording, Started
from hil.recording.recorded import RATE

_CLOCKS = (Kind.CLOCK, Kind.WAITING)
# What a line raises. A replay raises the same, so that the host does again what it did.
_ERRORS: dict[str, type[DeviceError]] = {one.__name__: one for one in (DeviceError, DeviceSilent, LinkLost)}


class ReplayDiverged(DeviceError):
    """The host does not ask what it asked when the recording was made."""


class Reel:
    """The records in order, and both clocks as they stand there.

    Args:
        recording: What is replayed.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording, self._records = recording, recording.records
        self._place = 0
        self._time = dict.fromkeys(_CLOCKS, 0.0)

    def clock(self, clock: Kind) -> float:
        """Return what the clock said when it was read here; where it was not, what it said last."""
        if self._place < len(self._records) and self._records[self._place].kind is clock:
            self._time[clock] = self._records[self._place].time
            self._place += 1
        return self._time[clock]

    def take(self, call: Kind) -> Record:
        """Return the record of a call, or raise what the call raised.

        Raises:
            ReplayDiverged: Something else happened here.
        """
        while self._place < len(self._records) and self._records[self._place].kind in _CLOCKS:
            one = self._records[self._place]
            self._time[one.kind] = one.time
            self._place += 1
        if self._place == len(self._records):
            raise self.diverged(f"asks for more ({call.name.lower()}) than was recorded")
        found = self._records[self._place]
        if found.kind is Kind.ERROR and found.data[:1] == call.value:
            self._pass(found)
            told = Failure.model_validate_json(found.data[1:])
            raise _ERRORS.get(told.error, DeviceError)(told.what, told.remedy)
        if found.kind is not call:
            raise self.diverged(f"does {call.name.lower()} where it did {found.kind.name.lower()}")
        self._pass(found)
        return found

    def diverged(self, how: str) -> ReplayDiverged:
        """Return the error for a host that does something else."""
        time = self._time[Kind.CLOCK] - next(
            (one.time for one in self._records if one.kind is Kind.LINK), 0.0
        )
        return ReplayDiverged(
            f"the replay leaves {self._recording.path} after {time:.3f} s: this host {how}",
            f"replay it with the program that recorded it: {self._recording.header.code}",
        )

    @property
    def left(self) -> int:
        """How many calls were recorded and not asked for."""
        return sum(one.kind not in _CLOCKS for one in self._records[self._place :])

    def _pass(self, found: Record) -> None:
        self._place += 1
        if found.time:
            self._time[Kind.CLOCK] = found.time


class ReplayDevice(DeviceBase):
    """A recording as a device.

    Args:
        recording: What is replayed.
    """

    def __init__(self, recording: Recording) -> None:
        self.name, self.keeps_time, self.evidence = recording.header.device, False, Evidence.SIMULATED
        self._recording, self.reel = recording, Reel(recording)

    def start(self) -> None:
        """Become what the device was once it was up, or raise what kept it from that."""
        told = Started.model_validate_json(self.reel.take(Kind.START).data)
        self.keeps_time, self.evidence = told.keeps_time, Evidence(told.evidence)

    def link(self) -> Link:
        """Return the line as it was."""
        return _ReplayLink(self.reel, self.reel.take(Kind.LINK))

    def relink(self) -> Link:
        """Return the line as it was opened anew, or raise what that raised."""
        return _ReplayLink(self.reel, self.reel.take(Kind.RELINK))

    def new_session(self) -> int:
        """Return the session number that was drawn."""
        return int.from_bytes(self.reel.take(Kind.SESSION).data, "little")

    def now(self) -> float:
        """Return what the device's clock said."""
        return self.reel.clock(Kind.WAITING)

    def pause(self, seconds: float) -> None:
        """Nothing to wait for."""

    def stop(self) -> None:
        """Nothing to release."""

    def describe(self) -> dict[str, Any]:
        """Return what the report said about the device."""
        return dict(self._recording.end.device)


class _ReplayLink:
    def __init__(self, reel: Reel, opened: Record) -> None:
        self._reel = reel
        self.bytes_per_second = float(RATE.unpack(opened.data)[0])

    def now(self) -> float:
        return self._reel.clock(Kind.CLOCK)

    def write(self, data: bytes, deadline: float) -> None:
        if self._reel.take(Kind.WRITE).data != data:
            raise self._reel.diverged("sends other bytes")

    def read(self, deadline: float) -> bytes:
        return self._reel.take(Kind.READ).data

    def purge(self) -> None:
        self._reel.take(Kind.PURGE)

    def close(self) -> None:
        """Nothing to release."""
