"""A Dask cluster: the bytes of one process, whoever computes them and whoever dies meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking, UndertoneError
from train.foundation.extraction import cluster, run
from train.foundation.extraction import plan as planning
from train.foundation.extraction.run import extract

ROOT = Path(__file__).resolve().parents[4]


def contents(out: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


class Cluster:
    """A scheduler and workers as a user starts them, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workers = folder, []
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._wait_for(r"Scheduler at:\s+(tcp://\S+)")

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(command, stderr=log, stdout=log, cwd=ROOT)

    def _wait_for(self, pattern: str, times: int = 1) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = re.findall(pattern, (self.folder / "scheduler.log").read_text())
            if len(found) >= times:
                return str(found[-1])
            time.sleep(0.05)
        raise TimeoutError((self.folder / "scheduler.log").read_text())

    def add_worker(self) -> subprocess.Popen[bytes]:
        local = ["--local-directory", str(self.folder), "--no-dashboard"]
        self.workers.append(self._start("worker", self.address, "--nthreads", "1", "--no-nanny", *local))
        self._wait_for(r"Register worker", len(self.workers))
        return self.workers[-1]

    def stop(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def dask_cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "dask"
    folder.mkdir()
    started = Cluster(folder)
    yield started
    started.stop()


@pytest.fixture
def sounds(tmp_path: Path) -> dict[str, Path]:
    """Forty noises: forty shards, because each is longer than half a shard."""
    import soundfile

    rng, found = np.random.default_rng(4), {}
    for index in range(40):
        found[f"{index:02d}"] = tmp_path / f"{index:02d}.flac"
        soundfile.write(found[f"{index:02d}"], rng.normal(0, 0.1, 9600 + 160 * index), 16000)
    return found


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SHARD_SECONDS", 1.0)


@pytest.mark.slow
def test_two_workers_and_one_that_is_killed(
    dask_cluster: Cluster, wave_network: Path, sounds: dict[str, Path], tmp_path: Path
) -> None:
    which = f"onnx:{wave_network}"
    extract(which, sounds, ["hidden_1", "final"], tmp_path / "alone")
    first = dask_cluster.add_worker()
    dask_cluster.add_worker()
    there = extract(which, sounds, ["hidden_1", "final"], tmp_path / "two", scheduler=dask_cluster.address)
    assert there.workers == 2
    assert contents(tmp_path / "two") == contents(tmp_path / "alone")

    def kill_when_some_are_done() -> None:
        shards = tmp_path / "killed" / "shards"
        while not shards.is_dir() or len([each for each in shards.iterdir() if each.name[0] != "."]) < 3:
            time.sleep(0.001)
        os.kill(first.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_when_some_are_done)
    killer.start()
    extract(which, sounds, ["hidden_1", "final"], tmp_path / "killed", scheduler=dask_cluster.address)
    killer.join()
    assert first.wait() == -signal.SIGKILL
    assert contents(tmp_path / "killed") == contents(tmp_path / "alone")


@pytest.mark.slow
def test_a_scheduler_without_workers(dask_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_TIMEOUT_S", 1)
    with (
        pytest.raises(EnvironmentLacking, match="has no workers"),
        cluster._client(dask_cluster.address, 1),
    ):
        pass


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_TIMEOUT_S", 1)
    with (
        pytest.raises(EnvironmentLacking, match="no Dask scheduler answers") as caught,
        cluster._client("tcp://127.0.0.1:9", 1),
    ):
        pass
    assert "dask scheduler" in caught.value.remedy


@pytest.mark.slow
def test_this_machines_processes(wave_network: Path, sounds: dict[str, Path], tmp_path: Path) -> None:
    which = f"onnx:{wave_network}"
    extract(which, sounds, ["hidden_2"], tmp_path / "alone")
    assert extract(which, sounds, ["hidden_2"], tmp_path / "two", workers=2).workers == 2
    assert contents(tmp_path / "two") == contents(tmp_path / "alone")
    # What goes wrong on a worker arrives in words; what was finished stays.
    plan_as_it_is = run.find_recordings(sounds)
    sounds["20"].write_bytes(b"other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "find_recordings", lambda _: plan_as_it_is)
        with pytest.raises(UndertoneError, match="has changed since") as caught:
            extract(which, sounds, ["hidden_0"], tmp_path / "wrong", workers=2)
    assert caught.value.remedy
    assert not (tmp_path / "wrong" / "index.json").exists()


def test_large_corpora_go_to_all_cores(
    wave_network: Path, sounds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def listen(
        request: object, shards: list[planning.Shard], out: Path, scheduler: object, workers: int
    ) -> int:
        asked.append(workers)
        raise EnvironmentLacking("enough")

    monkeypatch.setattr(run, "_listen", listen)
    monkeypatch.setenv("UNDERTONE_THREADS", "7")
    for limit in (1000.0, 10.0):
        monkeypatch.setattr(run, "LARGE_SECONDS", limit)
        with pytest.raises(EnvironmentLacking, match="enough"):
            extract(f"onnx:{wave_network}", sounds, ["hidden_0"], tmp_path / "out")
    assert asked == [1, 7]
