"""Parts of a build in processes of their own: results, errors, progress, and no orphan whatever happens."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base import events
from firmware_bridge.base.errors import AudioUnreadable, EnvironmentLacking, UnknownName
from firmware_bridge.base.events import Event, Kind, Outcome
from tools.pipeline import legs as module
from tools.pipeline.legs import Legs, processes_at_once
from tools.pipeline.stages import Stages
from tools.verbs.build_model import make_everything

ROOT = Path(__file__).resolve().parents[3]
STEPS = """
import json, os, signal, time
from pathlib import Path
from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.errors import AudioUnreadable, UnknownName
from firmware_bridge.base.progress import note, tell, track

def write(inputs, stages, name, text):
    return stages.run(name, {"text": text}, lambda folder: (folder / "result.txt").write_text(inputs + text))

def known(inputs, stages):
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "UNDERTONE_THREADS")
    told = {**{name: os.environ.get(name) for name in names}, "cores": usable_cores(), "pid": os.getpid()}
    return stages.run("known", {}, lambda folder: (folder / "told.json").write_text(json.dumps(told)))

def busy(inputs, stages, log, name):
    for when in ("+", "-"):
        with log.open("a") as out:
            out.write(f"{when}{name}\\n")
        if when == "+":
            time.sleep(0.4)
    return name

def shared(inputs, stages, log):
    def make(folder):
        with log.open("a") as out:
            out.write("made\\n")
        time.sleep(0.5)
    return stages.run("shared", {}, make)

def refuse(inputs, stages, mark=None):
    while mark and not mark.exists():
        time.sleep(0.02)
    raise AudioUnreadable("x.wav is not audio", "leave it out", "README.md")

def unknown(inputs, stages):
    raise UnknownName("corpus", "x", ["a", "b"])

def fail(inputs, stages):
    raise KeyError("a bug")

def die(inputs, stages):
    os.kill(os.getpid(), signal.SIGKILL)

def loop(inputs, stages, steps):
    note("converted: 3 of 4 files")
    tell("half way")
    for _ in track(range(steps), "counting"):
        time.sleep(0.01)
    list(track(iter("ab"), "of unknown length"))
    list(track([], "nothing at all"))

def stop_half_way(inputs, stages):
    for step in track(range(3), "counting"):
        if step == 1:
            raise AudioUnreadable("x.wav is not audio", "leave it out")

def wait(inputs, stages, mark):
    def make(folder):
        mark.with_suffix(".part").write_text(str(os.getpid()))
        mark.with_suffix(".part").rename(mark)
        (folder / "half").write_text("half")
        time.sleep(60)
    return stages.run(mark.name, {}, make)

def learn(inputs, stages, seed):
    import numpy as np
    from train.student.fit import FitSettings, fit
    from train.student.network import StudentSettings, build_scratch

    shape = StudentSettings(width=8, kernel=3, stem=(8, 8, 8, 8))
    targets = np.eye(4, dtype=np.float32)[np.arange(24) % 4]
    model = fit(
        lambda: build_scratch((33, 16), 4, shape), inputs, targets, FitSettings(epochs=4, batch=8), seed, 0.03, "t"
    )
    return [value.tobytes() for value in model.get_weights()]
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module with parts of a build; other processes find it too."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "made_up_steps.py").write_text(STEPS)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    yield importlib.import_module("made_up_steps")
    del sys.modules["made_up_steps"]


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    return Stages(tmp_path / "stages")


def gone(pid: int, seconds: float = 20.0) -> bool:
    """Wait until a process is no more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def wait_for(path: Path, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def test_a_part_is_made_elsewhere_with_one_thread(
    steps: Any, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    with Legs(stages, "x", 2) as legs:
        leg = legs.start(steps.known)
        assert os.environ["OMP_NUM_THREADS"] == "7"
        told = json.loads((leg.result() / "told.json").read_text())
    assert told.pop("pid") != os.getpid()
    assert told == {
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "UNDERTONE_THREADS": "1",
        "cores": 1,
    }
    assert "TF_NUM_INTRAOP_THREADS" not in os.environ
    assert stages.made == ["known"]
    assert set(stages.wanted) == {"known"}
    assert stages.spent["known"].wall_s > 0
    assert stages.spent["known"].cpu_s >= 0


def test_the_bytes_and_keys_are_those_of_one_after_the_other(
    steps: Any, stages: Stages, tmp_path: Path
) -> None:
    here = Stages(tmp_path / "here")
    with Legs(here, "in", None) as legs:
        kept = legs.start(steps.write, "a", "put").result()
    with Legs(stages, "in", 2) as legs:
        beside = legs.start(steps.write, "a", "put").result()
    assert (kept / "result.txt").read_text() == (beside / "result.txt").read_text() == "input"
    assert here.wanted == stages.wanted


def test_errors_come_back_as_they_were(steps: Any, stages: Stages) -> None:
    with pytest.raises(AudioUnreadable, match=r"x\.wav") as raised, Legs(stages, "x", 1) as legs:
        legs.start(steps.refuse)
    assert (raised.value.remedy, raised.value.see) == ("leave it out", "README.md")
    with pytest.raises(UnknownName, match="unknown corpus 'x'") as other, Legs(stages, "x", 1) as legs:
        legs.start(steps.unknown).result()
    assert other.value.remedy == "use one of: a, b"
    with pytest.raises(RuntimeError, match="KeyError: 'a bug'"), Legs(stages, "x", 1) as legs:
        legs.start(steps.fail)


def test_a_process_that_dies_is_said(steps: Any, stages: Stages) -> None:
    with pytest.raises(EnvironmentLacking, match="in the midst") as raised, Legs(stages, "x", 2) as legs:
        legs.start(steps.die)
    assert "--threads 1" in raised.value.remedy


def test_an_error_of_what_follows_is_the_one_that_is_raised(
    steps: Any, stages: Stages, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(ZeroDivisionError), Legs(stages, "x", 1) as legs:
        legs.start(steps.wait, mark)
        wait_for(mark)
        raise ZeroDivisionError
    assert gone(int(mark.read_text()))


def test_no_more_at_once_than_asked_for(steps: Any, stages: Stages, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with Legs(stages, "x", 2) as legs:
        found = [legs.start(steps.busy, log, name) for name in "abcd"]
        assert [leg.result() for leg in found] == list("abcd")
    now = most = 0
    for line in log.read_text().splitlines():
        now += 1 if line[0] == "+" else -1
        most = max(most, now)
    assert most == 2


def test_what_two_parts_need_is_made_once(steps: Any, stages: Stages, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Legs(stages, "x", 2) as legs:
        one, other = legs.start(steps.shared, log), legs.start(steps.shared, log)
        assert one.result() == other.result()
    assert log.read_text() == "made\n"
    assert stages.made == ["shared"]


def heard(events_seen: list[Event], title: str) -> list[Event]:
    return [event for event in events_seen if event.step == title]


def test_what_happens_there_is_said_here(steps: Any, stages: Stages) -> None:
    seen: list[Event] = []
    with events.listening(seen.append), Legs(stages, "x", 1) as legs:
        legs.start(steps.loop, 50)
    assert [(e.kind, e.line) for e in seen if e.line] == [
        (Kind.WARNED, "converted: 3 of 4 files"),
        (Kind.TOLD, "half way"),
    ]
    counting = heard(seen, "counting")
    assert (counting[0].kind, counting[-1].kind) == (Kind.BEGUN, Kind.ENDED)
    assert (counting[-1].items, counting[-1].total) == (50, 50)
    assert 1 <= len(counting[1:-1]) < 25, "some items are told of, not each"
    assert heard(seen, "of unknown length")[-1].items == 2
    assert heard(seen, "nothing at all")[-1].outcome is Outcome.DONE
    assert {event.process for event in seen} != {os.getpid()}


def test_a_loop_that_fails_is_ended(steps: Any, stages: Stages) -> None:
    seen: list[Event] = []
    with events.listening(seen.append), pytest.raises(AudioUnreadable), Legs(stages, "x", 1) as legs:
        legs.start(steps.stop_half_way)
    assert heard(seen, "counting")[-1].kind is Kind.ENDED
    assert heard(seen, "counting")[-1].outcome is not Outcome.DONE


def test_what_a_dead_process_had_begun_is_ended(steps: Any, stages: Stages, tmp_path: Path) -> None:
    seen: list[Event] = []
    with (
        events.listening(seen.append),
        pytest.raises(AudioUnreadable),
        Legs(stages, "x", 2) as legs,
    ):
        legs.start(steps.wait, tmp_path / "mark")
        legs.start(steps.refuse, tmp_path / "mark")
    last = [event for event in seen if event.stage == "mark"][-1]
    assert (last.kind, last.outcome) == (Kind.ENDED, Outcome.STOPPED)
    assert last.seconds is not None and last.seconds >= 0


def test_the_first_error_ends_the_others(steps: Any, stages: Stages, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    started = time.monotonic()
    with pytest.raises(AudioUnreadable), Legs(stages, "x", 2) as legs:
        waiting = legs.start(steps.wait, mark)
        legs.start(steps.refuse, mark)
        waiting.result()
    assert time.monotonic() - started < 45, "a minute's wait was ended"
    assert gone(int(mark.read_text()))


def test_without_processes_parts_run_where_they_are_started(stages: Stages) -> None:
    seen: list[Any] = []
    with Legs(stages, "x", None) as legs:
        leg = legs.start(lambda inputs, given: seen.append((inputs, given, threading.get_ident())) or 5)
        assert seen == [("x", stages, threading.get_ident())]
        assert leg.result() == 5


SCRIPT = """
import signal, sys
from pathlib import Path
# A suite that was started in the background of a shell ignores Ctrl-C, and hands that down.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path[:0] = [{root!r}, {code!r}]
import made_up_steps
from tools.pipeline.legs import Legs
from tools.pipeline.stages import Stages

if __name__ == "__main__":
    place = Path({place!r})
    with Legs(Stages(place / "stages"), None, 2) as legs:
        for name in ("a", "b"):
            legs.start(made_up_steps.wait, place / name)
"""


@pytest.fixture
def running(steps: Any, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A build of two parts in a process group of its own, both at work."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(root=str(ROOT), code=str(tmp_path / "code"), place=str(tmp_path)))
    process = subprocess.Popen(
        [sys.executable, str(script)], start_new_session=True, stderr=subprocess.PIPE, cwd=tmp_path
    )
    for name in "ab":
        wait_for(tmp_path / name)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_ctrl_c_leaves_no_orphan_and_nothing_half(running: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.killpg(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode != 0
    assert told.decode().rstrip().endswith("KeyboardInterrupt")
    assert "made_up_steps.py" not in told.decode(), "no traceback of a child"
    assert all(gone(int((tmp_path / name).read_text())) for name in "ab")
    assert not [one for one in (tmp_path / "stages").glob("?/*") if not one.name.endswith(".part")]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_build_leaves_no_orphan(
    running: subprocess.Popen[bytes], tmp_path: Path, sent: signal.Signals
) -> None:
    os.kill(running.pid, sent)
    running.wait(60)
    assert all(gone(int((tmp_path / name).read_text())) for name in "ab")


def test_a_process_per_core_as_long_as_there_is_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERTONE_THREADS", "64")
    pages = {"SC_PHYS_PAGES": 5 << 20, "SC_PAGE_SIZE": 4096}  # 20 GiB
    monkeypatch.setattr(module.os, "sysconf", pages.__getitem__)
    limit = tmp_path / "memory.max"
    assert processes_at_once(limit) == 10
    limit.write_text("max\n")
    assert processes_at_once(limit) == 10
    limit.write_text(f"{7 << 30}\n")
    assert processes_at_once(limit) == 3
    limit.write_text("1000\n")
    assert processes_at_once(limit) == 1
    monkeypatch.setenv("UNDERTONE_THREADS", "2")
    assert processes_at_once(tmp_path / "none") == 2


@pytest.mark.slow
def test_trained_alone_or_beside_others_the_bytes_are_the_same(
    steps: Any, stages: Stages, rng: np.random.Generator
) -> None:
    views = rng.integers(-128, 128, (2, 24, 33, 16), np.int8)
    made = {}
    for count in (1, 2):
        with Legs(stages, views, count) as legs:
            made[count] = [leg.result() for leg in [legs.start(steps.learn, seed) for seed in (1, 2)]]
    assert made[1] == made[2]
    assert made[1][0] != made[1][1]


class Watched:
    """Inputs that know whether they were read, in this process or by unpacking in another."""

    def __init__(self) -> None:
        self.reads = 0

    @property
    def digests(self) -> dict[str, str]:
        self.reads += 1
        return {}


@pytest.mark.parametrize("count", [None, 1])
def test_what_the_build_starts_from_is_not_touched(stages: Stages, count: int | None) -> None:
    """Whether corpora are read beforehand is the caller's business: in this process it would be for nothing."""
    inputs = Watched()
    with Legs(stages, inputs, count):
        pass
    assert inputs.reads == 0


@pytest.mark.parametrize(("count", "reads"), [(None, 0), (2, 1)])
def test_a_build_reads_the_corpora_before_it_hands_out_copies(
    monkeypatch: pytest.MonkeyPatch, stages: Stages, count: int | None, reads: int
) -> None:
    class Stop(Exception):
        """The legs would start here."""

    handed: list[Any] = []

    class Refuse:
        def __init__(self, stages: Stages, inputs: Any, count: int | None) -> None:
            handed.append(inputs)
            raise Stop

    monkeypatch.setattr(module, "Legs", Refuse)
    inputs = SimpleNamespace(recipe=None, rows=lambda part: [], digests=0)
    inputs.prepared = lambda: (setattr(inputs, "digests", inputs.digests + 1), inputs)[1]
    with pytest.raises(Stop):
        make_everything(inputs, stages, count)  # type: ignore[arg-type]
    assert handed == [inputs]
    assert inputs.digests == reads
