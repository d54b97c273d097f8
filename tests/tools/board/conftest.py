"""A bus, an SDK and a device on TCP, in place of the machine's own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.protocol import (
    DeviceServer,
)
from firmware_bridge.protocol.loopback import LoopbackEngine
from tests.support.microphone import MicrophoneDevice
from tests.support.usb import RULES, Bus, SdkStandIn
from tools.board import sdk as sdk_module
from tools.board.firmware import Firmware
from tools.health import system as system_module


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


@pytest.fixture
def microphone() -> Callable[..., MicrophoneDevice]:
    return MicrophoneDevice
