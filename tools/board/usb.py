"""Boards on USB in whatever state they are, read from sysfs; nothing is opened, nothing is sent."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

USB_DEVICES = Path("/sys/bus/usb/devices")


class State(StrEnum):
    """What a board is doing; the flash tool takes it from the first to the last and back to the first."""

    RUNNING = "running"
    ROM = "rom"
    FLASHLOADER = "flashloader"
    LOADER = "loader"


# USB id of each state. The ROM's and the flash loader's are NXP's: every chip of the family has them.
USB_IDS = {
    "18d1:9308": State.RUNNING,
    "1fc9:013d": State.ROM,
    "15a2:0073": State.FLASHLOADER,
    "18d1:9307": State.LOADER,
}
MEANING = {
    State.RUNNING: "its application runs",
    State.ROM: "in the chip's ROM loader (SDP): ready to be flashed",
    State.FLASHLOADER: "in the flash loader: a flash run was not finished",
    State.LOADER: "in the ELF loader: waiting for files",
}
BUTTONS = "hold its User button, press and release Reset, then let go of User"
WAY_BACK = {
    State.RUNNING: "",
    State.ROM: "flash it (`undertone flash`), or press Reset to start what it holds",
    State.FLASHLOADER: f"flash it again (`undertone flash`); if that fails: {BUTTONS}, and flash once more",
    State.LOADER: "flash it (`undertone flash`), or press Reset to start what it holds",
}


@dataclass(frozen=True)
class UsbBoard:
    """A board, or another chip of its family in the ROM loader: there they look alike.

    Attributes:
        state: What it is doing.
        usb: `vid:pid`.
        place: Where it is plugged in, as the kernel names it (`1-4.2`); stays the same through its states.
        serial: Its serial number; ROM and flash loader have none.
        ports: Serial ports that it offers (`/dev/ttyACM0`).
        nodes: Other device files that the flash tool opens.
    """

    state: State
    usb: str
    place: str = ""
    serial: str = ""
    ports: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The board in a few words."""
        return f"{self.serial or 'no serial number'} at {self.place or 'an unknown plug'} ({self.usb})"

    def as_dict(self) -> dict[str, Any]:
        """Return the board as JSON-ready data."""
        return asdict(self) | {"state": self.state.value, "what": MEANING[self.state]}


def find_boards(devices: Path = USB_DEVICES, files: Path = Path("/dev")) -> list[UsbBoard]:
    """Return the boards in sysfs, in the order of their plugs; none where there is no sysfs.

    Args:
        devices: The kernel's folder of USB devices.
        files: The folder of device files.
    """
    found = []
    for folder in sorted(devices.glob("*")) if devices.is_dir() else ():
        # A board that is unplugged while it is being read is not there.
        with contextlib.suppress(OSError):
            usb = f"{_read(folder / 'idVendor')}:{_read(folder / 'idProduct')}"
            if usb in USB_IDS:
                found.append(_board(folder, usb, files))
    return found


def _board(folder: Path, usb: str, files: Path) -> UsbBoard:
    nodes = [files / path.name for path in folder.glob("*:*/*/hidraw/hidraw*")]
    with contextlib.suppress(OSError, ValueError):
        bus, number = (int(_read(folder / name)) for name in ("busnum", "devnum"))
        nodes.append(files / "bus" / "usb" / f"{bus:03}" / f"{number:03}")
    serial = ""
    with contextlib.suppress(OSError):
        serial = _read(folder / "serial")
    ports = tuple(str(files / path.name) for path in sorted(folder.glob("*:*/tty/*")))
    return UsbBoard(USB_IDS[usb], usb, folder.name, serial, ports, tuple(map(str, nodes)))


def _read(file: Path) -> str:
    return file.read_text(encoding="ascii", errors="replace").strip()


def wait_until(
    look: Callable[[], Sequence[UsbBoard]],
    wanted: Callable[[UsbBoard], bool],
    seconds: float,
    pause_s: float = 0.25,
) -> UsbBoard | None:
    """Return the first board that is as wanted, or None when there was none in time.

    Args:
        look: Finds the boards.
        wanted: Tells the one that is waited for.
        seconds: How long to wait; looks at least once.
        pause_s: Time between two looks.
    """
    deadline = time.monotonic() + seconds
    while True:
        for board in look():
            if wanted(board):
                return board
        if time.monotonic() >= deadline:
            return None
        time.sleep(pause_s)
