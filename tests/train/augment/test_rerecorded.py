"""Training channels: varied, seeded, and never one of those that the device is judged on."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from firmware_bridge.sound.acoustics import rms, to_float
from hil.rig.rerecord import CHANNELS
from train.augment import AUGMENTS
from train.augment.rerecorded import RerecordedSettings, draw_band, tilted, vary_recording

STILL = RerecordedSettings(
    speed=0, room_share=0, noise_share=0, speaker_share=0, tilt_db=0, gain_db=0, offset_ms=0
)


def clip(n: int = 8000) -> np.ndarray:
    return np.random.default_rng(2).integers(-9000, 9000, n).astype(np.int16)


def varied(settings: RerecordedSettings, seed: int = 1, pcm: np.ndarray | None = None) -> np.ndarray:
    pcm = clip() if pcm is None else pcm
    return vary_recording(pcm, 9000, settings, [], [], np.random.default_rng(seed))


def test_no_band_of_the_test_is_trained_on() -> None:
    tested = {channel.speaker_band_hz for channel in CHANNELS.values() if channel.speaker_band_hz}
    assert tested
    rng = np.random.default_rng(3)
    drawn = [draw_band(rng) for _ in range(500)]
    for lower, upper in tested:
        assert not [one for one in drawn if abs(one[0] - lower) < 35 or abs(one[1] - upper) < 350]
    assert min(one[0] for one in drawn) < 140 < max(one[0] for one in drawn)
    assert min(one[1] for one in drawn) < 6300 < max(one[1] for one in drawn)


def test_with_all_switched_off_the_clip_is_placed_and_nothing_else() -> None:
    found = varied(STILL)
    assert np.abs(found[:8000].astype(int) - clip()).max() <= 1  # one rounding on the way through float
    assert not found[8000:].any()


@pytest.mark.parametrize(
    "change",
    [{"speaker_share": 1.0}, {"room_share": 1.0}, {"tilt_db": 6.0}, {"gain_db": 6.0}, {"speed": 0.1}],
)
def test_each_part_of_a_channel_changes_the_sound(change: dict[str, float]) -> None:
    assert (varied(STILL.model_copy(update=change)) != varied(STILL)).any()


def test_same_seed_same_samples() -> None:
    settings = RerecordedSettings()
    np.testing.assert_array_equal(varied(settings, 4), varied(settings, 4))
    assert (varied(settings, 4) != varied(settings, 5)).any()


def test_a_loudspeaker_takes_what_lies_outside_its_band() -> None:
    time = np.arange(8000) / 16000
    rumble = (9000 * np.sin(2 * np.pi * 25 * time) + 9000 * np.sin(2 * np.pi * 1000 * time)).astype(np.int16)
    found = to_float(varied(STILL.model_copy(update={"speaker_share": 1.0, "drive": 0.0}), 1, rumble))
    spectrum = np.abs(np.fft.rfft(found[1000:7400]))
    assert spectrum[10] < 0.35 * spectrum[400]


def test_a_tilt_by_hand() -> None:
    """6 dB from 0 Hz to 8 kHz: a tone at 4 kHz gains 3 dB; the level at 0 Hz stays."""
    time = np.arange(1600) / 16000
    tone = np.sin(2 * np.pi * 4000 * time).astype(np.float32)
    assert 20 * np.log10(rms(tilted(tone, 6.0)) / rms(tone)) == pytest.approx(3.0, abs=0.02)
    assert tilted(np.ones(100, np.float32), 6.0) == pytest.approx(1.0, abs=1e-5)


def test_silence_stays_silent() -> None:
    loud = RerecordedSettings(speaker_share=1.0, room_share=1.0, noise_share=0.0)
    assert not varied(loud, 1, np.zeros(8000, np.int16)).any()


@pytest.mark.parametrize("wrong", [{"speaker_share": 1.5}, {"drive": -1}, {"tilt_db": 60}, {"echo": 1}])
def test_settings_have_ranges(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        RerecordedSettings(**wrong)  # type: ignore[arg-type]


def test_a_recipe_names_it() -> None:
    assert AUGMENTS.find("rerecorded").settings is RerecordedSettings
    assert RerecordedSettings().name == "rerecorded"
