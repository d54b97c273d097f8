"""Pitch of sounds whose pitch is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.sound.audio import read_audio
from train.features.pitch import HIGHEST_HZ, LOWEST_HZ, RATE_HZ, STEP, pitch_track

FRAMES = 90


def voice(hertz: float | np.ndarray, seconds: float = 1.0, harmonics: int = 12) -> np.ndarray:
    """A buzz with falling harmonics, int16."""
    steps = np.broadcast_to(hertz, int(RATE_HZ * seconds)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(steps)
    wave = sum(np.sin(k * phase) / k for k in range(1, harmonics + 1))
    return (4000 * wave).astype(np.int16)


@pytest.mark.parametrize("hertz", [65.0, 97.3, 120.0, 181.7, 250.0, 333.3, 395.0])
def test_steady_voices_are_within_half_a_percent(hertz: float) -> None:
    found, voicing = pitch_track(voice(hertz), FRAMES)
    inner = slice(3, -3)
    np.testing.assert_allclose(found[inner], hertz, rtol=0.005)
    assert voicing[inner].min() > 0.95


def test_a_glide_is_followed() -> None:
    path = np.linspace(110, 220, RATE_HZ)
    found, _ = pitch_track(voice(path), FRAMES)
    centres = np.arange(FRAMES) * STEP + 200
    np.testing.assert_allclose(found[5:-5], path[centres][5:-5], rtol=0.004)


def test_a_missing_fundamental_is_found() -> None:
    time = np.arange(RATE_HZ) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * 140 * k * time) for k in (3, 4, 5, 6))
    found, _ = pitch_track((3000 * wave).astype(np.int16), FRAMES)
    np.testing.assert_allclose(found[3:-3], 140, rtol=0.005)


def test_noise_and_silence_have_no_pitch(rng: np.random.Generator) -> None:
    found, voicing = pitch_track(rng.normal(0, 3000, RATE_HZ).astype(np.int16), FRAMES)
    assert np.mean(found > 0) < 0.05
    found, voicing = pitch_track(np.zeros(RATE_HZ, np.int16), FRAMES)
    assert not found.any()
    assert not voicing.any()
    assert not pitch_track(np.full(RATE_HZ, 900, np.int16), FRAMES)[0][5:-5].any()


def test_level_does_not_matter() -> None:
    loud = voice(150.0)
    one, _ = pitch_track(loud, FRAMES)
    two, _ = pitch_track((loud // 8).astype(np.int16), FRAMES)
    np.testing.assert_allclose(one, two, rtol=0.002)


def test_short_clips_and_frames_beyond_the_end() -> None:
    found, voicing = pitch_track(voice(200.0, seconds=0.2), 40)
    assert found.shape == voicing.shape == (40,)
    assert found[5:15].min() > 195
    assert not found[-10:].any()
    assert pitch_track(np.zeros(0, np.int16), 0)[0].shape == (0,)


@pytest.mark.corpus
def test_men_speak_lower_than_women(data_root: Path) -> None:
    """RAVDESS: odd actors are men. Medians in the usual ranges, and far from the edges of the search."""
    medians = {}
    for actor in ("01", "02"):
        clip = next((data_root / "ravdess" / "audio" / f"Actor_{actor}").glob("03-01-01-01-01-01-*"))
        pcm = read_audio(clip).pcm
        hertz, voicing = pitch_track(pcm, len(pcm) // STEP)
        medians[actor] = float(np.median(hertz[voicing > 0.8]))
    assert LOWEST_HZ + 10 < medians["01"] < 160 < medians["02"] < HIGHEST_HZ - 100
