"""A device whose line is recorded: all that is asked of it passes through, and is written down with its time."""

from __future__ import annotations

import struct
from typing import Any

from firmware_bridge.base.errors import DeviceError
from hil.devices.base import Device, DeviceBase
from hil.link.link import Link
from hil.recording.file import End, Kind, Started, Writer

RATE = struct.Struct("<d")


class RecordedDevice(DeviceBase):
    """Wraps a device; from its start on everything is written down.

    Args:
        device: Started and stopped with this one.
        writer: Where it is written down; `finish` closes it.
    """

    def __init__(self, device: Device, writer: Writer) -> None:
        self._device, self._writer = device, writer
        self.name, self.evidence, self.keeps_time = device.name, device.evidence, device.keeps_time
        self._ended = False

    def start(self) -> None:
        """Bring the device up; of what passes meanwhile, only how it ended is written down."""
        try:
            self._device.start()
        except DeviceError as error:
            self._writer.failed(Kind.START, 0.0, error)
            raise
        # A board knows what it is worth only when it has answered.
        self.evidence, self.keeps_time = self._device.evidence, self._device.keeps_time
        told = Started(evidence=self.evidence.value, keeps_time=self.keeps_time)
        self._writer.write(Kind.START, 0.0, told.model_dump_json().encode())

    def link(self) -> Link:
        """Return the open link, recorded."""
        link = self._device.link()
        self._writer.write(Kind.LINK, link.now(), RATE.pack(link.bytes_per_second))
        return RecordedLink(link, self._writer)

    def relink(self) -> Link:
        """Return a new link, recorded."""
        try:
            link = self._device.relink()
        except DeviceError as error:
            self._writer.failed(Kind.RELINK, 0.0, error)
            raise
        self._writer.write(Kind.RELINK, link.now(), RATE.pack(link.bytes_per_second))
        return RecordedLink(link, self._writer)

    def new_session(self) -> int:
        """Draw a session number, and write it down."""
        session = self._device.new_session()
        self._writer.write(Kind.SESSION, 0.0, session.to_bytes(4, "little"))
        return session

    def now(self) -> float:
        """Read the device's clock, and write it down."""
        time = self._device.now()
        self._writer.write(Kind.WAITING, time)
        return time

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._device.pause(seconds)

    def stop(self) -> None:
        """Release everything."""
        self._device.stop()

    def describe(self) -> dict[str, Any]:
        """Return what a report says about the device."""
        return self._device.describe()

    def finish(self, end: End) -> None:
        """End the recording; a second call does nothing."""
        if not self._ended:
            self._ended = True
            self._writer.close(end)


class RecordedLink:
    """A line of which every call is written down with what it returned."""

    def __init__(self, link: Link, writer: Writer) -> None:
        self._link, self._writer = link, writer
        self.bytes_per_second = link.bytes_per_second

    def now(self) -> float:
        """Read the clock."""
        time = self._link.now()
        self._writer.write(Kind.CLOCK, time)
        return time

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of `data`."""
        try:
            self._link.write(data, deadline)
        except DeviceError as error:
            self._writer.failed(Kind.WRITE, self._link.now(), error)
            raise
        self._writer.write(Kind.WRITE, self._link.now(), data)

    def read(self, deadline: float) -> bytes:
        """Return what has come."""
        try:
            data = self._link.read(deadline)
        except DeviceError as error:
            self._writer.failed(Kind.READ, self._link.now(), error)
            raise
        self._writer.write(Kind.READ, self._link.now(), data)
        return data

    def purge(self) -> None:
        """Drop what was received and not read."""
        self._link.purge()
        self._writer.write(Kind.PURGE, self._link.now())

    def close(self) -> None:
        """Release the port."""
        self._link.close()
