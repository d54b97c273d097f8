"""The plugin as a user runs it: in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]
CASE = """
import numpy as np

def test_it_answers(dut):
    assert dut.hello().labels == 3
    assert dut.score_segment(np.arange(4000, dtype=np.int16)).windows == 1
"""


def run(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "test_case.py").write_text(CASE)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "hil.pytest_plugin",
        "-c",
        "/dev/null",
        f"--rootdir={tmp_path}",
    ]
    return subprocess.run(
        [*command, *options, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_users_test_runs_against_the_host_device(bundle: Bundle, tmp_path: Path) -> None:
    result = run(tmp_path, "--dut", "host", "--bundle", str(bundle.directory))
    assert "1 passed" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dut", "board:/dev/ttyNOPE"], "there is no such port"),
        (["--dut", "coral-usb"], "not part of this version"),
        ([], "needs --bundle"),
    ],
)
def test_a_device_that_is_not_there_is_one_clear_message(
    tmp_path: Path, options: list[str], words: str
) -> None:
    result = run(tmp_path, *options)
    assert result.returncode == 1
    assert words in result.stdout
    assert "Traceback" not in result.stdout
