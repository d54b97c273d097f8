"""Sequences and averages of chosen layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from train.foundation.extract import YamNet
from train.foundation.model import FoundationModel
from train.foundation.yamnet import INPUT_SCALE, build_trunk


@pytest.fixture
def features(rng: np.random.Generator) -> np.ndarray:
    """Three clips of 70 frames."""
    return rng.integers(-128, 128, (3, 70, 64), np.int8)


def test_sequences_are_the_trunk_averaged_over_frequency(yamnet_file: Path, features: np.ndarray) -> None:
    found = YamNet(batch=2).sequences(features, ["conv3", "conv9"])
    expected = build_trunk(9)(features[..., None].astype(np.float32) * INPUT_SCALE).numpy()
    assert {layer: values.shape for layer, values in found.items()} == {
        "conv3": (3, 35, 64),
        "conv9": (3, 9, 256),
    }
    assert found["conv9"].dtype == np.float16
    np.testing.assert_allclose(found["conv9"], expected.mean(axis=2), atol=2e-3)


def test_frequencies_can_be_kept(yamnet_file: Path, features: np.ndarray) -> None:
    found = YamNet().sequences(features, ["conv9"], keep_frequency=True)["conv9"]
    assert found.shape == (3, 9, 8 * 256)
    mean = found.astype(np.float32).reshape(3, 9, 8, 256).mean(axis=2)
    np.testing.assert_allclose(mean, YamNet().sequences(features, ["conv9"])["conv9"], atol=4e-3)


def test_pooled_is_the_mean_over_real_steps(yamnet_file: Path, features: np.ndarray) -> None:
    model = YamNet(batch=2)
    lengths = np.array([70, 17, 0])
    pooled = model.pooled(features, ["conv9"], lengths=lengths)["conv9"]
    steps = model.sequences(features, ["conv9"])["conv9"].astype(np.float32)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled[0], steps[0].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(pooled[1], steps[1, :3].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(pooled[2], steps[2, 0], atol=1e-3)


def test_one_layer_and_one_clip(yamnet_file: Path, features: np.ndarray) -> None:
    assert YamNet().sequences(features[:1], ["conv1"])["conv1"].shape == (1, 35, 32)


def test_what_it_says_about_itself(yamnet_file: Path) -> None:
    model: FoundationModel = YamNet()
    assert len(model.layers) == 14
    assert (model.layers[0], model.layers[-1]) == ("conv1", "conv27")
    assert (model.name, model.frontend, model.licence) == ("yamnet", "yamnet", "Apache-2.0")
    assert model.parameters_up_to("conv13") == 266_304


def test_unknown_layers_are_listed(features: np.ndarray) -> None:
    with pytest.raises(UnknownName, match="conv28") as caught:
        YamNet().pooled(features, ["conv28"])
    assert "conv13" in caught.value.remedy


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 9, 40), np.int8), np.zeros((9, 64), np.int8), np.zeros((1, 9, 64), np.float32)]
)
def test_other_features_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidSetting, match="reads int8"):
        YamNet().sequences(wrong, ["conv1"])
