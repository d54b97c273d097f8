"""The benchmark measures what it says: lengths of turns, and memory that is really used."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

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
