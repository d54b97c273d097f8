"""The bench of a build: every stage anew with its seconds, and nothing left behind."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tools import cli, options
from tools.lab import bench_build
from tools.pipeline.stages import Stages

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int | None]:
    """Stand in for a build by two stages; return how many processes each build was given."""
    counts: list[int | None] = []

    def make_everything(inputs: Any, stages: Stages, count: int | None) -> None:
        counts.append(count)
        for name, seconds in (("short", 0.0), ("long", 0.05)):
            stages.run(name, {}, lambda folder, seconds=seconds: time.sleep(seconds))
        assert stages.made == ["short", "long"], "nothing of an earlier build is used"

    monkeypatch.setattr(bench_build, "BUILD", tmp_path / "build")
    monkeypatch.setattr("tools.pipeline.inputs.gather", lambda recipe: recipe)
    monkeypatch.setattr("tools.verbs.build_model.make_everything", make_everything)
    monkeypatch.setattr(
        options, "processes", lambda threads, in_process: None if in_process else threads or 2
    )
    return counts


def run(*arguments: str) -> None:
    assert cli.run(["bench", "build", "--recipe", "scratch", *arguments]) == 0


def test_seconds_of_every_stage_the_longest_first(
    asked: list[int | None], tmp_path: Path, capsys: Capture
) -> None:
    run()
    run("--in-process")
    told = capsys.readouterr().out
    assert told.index("long") < told.index("short")
    assert "s for 2 stages" in told
    assert "2 processes beside this one" in told
    assert "no processes beside this one" in told
    assert asked == [2, None]
    assert list((tmp_path / "build").iterdir()) == []


def test_as_json(asked: list[int | None], capsys: Capture) -> None:
    run("--json", "--threads", "3")
    found = json.loads(capsys.readouterr().out)
    assert set(found["stages"]) == {"short", "long"}
    assert found["stages"]["long"]["wall_s"] >= 0.05
    assert found["seconds"] >= found["stages"]["long"]["wall_s"]
    assert asked == [3]
