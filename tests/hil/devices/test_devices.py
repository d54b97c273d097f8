"""Devices as the user meets them: a process on a pseudo-terminal, a port, and every way to fail."""

from __future__ import annotations

import os
import pty
import socket
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import DeviceError, DeviceSilent, InvalidSetting, UnknownName
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.protocol import DeviceServer
from firmware_bridge.protocol.loopback import LoopbackEngine
from hil.client.client import DeviceClient
from hil.devices import KINDS, DeviceKind, available, open_device
from hil.devices.base import DeviceBase
from hil.devices.board import Board
from hil.devices.host_process import HostProcess
from hil.link.link import Link, LinkLost, SerialLink
from hil.link.timing import Timing

ENGINE = LoopbackEngine()
LOOPBACK = [sys.executable, "-m", "tests.support.loopback_device"]
HASTY = Timing(reply_s=0.05, attempts=2)
# Where what is said depends on who is first, the machine may be busy.
PATIENT = Timing(reply_s=0.5, attempts=2)


@pytest.fixture(scope="module")
def device() -> Iterator[HostProcess]:
    with HostProcess(LOOPBACK) as started:
        yield started


def test_a_process_on_a_pseudo_terminal_scores(device: HostProcess, rng: np.random.Generator) -> None:
    client = DeviceClient(device.link())
    pcm = rng.integers(-32768, 32768, 80000).astype(np.int16)
    result = client.score_segment(pcm)
    assert np.array_equal(result.fused, ENGINE.score_segment(pcm).fused)
    assert result.ram_peak_bytes > 1_000_000
    assert client.stats().ram_bytes > 1_000_000
    windows = client.features(pcm[:2500])
    assert np.array_equal(windows[1], ENGINE.segment_features(pcm[:2500])[1])


def test_it_says_what_stands_in(device: HostProcess) -> None:
    said = device.describe()
    assert said["evidence"] == "simulated"
    assert "stand in for the Edge TPU" in said["stand_in"]


def test_all_byte_values_pass_the_terminal(device: HostProcess) -> None:
    client = DeviceClient(device.link())
    pcm = np.arange(-32768, 32768, 7, dtype=np.int16)
    assert np.array_equal(client.score_segment(pcm).acoustic, ENGINE.score_segment(pcm).acoustic)


def test_the_process_ends_with_its_host() -> None:
    device = HostProcess(LOOPBACK)
    device.start()
    process = device._process
    assert process is not None and process.poll() is None
    device.stop()
    assert process.returncode == 0
    device.stop()


def test_a_killed_device_is_a_lost_link() -> None:
    with HostProcess(LOOPBACK) as device:
        client = DeviceClient(device.link(), HASTY)
        client.hello()
        assert device._process is not None
        device._process.kill()
        device._process.wait()
        with pytest.raises(DeviceError) as caught:
            client.stats()
        assert isinstance(caught.value, LinkLost | DeviceSilent)


@pytest.mark.parametrize(
    ("program", "words"),
    [("import sys; sys.exit('the bundle is damaged')", "the bundle is damaged"), ("pass", "it said nothing")],
)
def test_a_device_that_ends_at_its_start_is_quoted(program: str, words: str) -> None:
    with pytest.raises(DeviceError, match=words), HostProcess([sys.executable, "-c", program]):
        raise AssertionError("started")


def test_a_device_that_never_comes_up_is_not_waited_for() -> None:
    began = time.monotonic()
    sleeper = HostProcess([sys.executable, "-c", "import time; time.sleep(60)"], start_s=0.2)
    with pytest.raises(DeviceError, match="did not start within"), sleeper:
        raise AssertionError("started")
    assert time.monotonic() - began < 10


def test_a_port_that_does_not_exist_gets_one_clear_line() -> None:
    with pytest.raises(DeviceError) as caught, Board("/dev/ttyNOPE7"):
        raise AssertionError("opened")
    assert "there is no such port" in caught.value.what
    assert "ports here" in caught.value.remedy
    assert caught.value.exit_status == 2


def test_a_network_port_where_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"socket://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DeviceError, match="cannot open"), Board(url):
            raise AssertionError("opened")


def test_a_port_that_never_answers() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        with (
            pytest.raises(DeviceSilent, match="not a single byte"),
            Board(os.ttyname(slave), greeting=PATIENT),
        ):
            raise AssertionError("answered")
    finally:
        os.close(master)
        os.close(slave)


def test_a_device_that_does_not_read_does_not_hold_the_host() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    link = SerialLink(os.ttyname(slave))
    began = time.monotonic()
    try:
        with pytest.raises(DeviceSilent, match="takes no more bytes"):
            link.write(bytes(10_000_000), began + 0.3)
        assert time.monotonic() - began < 2
    finally:
        link.close()
        os.close(master)
        os.close(slave)


def test_a_board_on_the_network() -> None:
    """The board's fast way in is TCP; a stand-in behind it must not pass for a board."""
    server = DeviceServer(ENGINE, ENGINE.identity)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                while data := peer.recv(4096):
                    peer.sendall(server.push(data))

        threading.Thread(target=serve, daemon=True).start()
        with Board(f"socket://127.0.0.1:{listener.getsockname()[1]}") as board:
            assert board.evidence is Evidence.SIMULATED
            assert board.keeps_time is False
            assert board.describe()["build"] == "loopback 1"
            pcm = np.arange(5000, dtype=np.int16)
            result = DeviceClient(board.link()).score_segment(pcm)
            assert np.array_equal(result.fused, ENGINE.score_segment(pcm).fused)


@pytest.mark.parametrize("name", ["arduino", "arduino:1", "host:1", "", ":"])
def test_unknown_devices_list_the_valid_ones(name: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown device '{name}'") as caught:
        open_device(name, Path())
    assert caught.value.remedy == "use one of: board:PORT, host, twin"


def test_what_a_kind_needs_is_asked_for() -> None:
    for name in ("board", "board:"):
        with pytest.raises(DeviceError, match="'board' needs a port"):
            open_device(name, Path())
    for name in ("host", "twin"):
        with pytest.raises(DeviceError, match=f"'{name}' needs a bundle") as caught:
            open_device(name, None)
        assert "--bundle DIR" in caught.value.remedy
    assert open_device("board:/dev/x", None).name == "board:/dev/x"
    with pytest.raises(DeviceError, match="not started"):
        open_device("host", Path()).link()


class Parrot(DeviceBase):
    """A kind of device that the room does not know."""

    name, evidence, keeps_time = "parrot", Evidence.SIMULATED, False

    def __init__(self, port: str) -> None:
        self.port = port

    def start(self) -> None:
        raise DeviceError("parrots do not start")

    def stop(self) -> None:
        self.port = ""

    def link(self) -> Link:
        raise DeviceError("parrots have no link")

    def describe(self) -> dict[str, Any]:
        return {"device": self.name}


def test_a_new_kind_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName):
        open_device("parrot:green", None)
    monkeypatch.setitem(KINDS, "parrot", DeviceKind("repeats", lambda port, _: Parrot(port), at_port=True))
    made = open_device("parrot:green:7", None)
    assert isinstance(made, Parrot) and made.port == "green:7"
    assert available()["parrot:PORT"] == "repeats"
    with pytest.raises(UnknownName) as caught:
        open_device("cat", None)
    assert "parrot:PORT" in caught.value.remedy


def test_two_files_cannot_claim_one_kind() -> None:
    with pytest.raises(InvalidSetting, match="two device parts are called 'host'"):
        KINDS.add("host", KINDS["board"])


def test_every_file_of_the_room_registers_what_it_makes() -> None:
    """A device in a file that forgot its registration would be one that nobody can name."""
    classes = {one for one in DeviceBase.__subclasses__() if one.__module__.startswith("hil.devices")}
    classes |= {sub for one in classes for sub in one.__subclasses__()}
    made = {type(kind.make("/dev/x", Path())) for kind in KINDS.values()}
    assert made == classes
