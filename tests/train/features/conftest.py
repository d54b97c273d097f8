"""Speech for features: three short noises of known lengths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.wave_network import write_wave_network
from train.features import Speech

LENGTHS = (3200, 4800, 3200, 6400)


@pytest.fixture
def make_speech() -> Callable[..., Speech]:
    """Make clips of two speakers and two classes; arguments replace what `Speech` would hold."""

    def make(**changes: object) -> Speech:
        rng = np.random.default_rng(5)
        given = {
            "pcm": [rng.integers(-9000, 9000, n).astype(np.int16) for n in LENGTHS],
            "window_samples": 8000,
            "truth": np.array([0, 1, 0, 1]),
            "targets": np.eye(2, dtype=np.float32)[[0, 1, 0, 1]],
            "speakers": np.array(["a", "a", "b", "b"]),
            "learn": np.arange(4),
            "seed": 3,
        }
        return Speech(**{**given, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def network(tmp_path: Path) -> str:
    """A small encoder of waveforms, as a recipe names it."""
    return f"onnx:{write_wave_network(tmp_path / 'small.onnx')}"
