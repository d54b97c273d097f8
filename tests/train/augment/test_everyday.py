"""Variation of sound and features: by seed, within its limits, and nothing where it is switched off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from train.augment import AugmentSettings, place, vary_features, vary_sound

OFF = AugmentSettings(
    speed=0,
    room_share=0,
    noise_share=0,
    gain_db=0,
    offset_ms=0,
    channel_shift=0,
    time_masks=0,
    channel_masks=0,
)


@given(st.integers(0, 30), st.integers(1, 20), st.integers(-40, 40))
def test_place_is_a_clip_on_an_endless_line_of_silence(length: int, samples: int, offset: int) -> None:
    speech = np.arange(1, length + 1, dtype=np.float32)
    line = np.zeros(200, np.float32)
    line[100 + offset : 100 + offset + length] = speech
    found = place(speech, samples, offset)
    assert found.dtype == np.float32
    assert np.array_equal(found, line[100 : 100 + samples])


def sound(rng: np.random.Generator, samples: int = 4000) -> np.ndarray:
    return rng.normal(0, 2000, samples).astype(np.int16)


def test_everything_off_is_the_clip_in_silence(rng: np.random.Generator) -> None:
    pcm = sound(rng)
    window = vary_sound(pcm, 6000, OFF, [], [], rng)
    assert window.dtype == np.int16
    assert np.array_equal(window[:4000], pcm)
    assert not window[4000:].any()


def test_same_generator_same_bytes(rng: np.random.Generator) -> None:
    pcm, noise = sound(rng), rng.normal(0, 0.1, 999).astype(np.float32)
    room = np.array([1, 0, 0.4, 0.2], np.float32)
    one, two, other = (
        vary_sound(pcm, 5000, AugmentSettings(), [noise], [room], np.random.default_rng(seed))
        for seed in (4, 4, 5)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_gain_stays_within_its_limits(rng: np.random.Generator) -> None:
    pcm, settings = np.full(800, 1000, np.int16), OFF.model_copy(update={"gain_db": 6.0})
    levels = [int(vary_sound(pcm, 800, settings, [], [], rng)[400]) for _ in range(100)]
    assert 501 <= min(levels) < 600
    assert 1700 < max(levels) <= 1996


def test_noise_keeps_the_ratio_that_was_asked_for(rng: np.random.Generator) -> None:
    pcm, noise = sound(rng), rng.normal(0, 0.3, 4000).astype(np.float32)
    settings = OFF.model_copy(update={"noise_share": 1.0, "snr_db": (10.0, 10.0)})
    added = vary_sound(pcm, 4000, settings, [noise], [], rng).astype(float) - pcm
    assert 20 * np.log10(pcm.astype(float).std() / added.std()) == pytest.approx(10, abs=0.1)


def test_offset_moves_the_clip_both_ways(rng: np.random.Generator) -> None:
    pcm = np.zeros(4000, np.int16)
    pcm[2000] = 30000
    settings = OFF.model_copy(update={"offset_ms": 50})
    places = [int(vary_sound(pcm, 4000, settings, [], [], rng).argmax()) for _ in range(60)]
    assert 1200 <= min(places) < 1500
    assert 2500 < max(places) <= 2800


def test_speed_changes_the_length(rng: np.random.Generator) -> None:
    pcm, settings = np.full(4000, 1000, np.int16), OFF.model_copy(update={"speed": 0.1})
    lengths = [np.count_nonzero(vary_sound(pcm, 6000, settings, [], [], rng) > 500) for _ in range(40)]
    assert 4000 / 1.11 < min(lengths) < 3800
    assert 4200 < max(lengths) < 4000 / 0.89


def test_features_stay_int8_and_the_original_stays(rng: np.random.Generator) -> None:
    features = rng.integers(-128, 128, (50, 16)).astype(np.int8)
    before = features.copy()
    varied = vary_features(features, AugmentSettings(), rng)
    assert varied.dtype == np.int8
    assert varied.shape == features.shape
    assert np.array_equal(features, before)
    assert not np.array_equal(varied, features)
    assert np.array_equal(vary_features(features, OFF, rng), features)


def test_masks_are_bands_of_the_mean_and_no_wider_than_allowed(rng: np.random.Generator) -> None:
    features = np.where(np.arange(40 * 16).reshape(40, 16) % 2, 127, -7).astype(np.int8)  # the mean is 60
    settings = OFF.model_copy(update={"time_masks": 1, "time_mask": 9, "channel_masks": 1, "channel_mask": 4})
    rows, columns = set(), set()
    for _ in range(200):
        masked = vary_features(features, settings, rng) != features
        values = vary_features(features, settings, rng)
        assert set(np.unique(values)) <= {-7, 60, 127}
        hit_rows, hit_columns = (np.flatnonzero(masked.all(axis=axis)) for axis in (1, 0))
        for hit, seen in ((hit_rows, rows), (hit_columns, columns)):
            assert not len(hit) or hit[-1] - hit[0] + 1 == len(hit)
            seen.add(len(hit))
    assert rows == set(range(10))
    assert columns == set(range(5))


def test_masks_wider_than_the_window_are_cut_to_it(rng: np.random.Generator) -> None:
    settings = OFF.model_copy(
        update={"time_masks": 3, "time_mask": 500, "channel_masks": 3, "channel_mask": 500}
    )
    for _ in range(20):
        assert vary_features(np.full((3, 2), 9, np.int8), settings, rng).tolist() == [[9, 9]] * 3


def test_channels_shift_both_ways_by_no_more_than_allowed(rng: np.random.Generator) -> None:
    features = np.zeros((4, 16), np.int8)
    features[:, 8] = 100
    settings = OFF.model_copy(update={"channel_shift": 2})
    places = {int(vary_features(features, settings, rng)[0].argmax()) for _ in range(100)}
    assert places == {6, 7, 8, 9, 10}


@pytest.mark.parametrize("change", [{"speed": 0.6}, {"noise_share": 1.1}, {"time_mask": 0}, {"pitch": 1}])
def test_settings_have_ranges(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        AugmentSettings(**change)
