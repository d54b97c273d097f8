"""What several tests of small networks need: random inputs in int8 steps, and a network with a batch of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from quantize.convert import to_int8
from tests.support.keras_networks import STEP


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Untrained weights are random: the same in every run."""
    import keras

    keras.utils.set_random_seed(20251120)


@pytest.fixture(scope="session")
def converted() -> Callable[[Any, np.ndarray], bytes]:
    """Return a function: network and int8 windows [n, frames, channels] to the bytes of an int8 `.tflite`."""

    def convert(model: Any, windows: np.ndarray) -> bytes:
        import keras

        fixed = keras.Input(batch_shape=(1, *windows.shape[1:], 1), name="fixed")
        return to_int8(keras.Model(fixed, model(fixed)), windows, STEP)

    return convert


@pytest.fixture
def windows(rng: np.random.Generator) -> np.ndarray:
    """Twelve windows of 64 frames and 32 channels that use all int8 steps."""
    return rng.integers(-128, 128, (12, 64, 32)).astype(np.int8)
