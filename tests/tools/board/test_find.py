"""`--dut board`: the one board here is found by its USB identity and `hello`; several are listed, and nothing runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.contract.bundle import Bundle
from hil.client.client import DeviceClient, DeviceIdentity
from hil.link.memory_link import MemoryLink
from tests.support.usb import LOADER, ROM, RUNNING, Bus
from tools.board import find
from tools.board.choose import SeveralBoards
from tools.board.find import listed, port_of_board, running_board, with_port
from tools.board.usb import State, UsbBoard, find_boards
from tools.cli import run
from tools.options import BOARD_URL

Capture = pytest.CaptureFixture[str]
BOARD = UsbBoard(State.RUNNING, RUNNING, "1-4", "0a1b", ("/dev/ttyACM0",))


@pytest.fixture(scope="module")
def identity() -> DeviceIdentity:
    from firmware_bridge.protocol import DeviceServer
    from firmware_bridge.protocol.loopback import LoopbackEngine

    engine = LoopbackEngine()
    return DeviceClient(MemoryLink(DeviceServer(engine, engine.identity))).hello()


def answering(
    at: str, identity: DeviceIdentity, evidence: str = "measured"
) -> Callable[[str], DeviceIdentity]:
    """Return an `ask` to which one port answers; `asked` holds what was asked."""

    def ask(url: str) -> DeviceIdentity:
        asked.append(url)
        if url != at:
            raise DeviceSilent("not a single byte came", "check the power")
        return replace(identity, evidence=evidence)

    asked.clear()
    return ask


asked: list[str] = []


def none() -> Sequence[UsbBoard]:
    raise AssertionError("nobody asked for a board")


@pytest.mark.parametrize("dut", ["host", "twin", "board:/dev/ttyACM0", f"board:{BOARD_URL}", "boards"])
def test_what_has_a_port_is_left_alone(dut: str) -> None:
    assert with_port(dut, none) == dut


@pytest.mark.parametrize("dut", ["board", "board:"])
def test_its_serial_port_is_asked_first(identity: DeviceIdentity, dut: str) -> None:
    ask = answering("/dev/ttyACM0", identity)
    assert with_port(dut, lambda: [BOARD], ask) == "board:/dev/ttyACM0"
    assert asked == ["/dev/ttyACM0"]


def test_then_its_network(identity: DeviceIdentity) -> None:
    assert with_port("board", lambda: [BOARD], answering(BOARD_URL, identity)) == f"board:{BOARD_URL}"
    assert asked == ["/dev/ttyACM0", BOARD_URL]


def test_a_stand_in_is_no_board(identity: DeviceIdentity) -> None:
    with pytest.raises(DeviceError, match="answers nowhere") as caught:
        port_of_board(BOARD, answering(BOARD_URL, identity, "simulated"))
    assert "it calls its figures simulated" in caught.value.what
    assert "/dev/ttyACM0: not a single byte came" in caught.value.what
    assert "undertone flash" in caught.value.remedy


def test_no_board_is_explained() -> None:
    with pytest.raises(DeviceError, match="no Coral Dev Board Micro on USB"):
        with_port("board", list)


def test_a_board_that_does_not_run_is_not_asked(identity: DeviceIdentity) -> None:
    waiting = replace(BOARD, state=State.ROM, serial="", ports=())
    with pytest.raises(DeviceError, match="ROM loader") as caught:
        with_port("board", lambda: [waiting], answering(BOARD_URL, identity))
    assert asked == []
    assert "undertone flash" in caught.value.remedy


def test_several_are_a_table_and_none_is_asked(identity: DeviceIdentity, capsys: Capture) -> None:
    two = [BOARD, UsbBoard(State.LOADER, LOADER, "1-2.3")]
    with pytest.raises(SeveralBoards, match="2 boards on USB and none was named") as caught:
        with_port("board", lambda: two, answering(BOARD_URL, identity))
    assert asked == []
    assert caught.value.remedy == "name its port: --dut board:/dev/ttyACM0"
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == listed(two)


def test_the_table() -> None:
    assert listed([BOARD, UsbBoard(State.LOADER, LOADER, "1-2.3")]) == [
        "serial number  plug   state    ports",
        "0a1b           1-4    running  /dev/ttyACM0",
        "-              1-2.3  loader   -",
    ]


def test_boards_come_from_the_bus(tmp_path: Path) -> None:
    bus = Bus(tmp_path / "bus")
    bus.plug("1-4", RUNNING, "0a1b", tty="ttyACM0")
    assert running_board(find_boards(bus.devices, bus.files)).ports == (str(bus.files / "ttyACM0"),)
    bus.plug("1-5", ROM)
    with pytest.raises(SeveralBoards):
        running_board(find_boards(bus.devices, bus.files))


class TestVerb:
    @pytest.fixture
    def line(self, tiny_bundle: Bundle, tmp_path: Path) -> list[str]:
        return [
            "hil",
            "--dut",
            "board",
            "--bundle",
            str(tiny_bundle.directory),
            "--out",
            str(tmp_path / "out"),
        ]

    def test_two_boards_and_no_choice(self, bus: Bus, line: list[str], capsys: Capture) -> None:
        bus.plug("1-4", RUNNING, "0a1b", tty="ttyACM0")
        bus.plug("1-5", RUNNING, "0a1c", tty="ttyACM1")
        assert run(line) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert "0a1b" in told.err and "0a1c" in told.err
        assert "undertone: 2 boards on USB and none was named" in told.err

    def test_no_board(self, bus: Bus, line: list[str], capsys: Capture) -> None:
        assert run(line) == 2
        assert "no Coral Dev Board Micro on USB" in capsys.readouterr().err

    def test_the_board_that_answers_is_used(
        self,
        bus: Bus,
        line: list[str],
        capsys: Capture,
        serve: Callable[..., str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What answers carries another bundle: the run ends there, after it was found and asked."""
        bus.plug("1-4", RUNNING, "0a1b")
        url = serve(evidence="measured", bundle="f" * 64)
        monkeypatch.setattr(find, "BOARD_URL", url)
        monkeypatch.setattr("tools.pipeline.segments.segments_for", lambda *_: [])
        assert run(line) == 2
        told = capsys.readouterr().err
        assert f"board 0a1b at 1-4 ({RUNNING}) answers at {url}" in told
