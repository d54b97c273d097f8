"""A real board, or whatever answers our protocol on a port that the user names."""

from __future__ import annotations

from typing import Any

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.base.evidence import Evidence
from hil.client.client import DeviceClient
from hil.devices.base import DeviceBase
from hil.devices.registry import KINDS, DeviceKind
from hil.link.link import Link, LinkLost, SerialLink
from hil.link.ports import port_of, serial_number
from hil.link.timing import Timing

_GREETING = Timing(reply_s=0.5, attempts=6)


class Board(DeviceBase):
    """A device on a serial port or URL.

    Only the port that the user named is opened: an unknown device is never poked.

    Args:
        url: Anything that pyserial opens.
        baud: Line rate of a real UART.
        greeting: Waiting times of the first `hello`.
    """

    keeps_time = True

    def __init__(self, url: str, baud: int = 115200, greeting: Timing = _GREETING) -> None:
        self.name = f"board:{url}"
        self.evidence = Evidence.MEASURED
        self._url, self._baud, self._greeting = url, baud, greeting
        self._link: SerialLink | None = None
        self._build, self._serial = "", ""

    def start(self) -> None:
        """Open the port and make sure that our firmware answers on it.

        Raises:
            DeviceError: No such port, or it cannot be opened.
            DeviceSilent: Nothing, or nothing of ours, answers.
        """
        self._link = SerialLink(self._url, self._baud)
        self._serial = serial_number(self._url)
        identity = DeviceClient(self._link, self._greeting).hello()
        self._build = identity.build
        if identity.evidence in list(Evidence):
            # A stand-in behind a port says so; its figures must not pass for a board's.
            self.evidence = Evidence(identity.evidence)
            self.keeps_time = self.evidence is Evidence.MEASURED

    def link(self) -> Link:
        """Return the open link."""
        if self._link is None:
            raise DeviceError(f"{self.name} is not started", "start it first")
        return self._link

    def relink(self) -> Link:
        """Close the port and open it anew; a USB port that has another name now is known by its serial number.

        Raises:
            LinkLost: It is not there, or not yet.
        """
        self.stop()
        try:
            self._link = SerialLink(port_of(self._serial, self._url), self._baud)
        except DeviceError as error:
            raise LinkLost(error.what, error.remedy) from error
        return self._link

    def stop(self) -> None:
        """Close the port."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def describe(self) -> dict[str, Any]:
        """Return port and firmware build."""
        return {"device": self.name, "port": self._url, "build": self._build, "evidence": self.evidence.value}


KINDS.add(
    "board",
    DeviceKind(
        "a board on a serial port or any pyserial URL, such as board:socket://10.10.10.1:7000",
        lambda port, _: Board(port),
        at_port=True,
    ),
)
