"""Clips through the channels of the test: reproducible, keyed by the channel, and by rooms that training never met."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import UnknownName
from tools.pipeline import rerecorded
from tools.pipeline.inputs import Inputs
from tools.pipeline.stages import Stages

MakeInputs = Callable[..., Inputs]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Stand in for the network: keep the features that it was given."""
    given: list[np.ndarray] = []

    def run(model: Path, windows: np.ndarray, title: str) -> np.ndarray:
        given.append(windows)
        return windows.astype(np.int64).sum((1, 2)).astype(np.int8)[:, None]

    monkeypatch.setattr(rerecorded, "run_int8", run)
    return given


def test_the_sound_goes_through_the_channel(
    make_inputs: MakeInputs, tmp_path: Path, heard: list[np.ndarray]
) -> None:
    inputs, kept = make_inputs(), Stages(tmp_path)
    rows = inputs.rows("test")[:4]
    for channel in ("clean", "bench", "harsh"):
        rerecorded.hear_rerecorded(inputs, kept, tmp_path, rows, channel, f"played-{channel}")
    clean, bench, harsh = heard
    frames = inputs.frontend.frames(inputs.recipe.window.window_samples)
    assert clean.shape == (4, frames, inputs.frontend.channels)
    assert (clean != bench).any()
    assert np.abs(harsh.astype(int) - clean).mean() > np.abs(bench.astype(int) - clean).mean()


def test_the_same_clips_are_not_sent_twice_and_others_are(
    make_inputs: MakeInputs, tmp_path: Path, heard: list[np.ndarray]
) -> None:
    inputs, kept = make_inputs(), Stages(tmp_path)
    rows = inputs.rows("test")[:3]
    first = rerecorded.hear_rerecorded(inputs, kept, tmp_path, rows, "noisy", "played")
    again = rerecorded.hear_rerecorded(inputs, kept, tmp_path, rows, "noisy", "played")
    assert first == again
    assert len(heard) == 1
    other = rerecorded.hear_rerecorded(inputs, kept, tmp_path, rows[:2], "noisy", "played")
    assert other != first
    np.testing.assert_array_equal(heard[1], heard[0][:2])  # a clip's draw does not depend on the others


def test_rooms_and_noises_are_of_the_test_part(
    make_inputs: MakeInputs, tmp_path: Path, heard: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def load(part: str) -> list[Any]:
        asked.append(part)
        return []

    monkeypatch.setattr("train.corpora.noise.load_rooms", load)
    monkeypatch.setattr("train.corpora.noise.load_noises", load)
    inputs = make_inputs()
    rerecorded.hear_rerecorded(inputs, Stages(tmp_path), tmp_path, inputs.rows("test")[:1], "clean", "played")
    assert asked == ["test", "test"]


def test_an_unknown_channel_is_answered_with_the_known_ones(make_inputs: MakeInputs, tmp_path: Path) -> None:
    inputs = make_inputs()
    with pytest.raises(UnknownName, match="telephone") as told:
        rerecorded.hear_rerecorded(inputs, Stages(tmp_path), tmp_path, inputs.rows("test"), "telephone", "x")
    assert "harsh" in f"{told.value} {told.value.remedy}"
