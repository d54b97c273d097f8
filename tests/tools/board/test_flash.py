"""`undertone flash`: what is checked before a board is touched, and what proves that it worked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.contract.bundle import Bundle
from tests.support.usb import FLASHLOADER, GOOD, LOADER, ROM, RUNNING
from tools.board import sdk as sdk_module
from tools.cli import run
from tools.verbs import flash

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def call(
    bus: Any,
    sdk: Any,
    user: None,
    tiny_bundle: Bundle,
    make_firmware: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Call the verb for the tiny bundle; returns status, JSON and what went to stderr."""
    firmware = make_firmware(tiny_bundle.id)
    monkeypatch.delenv("CORAL_MICRO_SERIAL", raising=False)
    monkeypatch.setattr("tools.board.rights.may_open_file", lambda path: True)
    monkeypatch.setattr(flash, "require_compiled", lambda bundle: None)

    def call_it(*options: str) -> tuple[int, dict[str, Any], str]:
        line = ["flash", "--json", "--bundle", str(tiny_bundle.directory), "--firmware", str(firmware)]
        status = run([*line, "--wait", "0.5", *options])
        told = capsys.readouterr()
        return status, json.loads(told.out), told.err

    return call_it


@pytest.fixture
def plugged(bus: Any, sdk: Any) -> Path:
    """One running board; the flash tool will work."""
    board: Path = bus.plug("1-1", RUNNING, "24CD8D68", tty="ttyACM0")
    sdk.play(board)
    return board


class TestGood:
    def test_it_is_flashed_and_answers(
        self, call: Any, plugged: Path, sdk: Any, serve: Any, tiny_bundle: Bundle
    ) -> None:
        url = serve(bundle=tiny_bundle.id, evidence="measured", build="board 1")
        status, found, told = call("--port", url)
        assert status == 0, told
        assert found["flashed"] is True
        assert found["identity"]["bundle"] == tiny_bundle.id
        assert (found["board"]["serial"], found["board"]["state"]) == ("24CD8D68", "running")
        assert "flash: writing application and bundle" in told
        assert "Flashing to flash storage complete" in Path(found["log"]).read_text()
        arguments, named = sdk.called
        assert arguments[0] == "--build_dir"
        assert arguments[2] == "--elf_path"
        assert Path(arguments[3]).name == "undertone"
        assert arguments[4:] == ["--serial", "24cd8d68"]
        assert named is None

    def test_people_get_two_lines(
        self,
        call: Any,
        plugged: Path,
        serve: Any,
        tiny_bundle: Bundle,
        make_firmware: Callable[..., Path],
        capsys: Capture,
    ) -> None:
        url = serve(bundle=tiny_bundle.id, evidence="measured")
        where = ["--bundle", str(tiny_bundle.directory), "--firmware", str(make_firmware(tiny_bundle.id))]
        assert run(["flash", *where, "--port", url]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("flashed 24CD8D68 at 1-1")
        assert tiny_bundle.id[:12] in lines[1]
        assert max(map(len, lines)) <= 80

    @pytest.mark.parametrize("usb", [ROM, FLASHLOADER])
    def test_from_the_loaders_without_a_number(
        self, call: Any, bus: Any, sdk: Any, serve: Any, tiny_bundle: Bundle, usb: str
    ) -> None:
        sdk.play(bus.plug("1-1", usb))
        status, _, told = call("--port", serve(bundle=tiny_bundle.id, evidence="measured"))
        assert status == 0, told
        assert "--serial" not in sdk.called[0]

    def test_the_loaders_own_number_is_passed_on_as_it_is(
        self, call: Any, bus: Any, sdk: Any, serve: Any, tiny_bundle: Bundle
    ) -> None:
        sdk.play(bus.plug("1-1", LOADER, "24CD8D68"))
        assert call("--port", serve(bundle=tiny_bundle.id, evidence="measured"))[0] == 0
        assert sdk.called[0][-1] == "24CD8D68"

    def test_a_forgotten_variable_does_not_choose_the_board(
        self,
        call: Any,
        plugged: Path,
        sdk: Any,
        serve: Any,
        tiny_bundle: Bundle,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CORAL_MICRO_SERIAL", "ffff")
        assert call("--port", serve(bundle=tiny_bundle.id, evidence="measured"))[0] == 0
        assert sdk.called[1] is None
        assert os.environ["CORAL_MICRO_SERIAL"] == "ffff"

    def test_one_of_two(self, call: Any, bus: Any, sdk: Any, serve: Any, tiny_bundle: Bundle) -> None:
        bus.plug("1-1", RUNNING, "AA", tty="ttyACM0")
        sdk.play(bus.plug("1-2", RUNNING, "BB", tty="ttyACM1"))
        url = serve(bundle=tiny_bundle.id, evidence="measured")
        status, found, _ = call("--port", url, "--serial", "BB")
        assert (status, found["board"]["place"]) == (0, "1-2")
        assert sdk.called[0][-1] == "bb"


class TestBefore:
    """Nothing is touched: the flash tool is not called."""

    def test_a_dry_run(self, call: Any, plugged: Path, sdk: Any) -> None:
        status, found, _ = call("--dry-run")
        assert (status, found["flashed"]) == (0, False)
        assert found["command"][1].endswith("flashtool.py")
        assert sdk.called is None

    def test_no_board(self, call: Any, sdk: Any) -> None:
        status, found, told = call()
        assert status == 2
        assert "no Coral Dev Board Micro" in found["what"]
        assert "remedy: use a cable" in told
        assert sdk.called is None

    def test_two_boards(self, call: Any, bus: Any, sdk: Any) -> None:
        bus.plug("1-1", RUNNING, "AA")
        bus.plug("1-2", RUNNING, "BB")
        status, found, _ = call()
        assert (status, found["error"]) == (2, "SeveralBoards")
        assert sdk.called is None

    def test_no_rights(self, call: Any, plugged: Path, sdk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tools.health.system.System.udev_rules", lambda self: "")
        status, found, _ = call()
        assert (status, found["error"]) == (2, "EnvironmentLacking")
        assert "udev" in found["what"]
        assert sdk.called is None

    def test_another_systems_rights_are_not_asked(
        self, call: Any, plugged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tools.health.system.System.udev_rules", lambda self: "")
        monkeypatch.setattr("tools.health.system.System.platform", lambda self: "Darwin arm64")
        assert call("--dry-run")[0] == 0

    @pytest.mark.parametrize(
        ("hurt", "words"),
        [
            (lambda f: (f / "firmware.json").unlink(), "no firmware in"),
            (lambda f: (f / "firmware.json").write_text("{"), "cannot be read"),
            (lambda f: (f / "cmake" / "undertone").write_bytes(b"new"), "was changed since"),
            (lambda f: (f / "cmake" / "undertone").unlink(), "is gone"),
            (lambda f: (f / "cmake" / "undertone.libs").unlink(), "undertone.libs"),
            (lambda f: (f / "cmake" / "sdk" / "flashloader" / "image.srec").unlink(), "flashloader"),
        ],
    )
    def test_a_firmware_that_is_not_whole(
        self, call: Any, plugged: Path, sdk: Any, tmp_path: Path, hurt: Any, words: str
    ) -> None:
        hurt(tmp_path / "firmware")
        status, found, _ = call()
        assert status == 2
        assert words in found["what"]
        assert "undertone build --port coralmicro" in found["remedy"]
        assert sdk.called is None

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"port": "twin"}, "port 'twin'"), ({"bundle": "0" * 64}, "holds the bundle 0000")],
    )
    def test_a_firmware_for_something_else(
        self,
        call: Any,
        plugged: Path,
        sdk: Any,
        tiny_bundle: Bundle,
        make_firmware: Callable[..., Path],
        changes: dict[str, str],
        words: str,
    ) -> None:
        make_firmware(**{"bundle": tiny_bundle.id} | changes)
        status, found, _ = call()
        assert status == 2
        assert words in found["what"]
        assert sdk.called is None

    def test_no_sdk(self, call: Any, plugged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        status, found, _ = call("--sdk", str(tmp_path))
        assert status == 2
        assert "no checkout of coralmicro" in found["what"]
        monkeypatch.delenv("CORALMICRO_DIR")
        assert "neither --sdk nor CORALMICRO_DIR" in call()[1]["what"]

    def test_an_sdk_without_its_submodules(self, call: Any, plugged: Path, sdk: Any) -> None:
        (sdk.folder / "third_party/nxp/blhost/bin/linux/amd64/blhost").unlink()
        status, found, _ = call()
        assert status == 2
        assert "submodule update" in found["remedy"]

    def test_a_python_without_the_tools_packages(
        self, call: Any, plugged: Path, sdk: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sdk_module, "IMPORTS", "import no_such_module")
        status, found, _ = call()
        assert status == 2
        assert "requirements.txt" in found["remedy"]
        assert sdk.called is None

    def test_a_machine_that_the_tool_has_no_programs_for(
        self, call: Any, plugged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("platform.machine", lambda: "aarch64")
        status, found, _ = call()
        assert status == 2
        assert "no programs for Linux aarch64" in found["what"]

    def test_another_commit_of_the_sdk_is_told(
        self, call: Any, plugged: Path, sdk: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sdk_module, "read_commit", lambda folder: "1" * 40)
        status, _, told = call("--dry-run")
        assert status == 0
        assert "11111111" in told
        assert sdk_module.COMMIT in told


class TestAfter:
    def test_a_tool_that_fails_and_says_so_with_status_0(
        self, call: Any, plugged: Path, sdk: Any, serve: Any, tiny_bundle: Bundle
    ) -> None:
        """The board still answers with the right bundle: it must not count as flashed all the same."""
        failed = "Encountered an error during flashing: Unable to find device in SDP mode."
        sdk.play(plugged, [*GOOD[:6], ["say", failed]])
        status, found, _ = call("--port", serve(bundle=tiny_bundle.id, evidence="measured"))
        assert status == 2
        assert "did not come back in its ROM loader" in found["what"]
        assert "1fc9:013d" in found["remedy"]

    def test_a_tool_that_hangs(self, call: Any, plugged: Path, sdk: Any) -> None:
        sdk.play(plugged, [*GOOD[:9], ["helper", 0], ["sleep", 60]])
        status, found, _ = call("--limit", "3")
        assert status == 2
        assert "did not end within" in found["what"]
        assert "writing the boot image" in found["what"]

    def test_a_board_that_does_not_come_back(self, call: Any, plugged: Path, sdk: Any) -> None:
        sdk.play(plugged, [*GOOD[:-2], ["become", LOADER], GOOD[-1]])
        status, found, _ = call()
        assert status == 2
        assert "waiting for files" in found["what"]
        sdk.play(plugged, [*GOOD[:-2], ["vanish", 0], GOOD[-1]])
        assert "not on USB" in call()[1]["what"]

    def test_a_board_that_does_not_answer(self, call: Any, plugged: Path) -> None:
        status, found, _ = call("--port", "socket://127.0.0.1:1")
        assert status == 2
        assert "nothing answered at socket://127.0.0.1:1" in found["what"]
        assert "10.10.10.x" in found["remedy"]

    def test_a_board_with_another_bundle(self, call: Any, plugged: Path, serve: Any) -> None:
        status, found, _ = call("--port", serve(bundle="f" * 64, evidence="measured"))
        assert (status, found["error"]) == (1, "CheckFailed")
        assert "runs the bundle ffffffffffff" in found["what"]

    def test_a_stand_in_is_no_board(self, call: Any, plugged: Path, serve: Any, tiny_bundle: Bundle) -> None:
        status, found, _ = call("--port", serve(bundle=tiny_bundle.id, evidence="simulated"))
        assert status == 1
        assert "is no board" in found["what"]

    def test_a_stopped_run_says_what_the_board_may_be(
        self, call: Any, plugged: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("tools.board.flashtool.run_flashtool", stop)
        status, found, _ = call()
        assert status == 2
        assert "stopped half-way" in found["what"]


class TestCompiled:
    def test_what_no_board_can_run_is_not_written(
        self, plugged: Path, sdk: Any, tiny_bundle: Bundle, capsys: Capture
    ) -> None:
        assert run(["flash", "--bundle", str(tiny_bundle.directory)]) == 2
        assert "--firmware-only" in capsys.readouterr().err
        assert sdk.called is None

    def test_what_the_compiler_made_is(self, tiny_bundle: Bundle) -> None:
        manifest = tiny_bundle.manifest
        models = {
            name: model.model_copy(update={"compiled": f"{name}_edgetpu.tflite"})
            for name, model in manifest.models.items()
        }
        whole = replace(tiny_bundle, manifest=manifest.model_copy(update={"models": models}))
        flash.require_compiled(whole)
        models["keyword"] = manifest.models["keyword"]
        half = replace(tiny_bundle, manifest=manifest.model_copy(update={"models": models}))
        with pytest.raises(BundleInvalid, match="not compiled"):
            flash.require_compiled(half)

    def test_the_firmware_alone(self, call: Any, plugged: Path, serve: Any) -> None:
        assert call("--firmware-only", "--port", serve(bundle="", evidence="measured"))[0] == 0
        assert call("--firmware-only", "--port", serve(bundle="", evidence="emulated"))[0] == 1


class TestListing:
    def test_boards_and_their_way_back(self, bus: Any, capsys: Capture) -> None:
        bus.plug("1-1", RUNNING, "AA", tty="ttyACM0")
        bus.plug("1-2", FLASHLOADER)
        assert run(["flash", "--list"]) == 0
        told = capsys.readouterr().out
        assert "AA at 1-1 (18d1:9308): its application runs\n  /dev/ttyACM0\n" in told
        assert "flash it again" in told
        assert run(["flash", "--list", "--json"]) == 0
        assert [one["state"] for one in json.loads(capsys.readouterr().out)["boards"]] == [
            "running",
            "flashloader",
        ]

    def test_none(self, bus: Any, capsys: Capture) -> None:
        assert run(["flash", "--list"]) == 2
        assert "no Coral" in capsys.readouterr().out


class TestSdk:
    def test_its_commit_is_read(self, tmp_path: Path) -> None:
        assert sdk_module.read_commit(tmp_path) == ""
        git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
        for line in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
            subprocess.run([*git, *line], check=True)
        assert len(sdk_module.read_commit(tmp_path)) == 40

    def test_a_compiler_from_the_path(
        self, sdk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = sdk_module.find_sdk(None, {"CORALMICRO_DIR": str(sdk.folder)})
        assert sdk_module.toolchain_option(found) == []
        next(sdk.folder.rglob("arm-none-eabi-objdump")).unlink()
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(sdk_module.EnvironmentLacking, match="objdump"):
            sdk_module.toolchain_option(found)
        (tmp_path / "arm-none-eabi-objdump").touch(0o755)
        assert sdk_module.toolchain_option(found) == ["--toolchain", str(tmp_path)]

    def test_the_named_python_comes_first(self, sdk: Any, tmp_path: Path) -> None:
        found = sdk_module.find_sdk(sdk.folder, {})
        assert sdk_module.find_python(found, {}) == sys.executable
        named = tmp_path / "python"
        named.symlink_to(sys.executable)
        assert sdk_module.find_python(found, {"CORALMICRO_PYTHON": str(named)}) == str(named)
        assert sdk_module.find_python(found, {"CORALMICRO_PYTHON": "/no/such"}) == sys.executable


def test_the_default_folder_is_the_builds() -> None:
    assert flash.FIRMWARE.parts[-3:] == ("build", "firmware", "coralmicro")
