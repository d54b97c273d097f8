"""Boards are found in every state, told apart, and chosen only where there is no doubt."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import DeviceError, EnvironmentLacking
from tests.support.usb import LOADER, ROM, RULES, RUNNING
from tools.board.choose import SeveralBoards, choose_board
from tools.board.rights import require_rights, uncovered
from tools.board.usb import MEANING, USB_IDS, WAY_BACK, State, UsbBoard, find_boards, wait_until
from tools.health.system import Port, System


def board(usb: str = RUNNING, serial: str = "", place: str = "1-1", **more: Any) -> UsbBoard:
    return UsbBoard(USB_IDS[usb], usb, place, serial, **more)


class TestFinding:
    @pytest.mark.parametrize(("usb", "state"), USB_IDS.items())
    def test_each_state(self, bus: Any, usb: str, state: State) -> None:
        bus.plug("1-1", usb)
        assert [one.state for one in find_boards(bus.devices)] == [state]
        assert MEANING[state]
        assert bool(WAY_BACK[state]) is (state is not State.RUNNING)

    def test_everything_that_is_known_of_a_board(self, bus: Any) -> None:
        bus.plug("1-4.2", RUNNING, "24CD8D68", tty="ttyACM3")
        (found,) = find_boards(bus.devices, bus.files)
        assert (found.place, found.serial) == ("1-4.2", "24CD8D68")
        assert found.ports == (str(bus.files / "ttyACM3"),)
        assert found.nodes == (str(bus.files / "bus/usb/001/007"),)
        assert found.as_dict()["what"] == "its application runs"
        assert found.title == "24CD8D68 at 1-4.2 (18d1:9308)"

    def test_the_loaders_files(self, bus: Any) -> None:
        bus.plug("1-1", LOADER, "AB", hidraw="hidraw5")
        (found,) = find_boards(bus.devices, bus.files)
        assert found.nodes == (str(bus.files / "hidraw5"), str(bus.files / "bus/usb/001/007"))
        assert found.ports == ()

    def test_everything_else_is_left_alone(self, bus: Any) -> None:
        bus.plug("1-1", "0403:6001", "FT1", tty="ttyUSB0")
        bus.plug("usb1", "1d6b:0002")
        (bus.devices / "1-1:1.0").mkdir()
        assert find_boards(bus.devices) == []

    def test_a_board_that_goes_away_while_it_is_read(self, bus: Any) -> None:
        (bus.plug("1-1", RUNNING, "A") / "idProduct").unlink()
        bus.plug("1-2", RUNNING, "B")
        assert [one.serial for one in find_boards(bus.devices)] == ["B"]

    def test_a_serial_number_that_is_no_text(self, bus: Any) -> None:
        (bus.plug("1-1", RUNNING) / "serial").write_bytes(b"\xff\xfeA\n")
        assert find_boards(bus.devices)[0].serial.endswith("A")

    def test_a_machine_without_sysfs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from tools.health import system

        assert find_boards(tmp_path / "none") == []
        monkeypatch.setattr(system, "USB_DEVICES", tmp_path / "none")
        ports = [Port("COM3", RUNNING, serial="AA"), Port("COM4", "0403:6001"), Port("COM1")]
        monkeypatch.setattr(System, "ports", lambda self: ports)
        assert System().boards() == [UsbBoard(State.RUNNING, RUNNING, serial="AA", ports=("COM3",))]


class TestWaiting:
    def test_it_ends_when_the_board_comes(self, bus: Any) -> None:
        timer = threading.Timer(0.1, bus.plug, ("1-1", RUNNING, "A"))
        timer.start()
        found = wait_until(lambda: find_boards(bus.devices), lambda one: one.serial == "A", 20, 0.01)
        timer.join()
        assert found is not None

    def test_it_ends_when_it_does_not(self, bus: Any) -> None:
        bus.plug("1-1", ROM)
        assert wait_until(lambda: find_boards(bus.devices), lambda one: one.serial == "A", 0.05, 0.01) is None

    def test_it_looks_once_even_without_time(self) -> None:
        one = board(serial="A")
        assert wait_until(lambda: [one], lambda _: True, 0.0) is one


class TestChoosing:
    def test_the_only_one(self) -> None:
        for usb in USB_IDS:
            assert choose_board([board(usb)]) == board(usb)

    def test_none_is_explained(self) -> None:
        with pytest.raises(DeviceError, match="no Coral Dev Board Micro") as caught:
            choose_board([])
        assert all(word in caught.value.remedy for word in ("cable", "User button", "Reset", "doctor"))

    def test_several_are_listed(self) -> None:
        two = [board(serial="AA", place="1-1"), board(serial="BB", place="1-2")]
        with pytest.raises(SeveralBoards, match="2 boards") as caught:
            choose_board(two)
        assert "AA at 1-1" in caught.value.what
        assert "BB at 1-2" in caught.value.what
        assert "--serial AA" in caught.value.remedy

    def test_one_is_named(self) -> None:
        two = [board(serial="AA", place="1-1"), board(serial="BB", place="1-2")]
        assert choose_board(two, "bb") is two[1]
        with pytest.raises(DeviceError, match="serial number CC") as caught:
            choose_board(two, "CC")
        assert "AA" in caught.value.remedy
        with pytest.raises(DeviceError, match="serial number CC"):
            choose_board(two[:1], "CC")

    @pytest.mark.parametrize("usb", [ROM, "15a2:0073"])
    def test_what_would_be_written_along_with_it_stops_everything(self, usb: str) -> None:
        """The flash tool loads its program into every chip in the ROM loader, whichever board was named."""
        both = [board(serial="AA"), board(usb, place="1-2")]
        with pytest.raises(SeveralBoards, match="would write to it as well") as caught:
            choose_board(both, "AA")
        assert "unplug" in caught.value.remedy

    def test_a_board_in_the_rom_loader_has_no_number_to_compare(self) -> None:
        assert choose_board([board(ROM)], "AA").usb == ROM


class TestRights:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """No device file may be opened; those that were asked for."""
        asked: list[str] = []
        monkeypatch.setattr("tools.board.rights.may_open_file", lambda path: bool(asked.append(path)))
        return asked

    @pytest.fixture
    def free(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tools.board.rights.may_open_file", lambda path: True)

    def test_root_may_do_everything(self, asked: list[str]) -> None:
        require_rights(board(ports=("/dev/ttyACM0",)), "", is_root=True)
        assert asked == []

    def test_a_port_that_may_not_be_opened(self, asked: list[str]) -> None:
        one = board(ports=("/dev/ttyACM0",), nodes=("/dev/bus/usb/001/007",))
        with pytest.raises(EnvironmentLacking, match="may not open /dev/ttyACM0") as caught:
            require_rights(one, RULES, False, "/opt/coralmicro")
        assert asked == ["/dev/ttyACM0"]
        assert "/opt/coralmicro/scripts/99-coral-micro.rules" in caught.value.remedy

    def test_in_the_loaders_other_files_count(self, asked: list[str]) -> None:
        one = board(ROM, nodes=("/dev/hidraw0",))
        with pytest.raises(EnvironmentLacking, match="/dev/hidraw0"):
            require_rights(one, RULES, False)

    def test_a_state_without_a_rule_is_found_before_the_board_is_in_it(self, free: None) -> None:
        rules = "\n".join(line for line in RULES.splitlines() if "9307" not in line)
        with pytest.raises(EnvironmentLacking, match=f"no udev rule for {LOADER}") as caught:
            require_rights(board(), rules, False)
        assert "udevadm" in caught.value.remedy
        require_rights(board(), RULES, False)

    def test_rules_are_read_line_by_line_without_comments(self) -> None:
        assert uncovered(RULES.upper()) == []
        assert uncovered("# " + RULES.replace("\n", "\n# ")) == list(USB_IDS)
        assert uncovered('ATTRS{idVendor}=="18d1"\nATTRS{idProduct}=="9308"') == list(USB_IDS)

    def test_this_users_rights_are_asked_of_the_system(self, tmp_path: Path) -> None:
        (tmp_path / "port").touch()
        require_rights(board(ports=(str(tmp_path / "port"),)), RULES, False)
        with pytest.raises(EnvironmentLacking):
            require_rights(board(ports=(str(tmp_path / "gone"),)), RULES, False)
