"""Stages: made once, made again when something they rest on changes, never half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.told import told
from tools.pipeline import stages as module
from tools.pipeline.stages import KEPT, Stages, stage_key

ROOT = Path(__file__).resolve().parents[3]


def write(text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "result.txt").write_text(text)

    return make


def never(folder: Path) -> None:
    raise AssertionError(f"made again: {folder}")


def test_a_result_is_made_once(tmp_path: Path) -> None:
    first = Stages(tmp_path)
    folder = first.run("a", {"x": 1}, write("one"))
    assert (folder / "result.txt").read_text() == "one"
    assert first.made == ["a"]
    second = Stages(tmp_path)
    assert second.run("a", {"x": 1}, never) == folder
    assert second.made == []
    assert second.wanted == {"a": folder.name}


@pytest.mark.parametrize("changed", [{"x": 2}, {"x": 1, "y": 0}, {"x": "1"}, {}])
def test_a_changed_setting_makes_a_new_result(tmp_path: Path, changed: dict[str, Any]) -> None:
    stages = Stages(tmp_path)
    before = stages.run("a", {"x": 1}, write("old"))
    after = stages.run("a", changed, write("new"))
    assert before != after
    assert (before / "result.txt").read_text() == "old"
    assert (after / "result.txt").read_text() == "new"


def test_the_order_of_settings_does_not_matter() -> None:
    assert stage_key({"a": 1, "b": [2]}, "c") == stage_key({"b": [2], "a": 1}, "c")
    assert stage_key({}, "c") != stage_key({}, "d")


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise RuntimeError("stopped")

    stages = Stages(tmp_path)
    with pytest.raises(RuntimeError, match="stopped"):
        stages.run("a", {}, fail)
    assert list((tmp_path / "a").iterdir()) == []
    assert stages.made == []
    assert (stages.run("a", {}, write("whole")) / "result.txt").read_text() == "whole"


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from tools.pipeline.stages import Stages

def whole(folder):
    (folder / "result.txt").write_text("whole")

def half(folder):
    (folder / "result.txt").write_text("ha")
    Path({str(tmp_path / "started")!r}).write_text("yes")
    time.sleep(60)

stages = Stages(Path({str(tmp_path / "stages")!r}))
stages.run("first", {{}}, whole)
stages.run("second", {{}}, half)
"""
    victim = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 30
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    leftovers = list((tmp_path / "stages" / "second").iterdir())
    assert [p.name.endswith(".part") for p in leftovers] == [True]
    again = Stages(tmp_path / "stages")
    again.run("first", {}, never)
    folder = again.run("second", {}, write("whole"))
    assert (folder / "result.txt").read_text() == "whole"
    assert list((tmp_path / "stages" / "second").iterdir()) == [folder]
    assert again.made == ["second"]


CHAIN = """
import sys, time
from pathlib import Path
from tools.pipeline.stages import Stages

root = Path(sys.argv[1])
stages = Stages(root)
before = ""
for name in ("a", "b", "c"):
    def make(folder, name=name):
        with (root.parent / "log").open("a") as log:
            log.write(name)
        for piece in range(5):
            with (folder / "data").open("a") as out:
                out.write(name * 1000)
            time.sleep(0.01)
    before = stages.run(name, {"before": before}, make).name
"""


def chain(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHAIN, str(root)], cwd=ROOT)


def test_killed_at_any_moment_it_goes_on_and_uses_nothing_half(tmp_path: Path) -> None:
    root = tmp_path / "stages"
    for moment in range(8):
        run = chain(root)
        time.sleep(0.1 + 0.04 * moment)
        run.kill()
        run.wait()
        for data in root.glob("[!.]*/[!.]*/data"):
            assert data.stat().st_size == 5000, f"half a result after {moment}"
    assert chain(root).wait() == 0
    for name in "abc":
        (data,) = root.glob(f"{name}/*/data")
        assert data.read_text() == name * 5000
        assert not list(root.glob(f"{name}/.*.part"))


def test_two_builds_at_once_make_each_stage_once(tmp_path: Path) -> None:
    root = tmp_path / "stages"
    both = [chain(root), chain(root)]
    assert [run.wait() for run in both] == [0, 0]
    assert sorted((tmp_path / "log").read_text()) == ["a", "b", "c"]


def test_whoever_waits_is_told(tmp_path: Path) -> None:
    started, finish = threading.Event(), threading.Event()

    def slow(folder: Path) -> None:
        started.set()
        finish.wait(10)
        (folder / "result.txt").write_text("slow")

    maker = threading.Thread(target=Stages(tmp_path).run, args=("a", {}, slow))
    maker.start()
    started.wait(10)
    threading.Timer(0.2, finish.set).start()
    second = Stages(tmp_path)
    with told() as lines:
        folder = second.run("a", {}, never)
    maker.join()
    assert (folder / "result.txt").read_text() == "slow"
    assert second.made == []
    assert any("another process is making it" in line for line in lines)


def test_only_the_results_used_last_are_kept(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    folders = []
    for x in range(KEPT):
        folders.append(stages.run("a", {"x": x}, write(str(x))))
        os.utime(folders[-1], (x, x))
    stages.run("a", {"x": 0}, never)  # used again: the other one is now the oldest
    newest = stages.run("a", {"x": KEPT}, write("new"))
    assert newest.is_dir()
    assert folders[0].is_dir()
    assert not folders[1].exists()


def test_other_stages_are_not_pruned(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    kept = stages.run("b", {}, write("b"))
    for x in range(KEPT + 2):
        stages.run("a", {"x": x}, write("a"))
    assert kept.is_dir()
    assert len(list((tmp_path / "a").iterdir())) == KEPT


def test_the_default_root_lies_in_the_build_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Stages().root == ROOT / "build" / "stages"
    monkeypatch.setattr(module, "BUILD", tmp_path)
    assert Stages().root == tmp_path / "stages"
