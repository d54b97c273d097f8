"""Each stage of the channel does what it says, and nothing depends on order or machine state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.sound.acoustics import rms, synthetic_noise, synthetic_room, to_float
from hil.rig.rerecord import CHANNELS, make_channel, rerecord


@dataclass
class Place:
    name: str
    impulse: np.ndarray


@dataclass
class Sound:
    name: str
    pcm: np.ndarray


DICE = np.random.default_rng(1)
ROOMS = [Place("small", synthetic_room(DICE, 0.2)), Place("large", synthetic_room(DICE, 0.8))]
NOISES = [
    Sound("hum", synthetic_noise("hum", 16000, DICE)),
    Sound("pink", synthetic_noise("pink", 16000, DICE)),
]
SPEECH = (8000 * np.sin(2 * np.pi * 440 * np.arange(24000) / 16000)).astype(np.int16)
PLAIN = CHANNELS["clean"]


def level_db(pcm: np.ndarray) -> float:
    return 20 * np.log10(rms(to_float(pcm)))


def test_the_clean_channel_changes_nothing() -> None:
    recording = rerecord("a", SPEECH, PLAIN)
    assert np.array_equal(recording.pcm, SPEECH)
    assert (recording.room, recording.noise) == (None, None)


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_the_same_name_and_seed_give_the_same_samples_in_any_order(name: str) -> None:
    channel = CHANNELS[name]
    first = {clip: rerecord(clip, SPEECH, channel, ROOMS, NOISES) for clip in "abc"}
    second = {clip: rerecord(clip, SPEECH, channel, ROOMS, NOISES) for clip in "cab"}
    for clip in "abc":
        assert np.array_equal(first[clip].pcm, second[clip].pcm)
        assert (first[clip].room, first[clip].noise) == (second[clip].room, second[clip].noise)


def test_another_seed_or_clip_gives_others() -> None:
    base = rerecord("a", SPEECH, CHANNELS["bench"], ROOMS, NOISES).pcm
    other = rerecord("a", SPEECH, CHANNELS["bench"].model_copy(update={"seed": 1}), ROOMS, NOISES).pcm
    assert not np.array_equal(base, other)
    assert not np.array_equal(base, rerecord("b", SPEECH, CHANNELS["bench"], ROOMS, NOISES).pcm)
    drawn = {rerecord(str(i), SPEECH, CHANNELS["bench"], ROOMS, NOISES).room for i in range(20)}
    assert drawn == {"small", "large"}


def test_level_and_noise_are_as_set() -> None:
    louder = rerecord("a", SPEECH, PLAIN.model_copy(update={"level_dbfs": -30.0}))
    assert level_db(louder.pcm) == pytest.approx(-30, abs=0.05)
    noisy = rerecord("a", SPEECH, PLAIN.model_copy(update={"snr_db": 10.0}), (), NOISES)
    residue = noisy.pcm.astype(float) - SPEECH
    assert 20 * np.log10(np.std(SPEECH) / np.sqrt(np.mean(residue**2))) == pytest.approx(10, abs=0.2)
    silent = rerecord("a", np.zeros(16000, np.int16), PLAIN.model_copy(update={"self_noise_dbfs": -60.0}))
    assert level_db(silent.pcm) == pytest.approx(-60, abs=0.3)


@pytest.mark.parametrize("samples", [1, 100, 24000])
def test_silence_and_very_short_clips_pass(samples: int) -> None:
    recording = rerecord("a", np.zeros(samples, np.int16), CHANNELS["harsh"], ROOMS, NOISES)
    assert recording.pcm.shape == (samples,)
    assert np.abs(recording.pcm).max() < 50


def test_full_scale_is_clipped_not_wrapped() -> None:
    square = np.where(np.arange(16000) % 100 < 50, 32767, -32768).astype(np.int16)
    recording = rerecord("a", square, PLAIN.model_copy(update={"level_dbfs": 0.0, "snr_db": 5.0}), (), NOISES)
    agree = np.sign(recording.pcm.astype(float)) == np.sign(square.astype(float))
    assert agree.mean() > 0.9
    assert recording.pcm.max() == 32767


def test_wrong_settings_name_the_field_and_the_valid_ones() -> None:
    with pytest.raises(InvalidSetting, match="snr_db") as caught:
        make_channel(snr_db=1000)
    assert "level_dbfs" in caught.value.remedy
    with pytest.raises(InvalidSetting, match="'echo'"):
        make_channel(echo=1)
    with pytest.raises(InvalidSetting, match="needs rooms and noises"):
        rerecord("a", SPEECH, CHANNELS["bench"], ROOMS, [])
    assert make_channel(seed=4).seed == 4
