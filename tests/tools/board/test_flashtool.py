"""The flash tool is watched, ended in time and judged by what it says, with a way back from each failure."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from firmware_bridge.base.errors import DeviceError
from tools.board.flashtool import CAUSES, STEPS, SUCCESS, FlashRun, run_flashtool

TALK = f"print('STATE_CHECK_FOR_ANY'); print('STATE_PROGRAM'); print('{SUCCESS}')"


def run(tmp_path: Path, code: str, limit_s: float = 30.0, steps: list[str] | None = None) -> FlashRun:
    told = steps if steps is not None else []
    return run_flashtool(
        [sys.executable, "-c", code], tmp_path / "log" / "flash.log", limit_s, None, told.append
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A killed child that nobody has asked after yet is dead too.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


class TestRunning:
    def test_a_good_run(self, tmp_path: Path) -> None:
        steps: list[str] = []
        found = run(tmp_path, TALK, steps=steps)
        assert found.good
        assert (found.status, found.step) == (0, "writing the boot image")
        assert steps == ["looking for the board", "writing the boot image"]
        assert found.log.read_text().splitlines() == list(found.lines)
        found.require_good()

    def test_errors_and_progress_marks_are_kept_too(self, tmp_path: Path) -> None:
        code = "import sys; sys.stderr.write('10%\\r20%\\r'); sys.stderr.write('oops'); sys.exit(3)"
        found = run(tmp_path, code)
        assert found.lines == ("10%", "20%", "oops")
        assert found.status == 3
        assert not found.good

    def test_lines_come_while_it_runs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Python would keep them back until the end if it were not told otherwise."""
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
        log, seen = tmp_path / "flash.log", tmp_path / "seen"
        code = (
            "import pathlib, sys, time\n"
            "print('STATE_CHECK_FOR_ANY')\n"
            "until = time.monotonic() + 10\n"
            "while not pathlib.Path(sys.argv[1]).exists() and time.monotonic() < until: time.sleep(0.01)\n"
            "print('in time' if time.monotonic() < until else 'too late')"
        )
        command = [sys.executable, "-c", code, str(seen)]
        found = run_flashtool(
            command, log, 60.0, None, lambda step: seen.write_text(log.read_text()) and None
        )
        assert found.lines[-1] == "in time"
        assert seen.read_text() == "STATE_CHECK_FOR_ANY\n"

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        assert run(tmp_path, "import os; os.write(1, b'\\xff\\xfe\\n')").lines == ("\ufffd\ufffd",)

    def test_one_that_hangs_is_ended_with_its_helpers(self, tmp_path: Path) -> None:
        shell = ["sh", "-c", "echo STATE_PROGRAM; sleep 60 & echo $!; wait"]
        started = time.monotonic()
        found = run_flashtool(shell, tmp_path / "flash.log", 2.0)
        assert time.monotonic() - started < 10
        assert found.status is None
        deadline = time.monotonic() + 5
        while alive(int(found.lines[-1])) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not alive(int(found.lines[-1]))
        with pytest.raises(DeviceError, match=r"did not end within .* writing the boot image") as caught:
            found.require_good()
        assert "unplug" in caught.value.remedy

    def test_one_that_closes_its_output_and_hangs(self, tmp_path: Path) -> None:
        found = run(tmp_path, "import os, time; os.close(1); os.close(2); time.sleep(60)", limit_s=1.0)
        assert found.status is None

    def test_an_older_log_is_replaced(self, tmp_path: Path) -> None:
        run(tmp_path, "print('a' * 999)")
        assert run(tmp_path, "print('b')").log.read_text() == "b\n"


def judged(lines: Sequence[str], status: int | None = 0) -> FlashRun:
    return FlashRun(status, tuple(lines), "waiting for the ROM loader", 12.0, Path("flash.log"))


class TestJudging:
    def test_its_exit_status_proves_nothing(self) -> None:
        """It ends with 0 after most failures."""
        found = judged(["Encountered an error during flashing: Unable to find device in SDP mode."])
        assert not found.good
        with pytest.raises(
            DeviceError, match="while waiting for the ROM loader: the board did not come back"
        ):
            found.require_good()

    def test_nor_does_its_closing_sentence_alone(self) -> None:
        assert not judged([SUCCESS], status=1).good

    @pytest.mark.parametrize(("words", "cause", "remedy"), CAUSES)
    def test_each_known_cause(self, words: str, cause: str, remedy: str) -> None:
        with pytest.raises(DeviceError) as caught:
            judged(["Finding all necessary files", f"Exception: bla {words} bla"], 1).require_good()
        assert cause in caught.value.what
        assert "flash.log" in caught.value.what
        assert caught.value.remedy == remedy

    @pytest.mark.parametrize(
        ("said", "cause"),
        [
            # Sentences of the tool at the commit that the port is linked against.
            ("Encountered an error during flashing: Unable to find device in SDP mode.", "ROM loader"),
            (
                "Encountered an error during flashing: Unable to find device in any recognized mode.",
                "went away",
            ),
            (
                "Encountered an error during flashing: Unable to find device in elf_loader mode.",
                "left the ELF",
            ),
            (
                "Encountered an error during flashing: Unable to find device in flashloader mode.",
                "flash loader",
            ),
            (
                "Encountered an error during flashing: Device serial port not found.",
                "serial port did not open",
            ),
            (
                "Encountered an error during flashing: Unable to open serial port at /dev/ttyACM0",
                "did not open",
            ),
            ("Exception: Failed to open Dev Board Micro HID device", "ELF loader's port"),
            ("No Dev Board Micro devices detected!", "does not see"),
            ("Multiple Dev Board Micros detected, please provide a serial number.", "several"),
            ("/x/build/apps/elf_loader/image.srec does not exist", "not complete"),
            ("ModuleNotFoundError: No module named 'hexformat'", "lacks a package"),
            (
                "subprocess.CalledProcessError: Command '['/x/blhost', '-u', '0x15a2,0x73', 'flash-image'",
                "refused or lost",
            ),
        ],
    )
    def test_what_it_really_says(self, said: str, cause: str) -> None:
        with pytest.raises(DeviceError, match=cause):
            judged(["STATE_CHECK_FOR_ANY", said]).require_good()

    def test_what_nobody_has_seen_yet(self) -> None:
        with pytest.raises(DeviceError, match="the moon is full") as caught:
            judged(["the moon is full"]).require_good()
        assert "User button" in caught.value.remedy

    def test_a_failure_before_the_first_step_has_touched_nothing(self) -> None:
        """As when the loaders in the build folder are not what the tool takes them for."""
        said = ("Finding all necessary files", "Creating Filesystem", "Traceback", "AssertionError")
        with pytest.raises(DeviceError, match="before it began: AssertionError") as caught:
            FlashRun(1, said, "", 0.1, Path("log")).require_good()
        assert "not touched" in caught.value.remedy
        with pytest.raises(DeviceError, match="before it began: it said nothing"):
            FlashRun(1, (), "", 0.1, Path("log")).require_good()

    def test_every_step_has_its_words(self) -> None:
        assert all(name.startswith("STATE_") and words[0].islower() for name, words in STEPS.items())
