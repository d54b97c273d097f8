"""Whisper's input against numbers worked out by hand, published ones, and the official extractor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.sound.audio import read_audio, to_float
from train.foundation.logmel import log_mel, mel_weights


def test_a_tone_is_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
    mel = log_mel(tone[None])[0]
    assert mel.shape == (80, 100)
    # 80 bands share 0 to 45.245 mel; 1 kHz is 15 mel, the middle of band 26 (counted from 0) is 15.08.
    assert mel[:, 50].argmax() == 26
    assert mel.max() - mel.min() == pytest.approx(2.0)  # the clamp: 8 decades, over 4


def test_silence_is_the_floor() -> None:
    assert np.all(log_mel(np.zeros((1, 640), np.float32)) == np.float32(-1.5))  # (log10(1e-10) + 4) / 4


def test_level_moves_everything_alike() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 3200)).astype(np.float32)
    np.testing.assert_allclose(log_mel(noise * 10) - log_mel(noise), 0.5, atol=1e-5)  # 2 decades over 4


def test_triangles_have_unit_area_where_bins_are_dense() -> None:
    areas = mel_weights().sum(axis=1) * 40.0  # bins are 40 Hz apart
    np.testing.assert_allclose(areas[41:], 1.0, atol=0.02)
    assert mel_weights(128).shape == (128, 201)


def test_a_batch_is_its_clips() -> None:
    clips = np.random.default_rng(1).normal(0, 0.1, (3, 3200)).astype(np.float32) * [[1], [0.1], [0.001]]
    many = log_mel(clips.astype(np.float32))
    for clip, alone in zip(clips.astype(np.float32), many, strict=True):
        assert np.array_equal(log_mel(clip[None])[0], alone)


@pytest.mark.corpus
def test_published_values(data_root: Path) -> None:
    pcm = read_audio(data_root / "ravdess/audio/Actor_01/03-01-01-01-01-01-01.flac").pcm
    wave = to_float(pcm)
    mel = log_mel(np.pad(wave, (0, -len(wave) % 320))[None])[0]
    assert mel.shape == (80, 332)
    assert (mel.mean(), mel.std()) == pytest.approx((-0.91027, 0.50039), abs=1e-5)


@pytest.mark.parametrize("bands", [80, 128])
def test_the_official_extractor_agrees(bands: int) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra 'foundation' is not installed")
    wave = np.random.default_rng(2).normal(0, 0.05, 48000).astype(np.float32)
    official = transformers.WhisperFeatureExtractor(feature_size=bands)
    expected = official(wave, sampling_rate=16000, return_tensors="np").input_features[0]
    found = log_mel(np.pad(wave, (0, 480_000 - len(wave)))[None], bands)[0]
    np.testing.assert_allclose(found, expected, atol=2e-5)
