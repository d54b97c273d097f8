"""The benchmark measures what it says: lengths of turns, and memory that is really used."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from firmware_bridge.base.errors import CheckFailed
from train.foundation.cost import MSP_PODCAST_HOURS, WORKERS, duration
from train.foundation.extraction import bench
from train.foundation.extraction.bench import make_corpus, watched_memory


def test_hours_of_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = tmp_path / "sentence.wav"
    soundfile.write(sentence, np.random.default_rng(0).normal(0, 0.1, 32000), 16000)
    monkeypatch.setattr(
        bench, "load_corpus", lambda _: SimpleNamespace(clips=[SimpleNamespace(path=sentence)])
    )
    found = make_corpus(0.02, tmp_path / "turns")
    lengths = [soundfile.info(path).frames / 16000 for path in found.values()]
    assert 72 <= sum(lengths) <= 83
    assert all(3 <= length <= 11 for length in lengths)
    before = [path.stat().st_mtime_ns for path in found.values()]
    again = make_corpus(0.02, tmp_path / "turns")
    assert [path.stat().st_mtime_ns for path in again.values()] == before


def test_memory_is_seen() -> None:
    with watched_memory(every_s=0.01) as idle:
        time.sleep(0.05)
    with watched_memory(every_s=0.01) as busy:
        held = np.ones(25_000_000)  # 200 MB
        time.sleep(0.05)
    assert held.sum() == 25_000_000
    assert busy.largest - idle.largest > 150_000_000
    assert busy.whole >= busy.largest


class Store:
    """A store of two shards that was asked whether it is whole."""

    def __init__(self, out: Path) -> None:
        self.out, self.index, self.verified = out, {"shards": [1, 2]}, 0

    def verify(self) -> None:
        self.verified += 1

    def fingerprint(self) -> str:
        return "ab" * 32


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand in for an extraction: an hour by two workers in 18 s, half an hour was there."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "shard").write_bytes(bytes(1000))
    done = SimpleNamespace(
        store=Store(tmp_path / "out"), seconds=3600.0, seconds_there=1800.0, workers=2, wall_s=18.0
    )
    asked: list[Any] = []

    def extract(encoder: str, files: Any, layers: list[str], out: Path, **settings: Any) -> Any:
        asked.append((encoder, layers, out.name, settings))
        return done

    monkeypatch.setattr(bench, "make_corpus", lambda hours, folder: {"a.wav": folder / "a.wav"})
    monkeypatch.setattr(bench, "extract", extract)
    return SimpleNamespace(done=done, asked=asked)


def test_what_an_extraction_took(heard: SimpleNamespace, tmp_path: Path) -> None:
    found = bench.listen(1.0, "whisper", "hidden_2", workers=2, place=tmp_path)
    assert heard.asked == [
        ("whisper", ["hidden_2"], "whisper-hidden_2", {"workers": 2, "scheduler": None})
    ], "each layer of each encoder has its own place"
    assert heard.done.store.verified == 1, "what was not read back was not kept"
    assert (found.hours, found.hours_there, found.turns) == (1.0, 0.5, 1)
    assert (found.shards, found.kept_bytes) == (2, 1000)
    assert found.whole_bytes >= found.largest_bytes > 1_000_000
    assert found.worker_seconds_per_hour == 36.0
    assert found.as_dict()["worker_seconds_per_hour"] == 36.0


def test_speed_is_extrapolated_by_hours_over_workers(heard: SimpleNamespace, tmp_path: Path) -> None:
    found = bench.listen(1.0, "whisper", "hidden_2", place=tmp_path)
    spans = found.extrapolated()
    assert spans is not None
    first = duration(MSP_PODCAST_HOURS * 36.0 / 3600 / WORKERS[0])
    assert spans.split(", ")[0] == f"{first} on {WORKERS[0]}"
    assert len(spans.split(", ")) == len(WORKERS)


def test_where_all_was_there_no_speed_is_claimed(heard: SimpleNamespace, tmp_path: Path) -> None:
    heard.done.seconds = 0.0
    found = bench.listen(1.0, "whisper", "hidden_2", place=tmp_path)
    assert found.worker_seconds_per_hour is None
    assert found.extrapolated() is None


def test_shards_that_are_damaged_are_no_result(heard: SimpleNamespace, tmp_path: Path) -> None:
    def damaged() -> None:
        raise CheckFailed("shard 1 is damaged", "extract again")

    heard.done.store.verify = damaged
    with pytest.raises(CheckFailed, match="shard 1"):
        bench.listen(1.0, "whisper", "hidden_2", place=tmp_path)
