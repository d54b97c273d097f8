"""The checks' only view of the machine; a test hands them another one."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.paths import ROOT
from tools.board.usb import USB_DEVICES, USB_IDS, State, UsbBoard, find_boards

UDEV_FOLDERS = (Path("/etc/udev/rules.d"), Path("/usr/lib/udev/rules.d"), Path("/lib/udev/rules.d"))
BOARD_ADDRESS, BOARD_PORT = "10.10.10.1", 7000


@dataclass(frozen=True)
class Port:
    """A serial port.

    Attributes:
        device: What is opened, such as `/dev/ttyACM0`.
        usb: `vid:pid` in hexadecimal, empty for a port that is not on USB.
        writable: Whether this user may open it.
        serial: Serial number of the USB device, where it has one.
        what: What the device says it is, where it says so.
    """

    device: str
    usb: str = ""
    writable: bool = True
    serial: str = ""
    what: str = ""


class System:
    """This machine, asked through small questions without side effects."""

    root = ROOT

    def python(self) -> tuple[int, int]:
        """Return the version of Python."""
        return sys.version_info[:2]

    def platform(self) -> str:
        """Return system and machine, such as `Linux x86_64`."""
        return f"{platform.system()} {platform.machine()}"

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables."""
        return os.environ

    def free_bytes(self) -> int:
        """Return the free bytes where the checkout lies."""
        return shutil.disk_usage(self.root).free

    def installed(self) -> dict[str, str]:
        """Return the version of every installed distribution by its normalised name."""
        from importlib.metadata import distributions

        return {_normal(d.metadata["Name"]): d.version for d in distributions() if d.metadata["Name"]}

    def lock(self) -> str | None:
        """Return the text of the lock file, None where there is none."""
        path = self.root / "requirements.lock"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def ports(self) -> list[Port]:
        """Return the serial ports, sorted."""
        from serial.tools import list_ports

        return [
            Port(
                p.device,
                _usb(p.vid, p.pid),
                os.access(p.device, os.R_OK | os.W_OK),
                p.serial_number or "",
                p.product or "",
            )
            for p in sorted(list_ports.comports(), key=lambda port: port.device)
        ]

    def boards(self) -> list[UsbBoard]:
        """Return the boards on USB; where there is no sysfs, those that offer a serial port."""
        if USB_DEVICES.is_dir():
            return find_boards(USB_DEVICES)
        return [
            UsbBoard(State.RUNNING, port.usb, serial=port.serial, ports=(port.device,))
            for port in self.ports()
            if USB_IDS.get(port.usb) is State.RUNNING
        ]

    def which(self, program: str) -> str:
        """Return where a program lies, empty where it is not on the PATH."""
        return shutil.which(program) or ""

    def groups(self) -> set[str]:
        """Return the names of the groups of this process; `root` where it may do everything."""
        import grp

        names = {"root"} if os.geteuid() == 0 else set()
        for number in os.getgroups():
            with contextlib.suppress(KeyError):
                names.add(grp.getgrgid(number).gr_name)
        return names

    def udev_rules(self) -> str:
        """Return the text of all udev rules, one after the other."""
        texts = []
        for folder in UDEV_FOLDERS:
            for file in sorted(folder.glob("*.rules")):
                with contextlib.suppress(OSError):
                    texts.append(file.read_text(errors="replace"))
        return "\n".join(texts)

    def processes(self) -> set[str]:
        """Return the names of the running processes, where the system tells (Linux)."""
        names = set()
        for file in Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):
                names.add(file.read_text().strip())
        return names

    def route_to_board(self) -> str:
        """Return this machine's own address on the way to the board, empty for none. Sends nothing."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((BOARD_ADDRESS, 9))
                return str(probe.getsockname()[0])
            except OSError:
                return ""

    def board_listens(self, seconds: float = 0.5) -> bool:
        """Whether something takes a connection where the board's firmware would."""
        try:
            socket.create_connection((BOARD_ADDRESS, BOARD_PORT), seconds).close()
        except OSError:
            return False
        return True


def _normal(name: str) -> str:
    """Return a distribution's name as it stands in the lock file."""
    return name.lower().replace("_", "-").replace(".", "-")


def _usb(vid: int | None, pid: int | None) -> str:
    return "" if vid is None or pid is None else f"{vid:04x}:{pid:04x}"
