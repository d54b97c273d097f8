"""YAMNet from the waveform says what it says from the features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.microfrontend import InputScaling, MicroFrontend, preset
from train.foundation.backends.yamnet import YamNetEncoder
from train.foundation.catalogue import open_encoder
from train.foundation.extract import YamNet
from train.foundation.yamnet import parameters_up_to


@pytest.fixture
def wave(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-3000, 3000, 16000, np.int16)


def test_it_is_yamnet_on_the_chips_features(yamnet_file: Path, wave: np.ndarray) -> None:
    features = InputScaling(kind="range").apply(MicroFrontend(preset("yamnet")).process(wave))
    expected = YamNet().sequences(features[None], ["conv5", "conv13"])
    found = YamNetEncoder().encode([wave], ["conv5", "conv13"])[0]
    for layer, values in found.items():
        assert np.array_equal(values, expected[layer][0].astype(np.float32))


def test_float_and_level_do_not_matter(yamnet_file: Path, wave: np.ndarray) -> None:
    encoder = YamNetEncoder("conv5")
    whole = encoder.encode([wave], ["conv5"])[0]["conv5"]
    as_float = encoder.encode([wave.astype(np.float32) / 32768], ["conv5"])[0]["conv5"]
    assert np.array_equal(whole, as_float)


def test_what_it_says_about_itself(yamnet_file: Path, wave: np.ndarray) -> None:
    encoder = open_encoder("yamnet")
    assert encoder.layer_names == YamNet.layers
    assert [(x.width, x.parameters) for x in encoder.layers[:2]] == [(32, 320), (64, parameters_up_to(3))]
    assert encoder.about.shortest == 400
    assert encoder.about.frame_rate == pytest.approx(100 / 32)
    found = encoder.encode([wave], ["conv27"])[0]["conv27"]
    assert len(found) == encoder.steps(len(wave))
    assert encoder.about.fingerprint == YamNetEncoder("conv3").about.fingerprint


def test_a_cut_costs_less_and_says_the_same(yamnet_file: Path, wave: np.ndarray) -> None:
    encoder = open_encoder("yamnet")
    alone = encoder.cut("conv3")
    assert alone.layer_names == ("conv1", "conv3")
    assert np.array_equal(
        alone.encode([wave], ["conv3"])[0]["conv3"], encoder.encode([wave], ["conv3"])[0]["conv3"]
    )
    # 98 frames: conv1 is 3 x 3 x 1 x 32 at stride 2; conv2 3 x 3 for each of 32 channels; conv3 32 x 64.
    assert encoder.multiply_adds("conv1", 16000) == 49 * 32 * 9 * 32
    assert encoder.multiply_adds("conv3", 16000) == 49 * 32 * (9 * 32 + 9 * 32 + 32 * 64)
