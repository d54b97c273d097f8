"""A process's own memory, not its parent's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from firmware_bridge.base.memory import process_memory

ROOT = Path(__file__).resolve().parents[3]


def test_the_peak_stays_when_memory_is_given_back() -> None:
    before = process_memory()
    block = np.ones(200_000_000, np.uint8)
    held = process_memory()
    del block
    after = process_memory()
    assert held.now > before.now + 150_000_000
    assert after.now < held.now - 150_000_000
    assert after.peak > held.now - 2_000_000  # the kernel adds its counts up per processor: some pages late
    assert after.peak_mib == round(after.peak / 2**20, 1)


def test_a_small_program_does_not_look_like_the_large_one_that_started_it() -> None:
    code = """
import subprocess, sys
kept = b"x" * 600_000_000
line = "import resource; from firmware_bridge.base.memory import process_memory as m; "
line += "print(m().peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
print(subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    peak, handed_down = (int(value) for value in done.stdout.split())
    assert 3_000_000 < peak < 200_000_000
    assert peak <= handed_down


def test_without_proc_the_peak_stands_for_both(tmp_path: Path) -> None:
    found = process_memory(tmp_path / "status")
    assert found.now == found.peak > 10_000_000
    (tmp_path / "status").write_text("Name:\tpython\n")
    assert process_memory(tmp_path / "status").now > 10_000_000
