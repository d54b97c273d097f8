"""The filterbank and pitch sequence."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from firmware_bridge.microfrontend import MicroFrontend
from train.features.filterbank_pitch import (
    FilterbankSettings,
    filterbank_pitch,
    filterbank_sequences,
)
from train.features.pitch import pitch_track
from train.teacher.network import build_tc_gru
from train.teacher.settings import FILTERBANK_TEACHER

RATE_HZ = 16_000


def tone(hertz: float, seconds: float, level: float = 8000) -> np.ndarray:
    phase = 2 * np.pi * hertz * np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    return (level * (np.sin(phase) + 0.5 * np.sin(2 * phase))).astype(np.int16)


def test_columns_are_energies_pitch_and_voicing() -> None:
    settings = FilterbankSettings(channels=32)
    pcm = tone(300, 0.5)
    found = filterbank_pitch(pcm, settings)
    assert found.shape == (48, 34)
    assert found.dtype == np.float32
    energies = MicroFrontend(settings.frontend).process(pcm)
    np.testing.assert_allclose(found[:, :32] * 64, energies, rtol=1e-6)
    np.testing.assert_allclose(found[5:-5, 32], 1.0, atol=0.05)  # one octave above 150 Hz, voiced
    assert found[5:-5, 33].min() > 0.95


def test_pitch_counts_as_far_as_it_is_voiced(rng: np.random.Generator) -> None:
    pcm = (tone(300, 0.5, 5000) + rng.normal(0, 1500, 8000)).astype(np.int16)
    found = filterbank_pitch(pcm, FilterbankSettings())
    hertz, voicing = pitch_track(pcm, len(found))
    assert 0.5 < voicing[10] < 0.97
    np.testing.assert_allclose(found[10, -2], np.log2(hertz[10] / 150) * voicing[10], rtol=1e-5)


def test_loudness_stays_in_the_features() -> None:
    """Ten times the amplitude is ln 10 = 2.3 more in every strong channel."""
    settings = FilterbankSettings()
    loud, soft = (filterbank_pitch(tone(300, 0.4, level), settings)[10, :40] for level in (10_000, 1000))
    strong = loud > 8
    assert strong.sum() >= 2
    np.testing.assert_allclose((loud - soft)[strong], np.log(10), atol=0.1)


def test_silence_is_zero_and_finite() -> None:
    found = filterbank_pitch(np.zeros(8000, np.int16), FilterbankSettings())
    assert np.isfinite(found).all()
    assert not found[:, -2:].any()


def test_sequences_are_padded_and_counted() -> None:
    settings = FilterbankSettings(channels=8, average=4)
    clips = [tone(200, 0.5), tone(200, 0.3), np.zeros(0, np.int16)]
    sequences, steps = filterbank_sequences(clips, settings)
    assert steps.tolist() == [12, 7, 0]
    assert sequences.shape == (3, 12, 10)
    np.testing.assert_allclose(
        sequences[1, 3], filterbank_pitch(clips[1], settings)[12:16].mean(axis=0), rtol=1e-6
    )
    assert not sequences[1, 7:].any()


def test_the_teacher_without_a_foundation_is_the_small_one() -> None:
    """250 K parameters for 42 channels, a fifth of the teacher that listens to a foundation model."""
    network = build_tc_gru(FILTERBANK_TEACHER, channels=42, classes=8, dimensions=0)
    assert network.count_params() == 249_480


def test_nothing_in_nothing_out() -> None:
    sequences, steps = filterbank_sequences([], FilterbankSettings(channels=8))
    assert sequences.shape == (0, 1, 10)
    assert steps.shape == (0,)


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"average": 0}, {"pitch": True}])
def test_wrong_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        FilterbankSettings(**wrong)
