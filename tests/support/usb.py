"""A bus with boards that a test plugs in, and an SDK whose flash tool does as it is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.board import sdk as sdk_module

RUNNING, ROM, FLASHLOADER, LOADER = "18d1:9308", "1fc9:013d", "15a2:0073", "18d1:9307"
RULES = "\n".join(
    f'ATTRS{{idVendor}}=="{usb[:4]}", ATTRS{{idProduct}}=="{usb[5:]}", MODE="0666"'
    for usb in (RUNNING, ROM, FLASHLOADER, LOADER)
)
SUCCESS = "Flashing to flash storage complete, the device is restarting to execute your application."
# What the flash tool says on its way from a running board to a running board, and what the board is then.
GOOD: list[list[Any]] = [
    ["say", "Finding all necessary files"],
    ["say", "STATE_CHECK_FOR_ANY"],
    ["say", "STATE_CHECK_FOR_CORAL_MICRO"],
    ["say", "STATE_RESET_TO_SDP"],
    ["become", ROM],
    ["say", "STATE_CHECK_FOR_SDP"],
    ["say", "STATE_LOAD_FLASHLOADER"],
    ["become", FLASHLOADER],
    ["say", "STATE_PROGRAM"],
    ["say", "STATE_LOAD_ELFLOADER"],
    ["become", LOADER],
    ["say", "STATE_PROGRAM_DATA_FILES"],
    ["say", "STATE_RESET_TO_FLASH"],
    ["become", RUNNING],
    ["say", SUCCESS],
]
# Stands where the SDK's flash tool stands: plays what lies beside it, on the bus that it is told of.
FLASHTOOL = """
import json, os, pathlib, subprocess, sys, time
here = pathlib.Path(__file__).parent
(here / "called.json").write_text(json.dumps([sys.argv[1:], os.environ.get("CORAL_MICRO_SERIAL")]))
plan = json.loads((here / "plan.json").read_text())
board = pathlib.Path(plan["board"])
for step, what in plan["steps"]:
    if step == "say":
        print(what)
    elif step == "become":
        board.mkdir(exist_ok=True)
        for name, text in zip(("idVendor", "idProduct"), what.split(":")):
            (board / name).write_text(text)
    elif step == "vanish":
        (board / "idVendor").unlink()
    elif step == "sleep":
        time.sleep(what)
    elif step == "helper":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        (here / "helper.pid").write_text(str(child.pid))
    elif step == "raise":
        raise RuntimeError(what)
    elif step == "exit":
        sys.exit(what)
"""


class Bus:
    """A kernel's view of USB, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.files = folder / "devices", folder / "dev"
        self.devices.mkdir(parents=True)
        self.files.mkdir()

    def plug(
        self, place: str, usb: str, serial: str = "", tty: str = "", hidraw: str = "", number: int = 7
    ) -> Path:
        board = self.devices / place
        board.mkdir()
        written = {"idVendor": usb[:4], "idProduct": usb[5:], "busnum": "1", "devnum": str(number)}
        for name, text in (written | ({"serial": serial} if serial else {})).items():
            (board / name).write_text(text + "\n")
        if tty:
            (board / f"{place}:1.0" / "tty" / tty).mkdir(parents=True)
            (self.files / tty).touch()
        if hidraw:
            (board / f"{place}:1.0" / "0003:18D1:9307.0001" / "hidraw" / hidraw).mkdir(parents=True)
            (self.files / hidraw).touch()
        return board


class SdkStandIn:
    """A folder that looks like the SDK, and records how its flash tool was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scripts = folder / "scripts"
        self.scripts.mkdir(parents=True)
        (self.scripts / "flashtool.py").write_text(FLASHTOOL)
        for program in (
            "third_party/nxp/elftosb/linux/amd64/elftosb",
            "third_party/nxp/blhost/bin/linux/amd64/blhost",
            f"third_party/toolchain-linux/{sdk_module._COMPILER}/bin/arm-none-eabi-objdump",
        ):
            (folder / program).parent.mkdir(parents=True)
            (folder / program).touch()

    def play(self, board: Path, steps: Sequence[Sequence[Any]] = GOOD) -> None:
        """Make the flash tool do these steps with the board that is plugged in there."""
        (self.scripts / "plan.json").write_text(json.dumps({"board": str(board), "steps": list(steps)}))

    @property
    def called(self) -> tuple[list[str], str | None] | None:
        """Arguments and `CORAL_MICRO_SERIAL` of the last call, None when there was none."""
        path = self.scripts / "called.json"
        return tuple(json.loads(path.read_text())) if path.exists() else None  # type: ignore[return-value]
