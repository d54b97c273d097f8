"""A bus with boards that a test plugs in, an SDK whose flash tool does as it is told, and a device on TCP."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.protocol import (
    TABLE,
    DeviceServer,
    ErrorCode,
    Frame,
    FrameDecoder,
    decode,
    encode,
    encode_frame,
)
from firmware_bridge.protocol.loopback import LoopbackEngine
from tools.board import sdk as sdk_module
from tools.board.firmware import Firmware
from tools.health import system as system_module

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


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """An empty bus that this machine is believed to have."""
    made = Bus(tmp_path / "bus")
    monkeypatch.setattr(system_module, "USB_DEVICES", made.devices)
    return made


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SdkStandIn:
    """An SDK, named by the environment, with a Python that has all it wants, on Linux for x86-64."""
    made = SdkStandIn(tmp_path / "coralmicro")
    monkeypatch.setenv("CORALMICRO_DIR", str(made.folder))
    monkeypatch.setattr(sdk_module, "IMPORTS", "import json")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return made


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    """This user is not root, and the board's udev rules are installed."""
    monkeypatch.setattr(system_module.System, "groups", lambda self: {"dialout"})
    monkeypatch.setattr(system_module.System, "udev_rules", lambda self: RULES)


@pytest.fixture
def make_firmware(tmp_path: Path) -> Callable[..., Path]:
    """Write what a build of the board's firmware leaves behind; returns its folder."""
    from firmware_bridge.base.files import sha256_file

    def make(bundle: str, **changes: Any) -> Path:
        folder = tmp_path / "firmware"
        build = folder / "cmake"
        elf = build / "undertone"
        for loader in ("elf_loader", "flashloader"):
            (build / "sdk" / loader).mkdir(parents=True, exist_ok=True)
            (build / "sdk" / loader / "image.srec").touch()
        elf.write_bytes(b"\x7fELF firmware")
        elf.with_suffix(".libs").touch()
        elf.with_suffix(".data").touch()
        fields = {
            "port": "coralmicro",
            "bundle": bundle,
            "file": elf,
            "sha256": sha256_file(elf),
            "build_dir": build,
        }
        Firmware.model_validate(fields | changes).write(folder)
        return folder

    return make


@pytest.fixture
def serve_bytes() -> Iterator[Callable[[Callable[[], Callable[[bytes], bytes]]], str]]:
    """Answer on TCP with a function from bytes to bytes, made anew for each connection; returns the URL."""
    doors: list[socket.socket] = []

    def start(make: Callable[[], Callable[[bytes], bytes]]) -> str:
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)

        def run() -> None:
            while True:
                try:
                    line, _ = door.accept()
                except OSError:
                    return
                answer = make()
                with line, contextlib.suppress(OSError):
                    while data := line.recv(4096):
                        line.sendall(answer(data))

        threading.Thread(target=run, daemon=True).start()
        return f"socket://127.0.0.1:{door.getsockname()[1]}"

    yield start
    for door in doors:
        door.close()


@pytest.fixture
def serve(serve_bytes: Any) -> Callable[..., str]:
    """Serve the protocol on TCP as a device without a model, with the given identity; returns the URL."""

    def start(**identity: Any) -> str:
        engine = LoopbackEngine()
        url: str = serve_bytes(lambda: DeviceServer(engine, replace(engine.identity, **identity)).push)
        return url

    return start


class MicrophoneDevice:
    """A device that hears what a test says: it answers what `DeviceServer` has no ears for.

    Attributes:
        live: Answers to `get_live`, the last of which stays.
        heard: Samples that were captured; more come with every question, `grow` at a time.
        lost: What it says of lost samples.
        held: Only so many of the newest samples can still be had.
        asked: Names of all requests.
        refuse: Names of requests that it refuses.
    """

    def __init__(self, **identity: Any) -> None:
        self.live: list[dict[str, Any]] = []
        self.heard = np.zeros(0, np.int16)
        self.there, self.grow, self.lost, self.held = 0, 0, 0, 1 << 30
        self.asked: list[str] = []
        self.modes: list[int] = []
        self.refuse: set[str] = set()
        engine = LoopbackEngine()
        self.server = DeviceServer(engine, replace(engine.identity, **identity))

    def push(self) -> Callable[[bytes], bytes]:
        decoder = FrameDecoder()

        def answer(data: bytes) -> bytes:
            return b"".join(self._reply(frame) for frame in decoder.push(data) if isinstance(frame, Frame))

        return answer

    def _reply(self, frame: Frame) -> bytes:
        message = decode(frame.kind, frame.payload)
        self.asked.append(message.name)
        if message.name in self.refuse:
            code, sentence = ErrorCode.NOT_CAPABLE, "this device has no microphone"
            return self._frame("error", frame, code=code, request=frame.kind, sentence=sentence)
        match message.name:
            case "listen":
                self.modes.append(message.mode)
                return self._frame("listening", frame, mode=message.mode)
            case "get_live":
                now = self.live.pop(0) if len(self.live) > 1 else self.live[0]
                return self._frame("live", frame, **now)
            case "get_capture":
                return self._captured(frame, message.offset)
        return self.server.push(encode_frame(frame))

    def _captured(self, frame: Frame, offset: int) -> bytes:
        self.there = min(len(self.heard), self.there + self.grow)
        first = max(offset, self.there - self.held)
        self.lost += first - offset
        pcm = self.heard[first : min(self.there, first + 480)]
        return self._frame(
            "captured", frame, offset=first, available=self.there - first, lost_samples=self.lost, pcm=pcm
        )

    def _frame(self, name: str, asked: Frame, /, **fields: Any) -> bytes:
        return encode_frame(Frame(TABLE.layouts[name].id, asked.sequence, encode(name, **fields)))


@pytest.fixture
def microphone() -> Callable[..., MicrophoneDevice]:
    return MicrophoneDevice
