"""`make test`: the whole suite with coverage, a worker a core, no network; pytest's own last line comes last.

This module is also the pytest plugin that prints the coverage of each room.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.paths import ROOMS, ROOT

if TYPE_CHECKING:
    import pytest

LEAST_PERCENT = 90
DATA_FILE = ROOT / "build" / "coverage" / "data"
# A test worker a core: each keeps to one thread, or the numeric libraries fight over the cores.
QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def command_line(arguments: Sequence[str]) -> list[str]:
    """Return the pytest command: everything, in parallel and with coverage, or just what was asked for."""
    start = [sys.executable, "-m", "pytest"]
    if arguments:
        return [*start, *arguments]
    return [
        *start,
        *("-n", str(usable_cores()), "--dist", "loadfile", "-q"),
        *("-p", "tools.dev.run_tests"),
        *("--cov", "--cov-report=", f"--cov-fail-under={LEAST_PERCENT}"),
    ]


def environment(given: dict[str, str]) -> dict[str, str]:
    """Return the environment of the run; what the user has set stays."""
    return {**QUIET, "COVERAGE_FILE": str(DATA_FILE), **given}


def by_room(lines: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Sum up coverage.

    Args:
        lines: For each file its path relative to the checkout, its statements, and those never run.

    Returns:
        The same for each room that has statements, in the rooms' order.
    """
    total = {room: [0, 0] for room in ROOMS}
    for path, statements, missed in lines:
        room = path.split("/", 1)[0]
        if room in total:
            total[room][0] += statements
            total[room][1] += missed
    return [(room, statements, missed) for room, (statements, missed) in total.items() if statements]


def measured() -> list[tuple[str, int, int]]:
    """Return path, statements and missed statements of every file, from the data that coverage wrote."""
    import coverage

    found = coverage.Coverage(data_file=os.environ.get("COVERAGE_FILE", str(DATA_FILE)))
    found.load()
    result = []
    for file in sorted(found.get_data().measured_files()):
        # Templates are measured too, by the name of their source: they are not Python.
        if file.endswith(".py") and Path(file).is_file() and Path(file).is_relative_to(ROOT):
            _, statements, _, missed, _ = found.analysis2(file)
            result.append((Path(file).relative_to(ROOT).as_posix(), len(statements), len(missed)))
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the coverage of each room, and the files that fall shortest, above pytest's last line."""
    files = measured()
    if not files:
        return
    terminalreporter.section("line coverage")
    for room, statements, missed in by_room(files):
        share = 100 * (1 - missed / statements)
        terminalreporter.write_line(
            f"{room:<18}{share:6.1f} %  {missed:5d} of {statements:5d} lines never run"
        )
    for path, statements, missed in sorted(files, key=lambda one: -one[2])[:10]:
        if missed:
            terminalreporter.write_line(f"  {path}: {missed} of {statements} never run")


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return pytest's exit status."""
    DATA_FILE.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command_line(arguments), check=False, cwd=ROOT, env=environment(dict(os.environ)))
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
