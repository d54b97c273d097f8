"""How `make test` calls pytest, and what it says about coverage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.dev import run_tests


def test_without_arguments_everything_runs_with_coverage() -> None:
    line = run_tests.command_line([])
    assert line[:3] == [sys.executable, "-m", "pytest"]
    assert line[line.index("-n") + 1] == "2"
    assert line[line.index("--dist") + 1] == "loadfile"
    assert f"--cov-fail-under={run_tests.LEAST_PERCENT}" in line


def test_with_arguments_only_those_run() -> None:
    assert run_tests.command_line(["tests/hil", "-x"])[3:] == ["tests/hil", "-x"]


def test_the_users_environment_wins() -> None:
    made = run_tests.environment({"OMP_NUM_THREADS": "4", "HOME": "/h"})
    assert made["OMP_NUM_THREADS"] == "4"
    assert made["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert made["HOME"] == "/h"


def test_coverage_is_summed_by_room() -> None:
    files = [("train/a.py", 10, 2), ("train/sub/b.py", 30, 3), ("hil/c.py", 5, 0), ("setup.py", 9, 9)]
    assert run_tests.by_room(files) == [("train", 40, 5), ("hil", 5, 0)]


def test_the_exit_status_is_pytests_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run_tests, "DATA_FILE", tmp_path / "coverage" / "data")
    called = []

    def fake(line: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        called.append(line)
        return subprocess.CompletedProcess(line, 3)

    monkeypatch.setattr(run_tests.subprocess, "run", fake)
    assert run_tests.main(["-k", "nothing"]) == 3
    assert called[0][-2:] == ["-k", "nothing"]
    assert (tmp_path / "coverage").is_dir()


def test_the_report_names_rooms_and_shortest_files(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reporter:
        def __init__(self) -> None:
            self.text: list[str] = []

        def section(self, title: str) -> None:
            self.text.append(title)

        def write_line(self, line: str) -> None:
            self.text.append(line)

    reporter = Reporter()
    monkeypatch.setattr(run_tests, "measured", lambda: [("train/a.py", 40, 4), ("hil/b.py", 10, 0)])
    run_tests.pytest_terminal_summary(reporter)  # type: ignore[arg-type]
    assert reporter.text[0] == "line coverage"
    assert "90.0 %" in reporter.text[1]
    assert "100.0 %" in reporter.text[2]
    assert reporter.text[3:] == ["  train/a.py: 4 of 40 never run"]


def test_nothing_is_said_without_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_tests, "measured", list)
    run_tests.pytest_terminal_summary(None)  # type: ignore[arg-type]


def test_the_data_of_a_run_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import coverage

    file = run_tests.ROOT / "tools" / "console.py"
    data = coverage.CoverageData(basename=str(tmp_path / "data"))
    data.add_lines({str(file): {1, 6}, str(tmp_path / "elsewhere.py"): {1}})
    data.write()
    monkeypatch.setenv("COVERAGE_FILE", str(tmp_path / "data"))
    found = run_tests.measured()
    assert [path for path, _, _ in found] == ["tools/console.py"]
    _, statements, missed = found[0]
    assert 0 < missed < statements
