"""Runs the SDK's flash tool: watched, logged, ended in time, and judged by what it says.

Its exit status is 0 for most of its failures, so only its closing sentence counts as success.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import DeviceError
from tools.board.usb import BUTTONS

SUCCESS = "Flashing to flash storage complete"
# The tool's states, in the order in which a running board goes through them, and what each means.
STEPS = {
    "STATE_CHECK_FOR_ANY": "looking for the board",
    "STATE_CHECK_FOR_CORAL_MICRO": "its application runs",
    "STATE_RESET_TO_SDP": "sending it into its ROM loader",
    "STATE_CHECK_FOR_ELFLOADER": "it waits in the ELF loader",
    "STATE_RESET_ELFLOADER": "sending it into its ROM loader",
    "STATE_CHECK_FOR_SDP": "waiting for the ROM loader",
    "STATE_LOAD_FLASHLOADER": "loading the flash loader",
    "STATE_CHECK_FOR_FLASHLOADER": "waiting for the flash loader",
    "STATE_PROGRAM": "writing the boot image",
    "STATE_LOAD_ELFLOADER": "starting the ELF loader",
    "STATE_PROGRAM_DATA_FILES": "writing application and bundle",
    "STATE_RESET_TO_FLASH": "restarting the board",
}
_ANEW = f"{BUTTONS}, then call `undertone flash` again: the ROM loader cannot be damaged"
_UNTOUCHED = "the board was not touched: build again (undertone build --port coralmicro) and read the log"
# What the tool says, what it means, and what to do; the first that matches counts.
CAUSES = (
    (
        "ModuleNotFoundError",
        "its Python lacks a package",
        "pip install -r scripts/requirements.txt of the SDK",
    ),
    ("NoBackendError", "libusb is missing", "sudo apt-get install libusb-1.0-0"),
    ("Multiple Dev Board Micros", "it sees several boards", "unplug all but one"),
    ("No Dev Board Micro devices", "it does not see the board", f"unplug and plug in again; else {_ANEW}"),
    (
        "in SDP mode",
        "the board did not come back in its ROM loader",
        f"on a virtual machine, pass on 1fc9:013d, 15a2:0073 and 18d1:9307 as well; else {_ANEW}",
    ),
    (
        "in flashloader mode",
        "the board did not come back in the flash loader",
        f"plug it straight into the computer, without a hub; {_ANEW}",
    ),
    ("in elf_loader mode", "the board left the ELF loader", _ANEW),
    ("in any recognized mode", "the board went away", f"check cable and power; {_ANEW}"),
    (
        "HID device",
        "the ELF loader's port did not open",
        f"check the udev rules for 18d1:9307 (`undertone doctor`); {_ANEW}",
    ),
    (
        "serial port",
        "the board's serial port did not open",
        f"end what uses it (a terminal, ModemManager); else {_ANEW}",
    ),
    ("does not exist", "the build is not complete", "build again: undertone build --port coralmicro"),
    (
        "blhost",
        "the chip's loader refused or lost the connection",
        f"plug it straight into the computer; {_ANEW}",
    ),
    ("elftosb", "the boot image could not be made", "build again: undertone build --port coralmicro"),
)


@dataclass(frozen=True)
class FlashRun:
    """What the flash tool did.

    Attributes:
        status: Its exit status; None when it was ended for taking too long.
        lines: What it said.
        step: The last step that it began, in words.
        seconds: How long it took.
        log: Where all that it said is kept.
    """

    status: int | None
    lines: tuple[str, ...]
    step: str
    seconds: float
    log: Path

    @property
    def good(self) -> bool:
        """Whether it says that the board was flashed."""
        return self.status == 0 and any(SUCCESS in line for line in self.lines)

    def require_good(self) -> None:
        """Raise the failure with its cause and remedy, where it is one.

        Raises:
            DeviceError: The board was not flashed.
        """
        if self.good:
            return
        where = f"while {self.step}" if self.step else "before it began"
        if self.status is None:
            raise DeviceError(
                f"the flash tool did not end within {self.seconds:.0f} s, {where} (log: {self.log})",
                f"unplug the board and plug it in again; {_ANEW}",
            )
        for words, cause, remedy in CAUSES:
            if any(words in line for line in self.lines):
                raise DeviceError(f"the flash tool failed {where}: {cause} (log: {self.log})", remedy)
        last = self.lines[-1] if self.lines else "it said nothing"
        raise DeviceError(
            f"the flash tool failed {where}: {last} (log: {self.log})", _ANEW if self.step else _UNTOUCHED
        )


def run_flashtool(
    command: Sequence[str],
    log: Path,
    limit_s: float,
    environment: Mapping[str, str] | None = None,
    on_step: Callable[[str], None] | None = None,
) -> FlashRun:
    """Run the flash tool and return what it did.

    Args:
        command: The program and its arguments.
        log: Everything that it says is written there as it comes.
        limit_s: After so long it is ended, with all that it started.
        environment: Its environment variables; this process's by default.
        on_step: Told of each step as it begins.
    """
    started = time.monotonic()
    lines: list[str] = []
    step = ""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as record:
        # A session of its own: its helpers are ended with it.
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**(os.environ if environment is None else environment), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        try:
            for line in _lines(process, started + limit_s):
                record.write(line + "\n")
                record.flush()
                lines.append(line)
                if (words := STEPS.get(line.strip())) is not None:
                    step = words
                    if on_step is not None:
                        on_step(words)
            status = _status(process, started + limit_s)
        finally:
            _end(process)
    return FlashRun(status, tuple(lines), step, time.monotonic() - started, log)


def _lines(process: subprocess.Popen[bytes], deadline: float) -> Iterator[str]:
    """Yield what a process says, line by line, until it closes its output or the deadline passes."""
    assert process.stdout is not None
    held = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([process.stdout], [], [], left)[0]:
            break
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            break
        *whole, held = (held + data).replace(b"\r", b"\n").split(b"\n")
        yield from (line.decode(errors="replace").rstrip() for line in whole if line.strip())
    if held.strip():
        yield held.decode(errors="replace").rstrip()


def _status(process: subprocess.Popen[bytes], deadline: float) -> int | None:
    try:
        return process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
