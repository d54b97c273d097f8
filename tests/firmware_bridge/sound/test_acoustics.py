"""Rooms, noise and speed do what their names say, at the level they promise."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.sound.acoustics import (
    NOISE_KINDS,
    apply_room,
    change_speed,
    loudspeaker,
    mix_at_snr,
    rms,
    synthetic_noise,
    synthetic_room,
)


def speech(rng: np.random.Generator, n: int = 16_000) -> np.ndarray:
    return (0.1 * rng.standard_normal(n)).astype(np.float32)


def decibel(ratio: float) -> float:
    return 20.0 * float(np.log10(ratio))


def test_room_of_one_click_changes_nothing(rng: np.random.Generator) -> None:
    pcm = speech(rng)
    for delay in (0, 137):
        click = np.zeros(500, np.float32)
        click[delay] = 0.3
        assert np.allclose(apply_room(pcm, click), pcm, atol=1e-6)


def test_room_keeps_length_level_and_place(rng: np.random.Generator) -> None:
    pcm = np.zeros(8000, np.float32)
    pcm[3000] = 1.0
    impulse = np.concatenate([np.zeros(90, np.float32), synthetic_room(rng, 0.3)])
    wet = apply_room(pcm, impulse)
    assert wet.dtype == np.float32
    assert len(wet) == len(pcm)
    assert int(np.argmax(np.abs(wet))) == 3000
    assert wet[3000] > 0
    assert rms(wet) == pytest.approx(rms(pcm), rel=1e-4)
    assert np.abs(wet[3040:6000]).sum() > 0.1


def test_room_with_a_negative_direct_path_does_not_turn_the_speech_over(rng: np.random.Generator) -> None:
    pcm = speech(rng)
    assert np.allclose(apply_room(pcm, np.array([-0.5], np.float32)), pcm, atol=1e-6)


def test_room_is_the_textbook_convolution(rng: np.random.Generator) -> None:
    pcm, impulse = speech(rng, 300), synthetic_room(rng, 0.05)
    expected = np.convolve(pcm, impulse)[:300]
    expected *= rms(pcm) / rms(expected)
    assert np.allclose(apply_room(pcm, impulse), expected, atol=1e-5)


def test_silence_and_nothing_pass_through_a_room(rng: np.random.Generator) -> None:
    impulse = synthetic_room(rng, 0.2)
    assert not apply_room(np.zeros(100, np.float32), impulse).any()
    assert len(apply_room(np.zeros(0, np.float32), impulse)) == 0


@pytest.mark.parametrize("impulse", [np.zeros(0, np.float32), np.zeros(10, np.float32)])
def test_a_silent_room_is_refused(impulse: np.ndarray, rng: np.random.Generator) -> None:
    with pytest.raises(InvalidSetting):
        apply_room(speech(rng), impulse)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 5.0, 15.0, 40.0])
@pytest.mark.parametrize("noise_length", [1000, 16_000, 50_000])
def test_mix_has_the_ratio_asked_for(snr_db: float, noise_length: int, rng: np.random.Generator) -> None:
    clean = speech(rng)
    mixed = mix_at_snr(clean, 0.01 * speech(rng, noise_length), snr_db, rng)
    assert mixed.dtype == np.float32
    assert decibel(rms(clean) / rms(mixed - clean)) == pytest.approx(snr_db, abs=0.05)


def test_mix_takes_the_stretch_from_the_generator(rng: np.random.Generator) -> None:
    clean, noise = speech(rng), speech(rng, 40_000)
    first = mix_at_snr(clean, noise, 5.0, np.random.default_rng(1))
    assert np.array_equal(first, mix_at_snr(clean, noise, 5.0, np.random.default_rng(1)))
    assert not np.array_equal(first, mix_at_snr(clean, noise, 5.0, np.random.default_rng(2)))


def test_mix_finds_the_noise_in_a_padded_recording(rng: np.random.Generator) -> None:
    clean, noise = speech(rng, 100), np.zeros(100_000, np.float32)
    noise[50_000:50_050] = 0.5
    for seed in range(5):
        mixed = mix_at_snr(clean, noise, 10.0, np.random.default_rng(seed))
        assert decibel(rms(clean) / rms(mixed - clean)) == pytest.approx(10.0, abs=0.1)


def test_mix_refuses_silent_noise_and_leaves_silent_speech(rng: np.random.Generator) -> None:
    with pytest.raises(InvalidSetting):
        mix_at_snr(speech(rng), np.zeros(10, np.float32), 5.0, rng)
    assert not mix_at_snr(np.zeros(50, np.float32), speech(rng), 5.0, rng).any()
    assert len(mix_at_snr(np.zeros(0, np.float32), speech(rng), 5.0, rng)) == 0


@pytest.mark.parametrize("factor", [0.9, 1.1, 1.25])
def test_speed_moves_length_and_pitch(factor: float) -> None:
    time = np.arange(16_000) / 16_000
    fast = change_speed(np.sin(2 * np.pi * 1000 * time).astype(np.float32), factor)
    assert fast.dtype == np.float32
    assert len(fast) == pytest.approx(16_000 / factor, abs=2)
    peak = np.argmax(np.abs(np.fft.rfft(fast))) * 16_000 / len(fast)
    assert peak == pytest.approx(1000 * factor, abs=2)


def test_speed_of_one_changes_nothing_and_absurd_ones_are_refused(rng: np.random.Generator) -> None:
    pcm = speech(rng, 100)
    assert np.array_equal(change_speed(pcm, 1.0), pcm)
    with pytest.raises(InvalidSetting, match="speed factor"):
        change_speed(pcm, 0.0)


@pytest.mark.parametrize("rt60_s", [0.2, 0.6])
def test_synthetic_room_decays_by_its_rt60(rt60_s: float, rng: np.random.Generator) -> None:
    impulse = synthetic_room(rng, rt60_s)
    assert len(impulse) == int(rt60_s * 16_000)
    assert int(np.argmax(np.abs(impulse))) == 0
    # Half of the decay (30 dB) lies between the stretches at a quarter and at three quarters.
    width, n = int(0.02 * 16_000), len(impulse)
    early, late = impulse[n // 4 : n // 4 + width], impulse[3 * n // 4 : 3 * n // 4 + width]
    assert decibel(rms(early) / rms(late)) == pytest.approx(30.0, abs=3.0)


def test_synthetic_room_refuses_absurd_times(rng: np.random.Generator) -> None:
    with pytest.raises(InvalidSetting):
        synthetic_room(rng, 0.0)


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_synthetic_noise_has_its_level_and_is_repeatable(kind: str) -> None:
    noise = synthetic_noise(kind, 16_000, np.random.default_rng(3))
    assert noise.dtype == np.float32
    assert len(noise) == 16_000
    assert rms(noise) == pytest.approx(0.1, rel=1e-3)
    assert np.array_equal(noise, synthetic_noise(kind, 16_000, np.random.default_rng(3)))
    assert len(synthetic_noise(kind, 0, np.random.default_rng(3))) == 0


def test_noise_colours_have_their_slopes(rng: np.random.Generator) -> None:
    for kind, slope_db_per_octave in (("white", 0.0), ("pink", -3.0), ("brown", -6.0)):
        power = np.abs(np.fft.rfft(synthetic_noise(kind, 160_000, rng))) ** 2
        low, high = power[2500:5000].mean(), power[40_000:80_000].mean()  # 250-500 Hz, 4-8 kHz: 4 octaves
        assert 10 * np.log10(high / low) / 4 == pytest.approx(slope_db_per_octave, abs=0.3)


def test_unknown_noise_lists_the_kinds(rng: np.random.Generator) -> None:
    with pytest.raises(UnknownName) as caught:
        synthetic_noise("mauve", 10, rng)
    for kind in NOISE_KINDS:
        assert kind in caught.value.remedy


def test_a_loudspeaker_is_deaf_outside_its_band_and_keeps_the_level() -> None:
    time = np.arange(16000) / 16000
    both = (np.sin(2 * np.pi * 60 * time) + np.sin(2 * np.pi * 1000 * time)).astype(np.float32) * 0.3
    heard = loudspeaker(both, (180.0, 7000.0), 0.0)
    spectrum = np.abs(np.fft.rfft(heard[2000:10000]))
    low, middle = spectrum[30], spectrum[500]
    assert 20 * np.log10(middle / low) > 15
    assert rms(heard) == pytest.approx(rms(both), rel=1e-3)


def test_a_driven_loudspeaker_makes_odd_harmonics() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(16000) / 16000).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(loudspeaker(tone, None, 2.0)))
    assert spectrum[1500] > 0.02 * spectrum[500]
    assert spectrum[1000] < 0.001 * spectrum[500]
