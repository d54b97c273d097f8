"""Bytes to and from a device: any pyserial URL, a pseudo-terminal, a socket.

Deadlines are absolute times on the link's own monotonic clock, so that a test can run on a virtual one.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any, Protocol

from firmware_bridge.base.errors import DeviceError, DeviceSilent

# Host and device share a machine or a network: the kernel moves the bytes, this is what to plan with.
FAST_BYTES_PER_SECOND = 200_000.0
_SLICE = 512


class LinkLost(DeviceError):
    """The port went away while it was in use (cable, power, the process behind it)."""


class Link(Protocol):
    """A byte stream with deadlines."""

    bytes_per_second: float

    def now(self) -> float:
        """Return monotonic seconds."""

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of `data`, or raise `DeviceSilent` at the deadline, or `LinkLost`."""

    def read(self, deadline: float) -> bytes:
        """Return at least one byte as soon as there is one; `b""` at the deadline."""

    def purge(self) -> None:
        """Drop what was received and not read."""

    def close(self) -> None:
        """Release the port."""


class SerialLink:
    """A link through pyserial.

    Args:
        url: `/dev/ttyACM0`, `COM3`, `/dev/pts/4`, `socket://10.10.10.1:7000`, `rfc2217://…`.
        baud: Line rate; it only matters on a real UART, where deadlines are scaled by it.

    Raises:
        DeviceError: The port does not exist or cannot be opened; the remedy lists the ports there are.
    """

    def __init__(self, url: str, baud: int = 115200) -> None:
        import serial

        self._serial = serial
        self._url = url
        is_uart = "://" not in url and not url.startswith("/dev/pts/")
        self.bytes_per_second = baud / 10 if is_uart else FAST_BYTES_PER_SECOND
        try:
            self._port: Any = serial.serial_for_url(url, baudrate=baud, timeout=0)
        except (serial.SerialException, ValueError, OSError) as error:
            raise DeviceError(f"cannot open the port {url}: {_reason(url, error)}", _remedy(url)) from error
        _send_at_once(self._port)

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of `data` by the deadline."""
        view = memoryview(data)
        while view:
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeviceSilent(
                    f"{self._url} takes no more bytes", "reset the device; it hangs or is not reading"
                )
            try:
                # A positive write timeout: with zero, pyserial spins for ever on a full buffer.
                self._port.write_timeout = left
                written = self._port.write(bytes(view[:_SLICE]))
            except self._serial.SerialTimeoutException:
                continue  # the deadline passed: said above
            except (self._serial.SerialException, OSError) as error:
                raise LinkLost(
                    f"{self._url} went away: {error}", "check the cable and the device's power"
                ) from error
            view = view[written or 0 :]

    def read(self, deadline: float) -> bytes:
        """Return what has come; wait for the first byte until the deadline."""
        try:
            self._port.timeout = max(0.0, deadline - time.monotonic())
            data: bytes = self._port.read(1)
            if not data:
                return b""
            self._port.timeout = 0
            return data + bytes(self._port.read(4096))
        except (self._serial.SerialException, OSError) as error:
            raise LinkLost(
                f"{self._url} went away: {error}", "check the cable and the device's power"
            ) from error

    def purge(self) -> None:
        """Drop what was received and not read."""
        for _ in range(256):
            if not self.read(time.monotonic()):
                return

    def close(self) -> None:
        """Release the port."""
        self._port.close()


def _send_at_once(port: Any) -> None:
    """Keep TCP from holding back the second half of a frame until the first is acknowledged (40 ms and more)."""
    line = getattr(port, "_socket", None)
    if line is not None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reason(url: str, error: Exception) -> str:
    if "://" not in url and not os.path.exists(url):  # noqa: PTH110 (a port name, COM3 as well)
        return "there is no such port"
    if isinstance(error, PermissionError) or "Permission denied" in str(error):
        return "permission denied"
    return str(error)


def _remedy(url: str) -> str:
    from serial.tools import list_ports

    ports = ", ".join(port.device for port in list_ports.comports()) or "none"
    if url.startswith("socket://"):
        return "check that the device is on the network and listens on this port (`undertone doctor`)"
    return f"ports here: {ports}; on Linux you may have to join the group 'dialout' (`undertone doctor`)"
