"""`undertone doctor` on machines that lack one thing each."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from tools.board.usb import USB_IDS, UsbBoard
from tools.cli import run
from tools.health import board, firmware, machine
from tools.health import system as system_module
from tools.health.finding import Finding, ok
from tools.health.system import Port, System
from tools.verbs import doctor

ROM, FLASHLOADER, LOADER = "1fc9:013d", "15a2:0073", "18d1:9307"
BOARD = Port("/dev/ttyACM0", board.RUNNING, serial="24CD")
ALL_RULES = 'ATTRS{idVendor}=="18D1" 9307 9308\nATTRS{idVendor}=="1fc9" 013d\n15a2 0073'


def seen(usb: str, serial: str = "", place: str = "1-1") -> UsbBoard:
    return UsbBoard(USB_IDS[usb], usb, place, serial)


LOCK = """\
numpy==1.26.4 \\
    --hash=sha256:00 \\
    # via undertone
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
"""


class Machine(System):
    """A machine on which everything is in order, except for what a test changes."""

    def __init__(self, **changes: object) -> None:
        self.version = (3, 11)
        self.system = "Linux x86_64"
        self.free = 50_000_000_000
        self.packages = {"numpy": "1.26.4"}
        self.lock_text: str | None = LOCK
        self.variables: Mapping[str, str] = {"PATH": ""}
        self.serial = [BOARD]
        self.usb = [seen(board.RUNNING, "24CD")]
        self.programs = {"arm-none-eabi-gcc": "/usr/bin/arm-none-eabi-gcc"}
        self.listens = True
        self.member = {"dialout"}
        self.rules = ALL_RULES
        self.running = {"bash"}
        self.route = "10.10.10.2"
        assert set(changes) <= set(self.__dict__)
        self.__dict__.update(changes)

    def python(self) -> tuple[int, int]:
        return self.version

    def platform(self) -> str:
        return self.system

    def environment(self) -> Mapping[str, str]:
        return self.variables

    def free_bytes(self) -> int:
        return self.free

    def installed(self) -> dict[str, str]:
        return self.packages

    def lock(self) -> str | None:
        return self.lock_text

    def ports(self) -> list[Port]:
        return self.serial

    def boards(self) -> list[UsbBoard]:
        return self.usb

    def which(self, program: str) -> str:
        return self.programs.get(program, "")

    def board_listens(self, seconds: float = 0.5) -> bool:
        return self.listens

    def groups(self) -> set[str]:
        return self.member

    def udev_rules(self) -> str:
        return self.rules

    def processes(self) -> set[str]:
        return self.running

    def route_to_board(self) -> str:
        return self.route


CASES = [
    (machine.check_python, {}, "ok", "3.11"),
    (machine.check_python, {"version": (3, 12)}, "ok", "3.12"),
    (machine.check_python, {"version": (3, 10)}, "wrong", "3.10"),
    (machine.check_python, {"version": (3, 13)}, "wrong", "3.13"),
    (machine.check_packages, {}, "ok", "all 1"),
    (machine.check_packages, {"packages": {}}, "missing", "numpy"),
    (machine.check_packages, {"packages": {"numpy": "2.0"}}, "wrong", "numpy 2.0 (locked 1.26.4)"),
    (machine.check_packages, {"lock_text": None}, "missing", "no requirements.lock"),
    (machine.check_disk, {}, "ok", "50.0 GB"),
    (machine.check_disk, {"free": 1_000_000_000}, "wrong", "1.0 GB"),
    (machine.check_edgetpu_compiler, {}, "missing", "not on this machine"),
    (
        machine.check_edgetpu_compiler,
        {"variables": {"PATH": str(Path(sys.executable).parent), "EDGETPU_COMPILER": sys.executable}},
        "ok",
        "python",
    ),
    (machine.check_edgetpu_compiler, {"variables": {"EDGETPU_COMPILER": "/no/such"}}, "missing", "/no/such"),
    (board.check_board, {}, "ok", "24CD at 1-1 (18d1:9308), its application runs"),
    (board.check_board, {"usb": []}, "missing", "18d1:9308, 1fc9:013d, 15a2:0073, 18d1:9307"),
    (board.check_board, {"usb": [seen(ROM)]}, "wrong", "ROM loader"),
    (board.check_board, {"usb": [seen(FLASHLOADER)]}, "wrong", "flash loader"),
    (board.check_board, {"usb": [seen(LOADER, "AB")]}, "wrong", "AB at 1-1 (18d1:9307), in the ELF loader"),
    (board.check_board, {"usb": [seen(board.RUNNING, "AA"), seen(board.RUNNING, "BB")]}, "ok", "--serial"),
    (board.check_board, {"usb": [seen(board.RUNNING, "AA"), seen(ROM)]}, "wrong", "AA at 1-1"),
    (board.check_ports, {}, "ok", "/dev/ttyACM0 (18d1:9308, the board"),
    (
        board.check_ports,
        {"serial": [Port("/dev/ttyUSB0", "0403:6001", True, "A9", "FT232R")]},
        "ok",
        "FT232R, A9",
    ),
    (board.check_ports, {"serial": [Port("/dev/ttyS0")]}, "ok", "/dev/ttyS0 (not USB)"),
    (board.check_ports, {"serial": []}, "missing", "none"),
    (board.check_ports, {"serial": [Port("/dev/ttyS0", "", False)]}, "wrong", "no right to open /dev/ttyS0"),
    (board.check_ports, {"serial": [Port("/dev/ttyUSB9", "1a86:7523", False)]}, "ok", "1a86:7523"),
    (board.check_group, {}, "ok", "dialout"),
    (board.check_group, {"member": {"users"}}, "missing", "not in it"),
    (board.check_group, {"member": set(), "system": "Darwin arm64"}, "ok", "not used"),
    (board.check_udev, {}, "ok", "all states"),
    (
        board.check_udev,
        {"rules": 'ATTRS{idVendor}=="18d1" 9308'},
        "missing",
        "1fc9:013d, 15a2:0073, 18d1:9307",
    ),
    (board.check_udev, {"rules": "", "member": {"root"}}, "ok", "root"),
    (board.check_udev, {"rules": "", "system": "Darwin arm64"}, "ok", "not used"),
    (board.check_modem_manager, {}, "ok", "does not run"),
    (board.check_modem_manager, {"running": {"ModemManager"}}, "wrong", "every new serial port"),
    (
        board.check_modem_manager,
        {"running": {"ModemManager"}, "rules": 'ATTRS{idVendor}=="18d1", ENV{ID_MM_DEVICE_IGNORE}="1"'},
        "ok",
        "leave the board alone",
    ),
    (
        board.check_usb_ethernet,
        {},
        "ok",
        "10.10.10.2 faces the board's 10.10.10.1, which listens on port 7000",
    ),
    (board.check_usb_ethernet, {"listens": False}, "wrong", "nothing listens on its port 7000"),
    (board.check_usb_ethernet, {"listens": False, "usb": []}, "ok", "10.10.10.2"),
    (firmware.check_m7_compiler, {}, "ok", "/usr/bin/arm-none-eabi-gcc"),
    (
        firmware.check_m7_compiler,
        {"packages": {"ziglang": "0.15"}, "programs": {}},
        "ok",
        "the package ziglang",
    ),
    (firmware.check_m7_compiler, {"programs": {}}, "missing", "neither arm-none-eabi-gcc nor"),
    (firmware.check_sdk, {}, "missing", "CORALMICRO_DIR"),
    (firmware.check_sdk, {"variables": {"CORALMICRO_DIR": "/no/such"}}, "missing", "/no/such is no checkout"),
    (firmware.check_flashtool, {}, "missing", "comes with the SDK"),
    (board.check_usb_ethernet, {"route": "192.168.1.5"}, "missing", "10.10.10.1"),
    (board.check_usb_ethernet, {"route": ""}, "missing", "10.10.10.1"),
]


@pytest.mark.parametrize(("check", "changes", "state", "words"), CASES)
def test_each_check(check: object, changes: dict[str, object], state: str, words: str) -> None:
    found = check(Machine(**changes))  # type: ignore[operator]
    assert found.state == state
    assert words in found.what
    assert bool(found.fix) is (state != "ok")


def test_a_machine_without_a_c_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[str]:
        raise EnvironmentLacking("no C compiler found", "install gcc")

    assert machine.check_c_compiler(Machine()).state == "ok"
    monkeypatch.setattr("firmware_bridge.base.toolchain.find_compiler", none)
    found = machine.check_c_compiler(Machine())
    assert (found.state, found.fix, found.needed) == ("missing", "install gcc", True)


def test_the_sdk_and_its_flash_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "flashtool.py").touch()
    here = Machine(variables={"CORALMICRO_DIR": str(tmp_path)})
    found = firmware.check_sdk(here)
    assert (found.state, "unknown commit" in found.what) == ("wrong", True)
    monkeypatch.setattr("tools.board.sdk.read_commit", lambda folder: "1" * 40)
    found = firmware.check_sdk(here)
    assert (found.state, "11111111" in found.what) == ("wrong", True)
    assert "checkout c9f665b " in found.fix
    monkeypatch.setattr("tools.board.sdk.read_commit", lambda folder: "c9f665b0" + "1" * 32)
    assert firmware.check_sdk(here) == ok("SDK (CORALMICRO_DIR)", f"{tmp_path} at c9f665b0")
    assert firmware.check_flashtool(here).state == "wrong"
    monkeypatch.setattr(firmware, "toolchain_option", lambda sdk: [])
    monkeypatch.setattr(firmware, "find_python", lambda sdk, environment: "/usr/bin/python3")
    assert firmware.check_flashtool(here).what.endswith("flashtool.py, run by /usr/bin/python3")


def test_corpora_are_looked_for(ravdess: Path, monkeypatch: pytest.MonkeyPatch, no_data: Path) -> None:
    before = {f.name: f for f in machine.check_corpora(Machine())}
    assert before["corpus ravdess"].state == "missing"
    assert "UNDERTONE_DATA" in before["corpus ravdess"].fix
    assert "corpus synthetic" not in before
    assert not any(f.needed for f in before.values())
    monkeypatch.setenv("UNDERTONE_DATA", str(ravdess.parent))
    after = {f.name: f for f in machine.check_corpora(Machine())}
    assert after["corpus ravdess"] == ok("corpus ravdess", str(ravdess))
    assert after["corpus speech_commands"].state == "missing"
    assert "synthetic speech stands in" in after["corpus speech_commands"].fix
    # Nothing needs the others: one line, with all their names.
    assert "corpus urdu" not in after
    assert {"iemocap", "urdu"} <= set(after["other corpora"].what.split(", "))
    assert "NAME:PATH" in after["other corpora"].fix


def test_the_foundation_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    where = "train.foundation.network_file.find_network"
    monkeypatch.setattr(where, lambda file: tmp_path / "model.tflite")
    assert machine.check_foundation(Machine()).state == "ok"
    monkeypatch.setattr(where, lambda file: None)
    assert "scratch" in machine.check_foundation(Machine()).fix

    def unreadable(file: object) -> Path:
        raise OSError("disk error")

    monkeypatch.setattr(where, unreadable)
    assert machine.check_foundation(Machine()).state == "wrong"


def test_only_what_is_needed_decides() -> None:
    fine, optional = ok("a", "b", needed=True), Finding("c", "missing", "d", "e")
    assert doctor.verdict([fine, optional]) == 0
    assert doctor.verdict([fine, Finding("f", "wrong", "g", "h", needed=True)]) == 2


def test_every_line_comes_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_module, "System", lambda: Machine(version=(3, 9), route=""))
    assert run(["doctor"]) == 2
    told = capsys.readouterr().out
    assert "WRONG    python: Python 3.9" in told
    assert "needed; fix: install Python 3.11" in told
    assert told.rstrip().endswith("not ready: mend what is needed")
    assert run(["doctor", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["ready"] is False
    assert {"name", "state", "what", "fix", "needed"} == set(found["findings"][0])
    assert len(found["findings"]) >= 17


def test_a_good_machine_is_ready(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(system_module, "System", Machine)
    assert run(["doctor"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("ready")


class TestThisMachine:
    """The real view: it must answer, whatever the machine is."""

    def test_it_answers(self) -> None:
        here = System()
        assert here.python() == sys.version_info[:2]
        assert here.free_bytes() > 0
        assert here.installed()["numpy"]
        assert "numpy==" in str(here.lock())
        assert isinstance(here.udev_rules(), str)
        assert isinstance(here.route_to_board(), str)
        assert here.environment() is os.environ
        assert all(port.device for port in here.ports())
        if sys.platform == "linux":
            assert here.processes()
        assert ("root" in here.groups()) is (os.geteuid() == 0)

    def test_usb_devices_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "1-1").mkdir()
        (tmp_path / "1-1" / "idVendor").write_text("18d1\n")
        (tmp_path / "1-1" / "idProduct").write_text("9308\n")
        monkeypatch.setattr(system_module, "USB_DEVICES", tmp_path)
        assert [one.usb for one in System().boards()] == ["18d1:9308"]

    def test_what_listens_where_the_board_would(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            monkeypatch.setattr(system_module, "BOARD_ADDRESS", "127.0.0.1")
            monkeypatch.setattr(system_module, "BOARD_PORT", door.getsockname()[1])
            assert System().board_listens()
        assert not System().board_listens()

    def test_programs_are_looked_for(self) -> None:
        assert System().which("sh").endswith("/sh")
        assert System().which("no-such-program") == ""

    def test_rules_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.rules").write_text("one")
        (tmp_path / "b.rules").write_text("two")
        (tmp_path / "c.txt").write_text("three")
        monkeypatch.setattr(system_module, "UDEV_FOLDERS", (tmp_path, tmp_path / "none"))
        assert System().udev_rules() == "one\ntwo"

    def test_a_lock_file_that_is_not_there(self, tmp_path: Path) -> None:
        here = System()
        here.root = tmp_path
        assert here.lock() is None
