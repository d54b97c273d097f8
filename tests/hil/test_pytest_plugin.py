"""The plugin as a user runs it: in a pytest of its own, in a folder that knows nothing of this project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle

CASE = """
import numpy as np

def test_it_answers(dut):
    assert dut.hello().labels == 3
    assert dut.score_segment(np.arange(4000, dtype=np.int16)).windows == 1
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A project of somebody else's: one test, no configuration."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "test_case.py").write_text(CASE)
    return folder


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command `pytest` in a folder, as a user types it."""
    command = [str(Path(sys.executable).with_name("pytest")), "-q", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_a_users_test_runs_against_the_host_device(bundle: Bundle, foreign: Path) -> None:
    result = run(foreign, "--dut", "host", "--bundle", str(bundle.directory))
    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_naming_the_plugin_does_not_load_it_twice(bundle: Bundle, foreign: Path) -> None:
    """Scripts from before it was an entry point go on working; `host` is what is meant by default."""
    result = run(foreign, "-p", "hil.pytest_plugin", "--bundle", str(bundle.directory))
    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_it_can_be_left_out(foreign: Path) -> None:
    result = run(foreign, "-p", "no:hil.pytest_plugin", "--dut", "host")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --dut" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dut", "board:/dev/ttyNOPE"], "there is no such port"),
        (["--dut", "coral-usb"], "use one of: board:PORT, host, twin"),
        ([], "'host' needs a bundle"),
        (["--dut", "twin"], "'twin' needs a bundle"),
        (["--bundle", "nowhere"], "no bundle at"),
    ],
)
def test_a_device_that_is_not_there_is_one_clear_message(
    foreign: Path, options: list[str], words: str
) -> None:
    result = run(foreign, *options)
    assert result.returncode == 1
    assert words in result.stdout
    assert "remedy: " in result.stdout
    assert "Traceback" not in result.stdout


def test_it_costs_others_nothing(foreign: Path) -> None:
    """Every pytest of the environment loads it: what a device needs is imported when one is asked for."""
    (foreign / "test_case.py").write_text(
        "import sys\n\n\ndef test_nothing_was_imported():\n"
        "    rooms = ('hil', 'firmware_bridge', 'train', 'tools', 'edgetpu_models')\n"
        "    mine = sorted(n for n in sys.modules if n.split('.')[0] in rooms)\n"
        "    assert mine == ['hil', 'hil.pytest_plugin']\n"
    )
    result = run(foreign)
    assert "1 passed" in result.stdout, result.stdout + result.stderr
