"""Extraction: what is on disk is what the encoder says, in any order, after any interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, CheckFailed, EnvironmentLacking, UnknownName
from firmware_bridge.sound.audio import read_audio
from train.foundation.backends.onnx import OnnxEncoder
from train.foundation.encoder import mean_and_deviation
from train.foundation.extraction import plan as planning
from train.foundation.extraction import run, shard
from train.foundation.extraction.run import extract
from train.foundation.extraction.store import Store


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """About two recordings each."""
    monkeypatch.setattr(planning, "SHARD_SECONDS", 1.0)


def contents(out: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_the_store_holds_what_the_encoder_says(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path
) -> None:
    done = extract(
        f"onnx:{wave_network}", recordings, ["hidden_1", "final"], tmp_path / "out", dtype="float32"
    )
    store, encoder = done.store, OnnxEncoder(wave_network)
    assert store.layers == ("hidden_1", "final")
    assert store.names == tuple(sorted(recordings))
    assert len(store.index["shards"]) > 3
    assert done.seconds == pytest.approx(12 * 0.4)
    assert (done.seconds_there, done.workers) == (0, 1)
    for name, path in recordings.items():
        expected = encoder.encode([read_audio(path).pcm])[0]
        for layer in store.layers:
            assert np.array_equal(store.rows(name, layer), expected[layer])
    assert isinstance(store.rows(name, "final"), np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        store.rows(name, "final")[0] = 1
    store.verify()


def test_statistics(wave_network: Path, recordings: dict[str, Path], tmp_path: Path) -> None:
    store = extract(
        f"onnx:{wave_network}", recordings, ["hidden_2"], tmp_path / "out", keep="statistics"
    ).store
    encoder, name = OnnxEncoder(wave_network), sorted(recordings)[5]
    expected = mean_and_deviation(encoder.encode([read_audio(recordings[name]).pcm])[0]["hidden_2"])
    assert np.array_equal(store.table("hidden_2")[5], expected)
    assert np.array_equal(store.table("hidden_2", (name,)), expected[None])


def test_the_order_changes_no_byte(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = f"onnx:{wave_network}"
    extract(which, recordings, ["hidden_1"], tmp_path / "a")
    backwards = run._listen
    monkeypatch.setattr(
        run, "_listen", lambda request, shards, *rest: backwards(request, shards[::-1], *rest)
    )
    extract(which, dict(reversed(recordings.items())), ["hidden_1"], tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_second_run_computes_nothing(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "out").store.fingerprint()
    monkeypatch.setattr(OnnxEncoder, "forward", lambda *_: pytest.fail("computed again"))
    again = extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "out")
    assert again.store.fingerprint() == first
    assert (again.seconds, again.seconds_there) == (0, pytest.approx(4.8))


@pytest.mark.parametrize("damage", ["cut", "flipped", "facts", "gone", "leftover"])
def test_damaged_shards_are_made_anew(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, damage: str
) -> None:
    out = tmp_path / "out"
    extract(f"onnx:{wave_network}", recordings, ["hidden_1"], out)
    before = contents(out)
    folder = sorted((out / "shards").iterdir())[1]
    values = folder / "hidden_1.npy"
    if damage == "cut":
        values.write_bytes(values.read_bytes()[:-3])
    elif damage == "flipped":
        data = bytearray(values.read_bytes())
        data[-1] ^= 1
        values.write_bytes(data)
    elif damage == "facts":
        (folder / "shard.json").write_text("{")
    elif damage == "gone":
        values.unlink()
    else:
        (out / "shards" / f".{folder.name}.abc.part" / "new").mkdir(parents=True)
        (out / "shards" / ("0" * 32)).mkdir()
    if damage != "leftover":
        with pytest.raises(CheckFailed, match=folder.name):
            Store(out).verify()
    extract(f"onnx:{wave_network}", recordings, ["hidden_1"], out)
    assert contents(out) == before
    assert len(list((out / "shards").iterdir())) == len(Store(out).index["shards"])


def test_a_changed_recording_is_heard_again(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path
) -> None:
    name, other = sorted(recordings)[:2]
    first = extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "out").store.fingerprint()
    recordings[name].write_bytes(recordings[other].read_bytes())
    store = extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "out").store
    assert store.fingerprint() != first
    assert np.array_equal(store.rows(name, "hidden_1"), store.rows(other, "hidden_1"))


def test_a_recording_that_changes_meanwhile_is_found_out(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = run.find_recordings

    def plan_then_change(files: dict[str, Path]) -> list[planning.Recording]:
        found = planned(files)
        next(iter(files.values())).write_bytes(b"other")
        return found

    monkeypatch.setattr(run, "find_recordings", plan_then_change)
    with pytest.raises(AudioUnreadable, match="has changed"):
        extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "out")
    with pytest.raises(EnvironmentLacking, match="no finished extraction"):
        Store(tmp_path / "out")


def test_another_version_is_found_out(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard, "code_digest", lambda: "another")
    with pytest.raises(EnvironmentLacking, match="another version of the project"):
        extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "out")


def test_values_that_float16_cannot_hold_stop_the_run() -> None:
    values = np.array([[70000.0]], np.float32)
    with pytest.raises(AudioUnreadable, match=r"beyond float16 \(to 70000\)"):
        shard._narrowed(values, "float16", "hidden_6")
    assert shard._narrowed(values, "float32", "hidden_6") == values


def test_only_the_beginning(wave_network: Path, recordings: dict[str, Path], tmp_path: Path) -> None:
    store = extract(
        f"onnx:{wave_network}", recordings, ["hidden_0"], tmp_path / "out", first_seconds=0.1
    ).store
    assert {store.rows(name, "hidden_0").shape for name in store.names} == {(799, 3)}


def test_unknown_clips_and_layers_are_listed(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path
) -> None:
    store = extract(f"onnx:{wave_network}", recordings, ["hidden_0"], tmp_path / "out").store
    with pytest.raises(UnknownName, match="final"):
        store.rows(store.names[0], "final")
    with pytest.raises(UnknownName, match=r"x.wav"):
        store.rows("x.wav", "hidden_0")


KILLED = """
import sys, time
from pathlib import Path
from train.foundation.extraction import plan, run
plan.SHARD_SECONDS = 1.0
from train.foundation.backends.onnx import OnnxEncoder
forward = OnnxEncoder.forward
def slowly(self, batch, layers):
    time.sleep(0.1)
    return forward(self, batch, layers)
OnnxEncoder.forward = slowly
files = {name: Path(path) for name, path in (pair.split("=") for pair in sys.argv[3:])}
run.extract("onnx:" + sys.argv[1], files, ["hidden_1"], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("after_s", [0.03, 0.15, 0.3, 0.5])
def test_killed_at_any_moment_it_goes_on(
    wave_network: Path, recordings: dict[str, Path], tmp_path: Path, after_s: float
) -> None:
    out = tmp_path / "out"
    pairs = [f"{name}={path}" for name, path in recordings.items()]
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(wave_network), str(out), *pairs])
    while not out.exists() and process.poll() is None:
        time.sleep(0.005)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert not (out / "index.json").exists()
    resumed = extract(f"onnx:{wave_network}", recordings, ["hidden_1"], out)
    extract(f"onnx:{wave_network}", recordings, ["hidden_1"], tmp_path / "whole")
    assert resumed.seconds + resumed.seconds_there == pytest.approx(4.8)
    assert contents(out) == contents(tmp_path / "whole")
