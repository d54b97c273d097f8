"""The frozen trunk: activations in the steps that the int8 network will have, and the two halves as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from train.foundation.yamnet import INPUT_SCALE
from train.student.network import StudentSettings, build_body
from train.student.trunk import ACTIVATION_SCALE, BATCH, join, trunk_activations

pytestmark = pytest.mark.corpus
LAYER = 5


@pytest.fixture(scope="module")
def features(data_root: Path) -> np.ndarray:
    """More windows than one batch."""
    return np.random.default_rng(1).integers(-128, 128, (BATCH + 2, 48, 64)).astype(np.int8)


@pytest.fixture(scope="module")
def activations(features: np.ndarray) -> np.ndarray:
    return trunk_activations(LAYER, features)


def test_activations_are_the_trunk_s_in_uint8_steps(features: np.ndarray, activations: np.ndarray) -> None:
    from train.foundation.yamnet import build_trunk

    exact = build_trunk(LAYER, frames=48)(features.astype(np.float32)[..., None] * np.float32(INPUT_SCALE))
    assert activations.dtype == np.uint8
    assert activations.shape == exact.shape
    error = np.abs(activations * ACTIVATION_SCALE - np.asarray(exact))
    assert error.max() <= ACTIVATION_SCALE * 0.51
    assert activations.max() == 255  # ReLU6 is reached: the range is used
    assert (activations == 0).mean() > 0.1


def test_batches_change_nothing(features: np.ndarray, activations: np.ndarray) -> None:
    alone = trunk_activations(LAYER, features[-1:])
    assert np.abs(alone[0].astype(int) - activations[-1]).max() <= 1
    assert not np.array_equal(activations[0], activations[-1])


def test_trunk_and_body_joined_do_what_they_do_apart(features: np.ndarray, activations: np.ndarray) -> None:
    body = build_body(activations.shape[1:], 4, StudentSettings(width=8))
    whole = join(LAYER, 48, body)
    assert whole.input_shape == (1, 48, 64, 1)
    for index in range(2):
        apart = body(activations[index : index + 1].astype(np.float32) * np.float32(ACTIVATION_SCALE))
        values = features[index : index + 1].astype(np.float32)[..., None] * np.float32(INPUT_SCALE)
        assert np.asarray(whole(values)) == pytest.approx(np.asarray(apart), abs=0.02)
