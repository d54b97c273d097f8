"""Speech in noise for a test: at the level that was asked for, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.sound.acoustics import rms
from firmware_bridge.sound.audio import to_float
from train.corpora.noise import Noise
from train.mitra.noise import in_conditions, noisy


@pytest.fixture
def sounds() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(0, 2000, 8000).astype(np.int16) for _ in range(3)]


NOISES = [
    Noise(f"n{seed}", np.random.default_rng(seed).normal(0, 0.1, 9000).astype(np.float32), "real")
    for seed in (1, 2)
]


@pytest.mark.parametrize("snr", [15, 5])
def test_the_level_is_what_was_asked_for(sounds: list[np.ndarray], snr: int) -> None:
    for clean, mixed in zip(sounds, noisy(sounds, snr, NOISES), strict=True):
        speech, noise = to_float(clean), to_float(mixed) - to_float(clean)
        assert 20 * np.log10(rms(speech) / rms(noise)) == pytest.approx(snr, abs=0.1)


def test_it_is_the_same_every_time_and_differs_between_clips(sounds: list[np.ndarray]) -> None:
    first, again, other = (noisy(sounds, 5, NOISES, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    twins = noisy([sounds[0], sounds[0]], 5, NOISES)
    assert not np.array_equal(*twins)


def test_conditions(sounds: list[np.ndarray]) -> None:
    assert list(in_conditions(sounds, False)) == ["clean"]
    found = in_conditions(sounds, True)
    assert list(found) == ["clean", "15 dB", "5 dB"]
    assert found["clean"] is sounds
