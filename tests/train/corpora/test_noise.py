"""Noises and rooms: two parts that share nothing, and stand-ins that say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware_bridge.base.errors import UnknownName
from train.corpora.noise import load_noises, load_rooms


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder without recordings."""
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
    return tmp_path


def test_stand_ins_are_said_and_tagged(nowhere: Path, said: list[str]) -> None:
    noises, rooms = load_noises("train"), load_rooms("train")
    assert len(said) == 2
    assert all("synthetic" in line and "train" in line for line in said)
    assert {thing.origin for thing in (*noises, *rooms)} == {"synthetic"}
    assert all(noise.pcm.dtype == np.float32 and np.any(noise.pcm) for noise in noises)
    assert all(room.impulse.dtype == np.float32 for room in rooms)


def test_stand_ins_differ_between_the_parts_and_repeat_within(nowhere: Path) -> None:
    for first, second in zip(load_noises("train"), load_noises("test"), strict=True):
        assert not np.array_equal(first.pcm, second.pcm)
    assert all(
        np.array_equal(a.pcm, b.pcm) for a, b in zip(load_noises("test"), load_noises("test"), strict=True)
    )
    lengths = [{len(room.impulse) for room in load_rooms(part)} for part in ("train", "test")]
    assert not lengths[0] & lengths[1]


def test_recordings_are_divided_by_fold_and_number(nowhere: Path, said: list[str]) -> None:
    loud = np.full(400, 900, np.int16)
    for name in ("esc10_noise/audio/rain/1-1-A", "esc10_noise/audio/rain/3-1-A", "rir_noise/noise/noise2",
                 "rir_noise/noise/noise5", "rir_noise/rir/rir1", "rir_noise/rir/rir4"):  # fmt: skip
        path = nowhere / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.concatenate([loud, np.zeros(300, np.int16)]), 16_000)
    assert [noise.name for noise in load_noises("train")] == ["esc10/rain/1-1-A", "rir_noise/noise2"]
    assert [noise.name for noise in load_noises("test")] == ["esc10/rain/3-1-A", "rir_noise/noise5"]
    assert [room.name for room in load_rooms("train")] == ["rir_noise/rir1"]
    assert [room.name for room in load_rooms("test")] == ["rir_noise/rir4"]
    assert said == []
    assert len(load_noises("train")[0].pcm) == 400, "digital silence at the end is cut"
    assert len(load_rooms("train")[0].impulse) == 700, "a room keeps its length"


@pytest.mark.parametrize("load", [load_noises, load_rooms])
def test_other_parts_are_refused(load: Callable[[str], object]) -> None:
    with pytest.raises(UnknownName, match="validation"):
        load("validation")


@pytest.mark.corpus
def test_real_parts_share_no_recording(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(data_root))
    if not (data_root / "esc10_noise").is_dir() or not (data_root / "rir_noise").is_dir():
        pytest.skip("no recorded noises")
    train, test = load_noises("train"), load_noises("test")
    assert (len(train), len(test)) == (43, 42)
    assert not {noise.name for noise in train} & {noise.name for noise in test}
    assert all(noise.origin == "real" for noise in (*train, *test))
    assert [len(load_rooms(part)) for part in ("train", "test")] == [2, 2]
