"""Windows of a segment: which samples, how many, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.contract.windows import Windowing
from firmware_bridge.microfrontend import FrontendSpec


def ramp(samples: int) -> np.ndarray:
    return np.arange(1, samples + 1, dtype=np.int64).astype(np.int16)


@given(st.integers(1, 20000), st.integers(100, 500), st.integers(10, 600))
def test_windows_are_the_full_ones_and_as_many_as_promised(samples: int, window: int, hop: int) -> None:
    """Against the definition: window k holds samples k * hop onwards, and is used when it is full."""
    windowing, pcm = Windowing(window_ms=window, hop_ms=hop), ramp(samples)
    found = windowing.cut(pcm)
    assert len(found) == windowing.count(samples)
    assert all(one.shape == (16 * window,) and one.dtype == np.int16 for one in found)
    if samples < 16 * window:
        assert len(found) == 1
        assert np.array_equal(found[0][:samples], pcm)
        assert not found[0][samples:].any()
        return
    for k, one in enumerate(found):
        assert np.array_equal(one, pcm[16 * hop * k : 16 * hop * k + 16 * window])
    assert 16 * hop * len(found) + 16 * window > samples


@pytest.mark.parametrize(
    ("samples", "count"),
    [(1, 1), (79_999, 1), (80_000, 1), (80_001, 1), (95_999, 1), (96_000, 2), (112_000, 3)],
)
def test_five_seconds_every_second(samples: int, count: int) -> None:
    windowing = Windowing()
    assert (windowing.window_samples, windowing.hop_samples) == (80_000, 16_000)
    assert windowing.count(samples) == count
    assert len(windowing.cut(np.zeros(samples, np.int16))) == count


def test_a_short_segment_is_copied_not_changed() -> None:
    pcm = ramp(5)
    Windowing(window_ms=100).cut(pcm)[0][:] = 0
    assert pcm.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("pcm", [np.zeros(0, np.int16), np.zeros((2, 9), np.int16), np.zeros(9, np.float32)])
def test_what_is_no_segment_is_refused(pcm: np.ndarray) -> None:
    with pytest.raises(InvalidSetting, match=r"int16\[samples\]") as caught:
        Windowing().cut(pcm)
    assert "read_audio" in caught.value.remedy


@pytest.mark.parametrize("settings", [{"window_ms": 99}, {"hop_ms": 0}, {"hop_ms": 60001}, {"pitch": 3}])
def test_settings_have_ranges(settings: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Windowing(**settings)


@given(st.integers(1, 60), st.integers(1, 40), st.integers(100, 400))
def test_frames_of_a_window_are_those_of_its_samples(steps: int, step_ms: int, window_ms: int) -> None:
    """Window k, cut from one stream by frames, holds exactly the samples that `cut` gives it."""
    spec = FrontendSpec(window_ms=max(30, step_ms), step_ms=step_ms)
    windowing = Windowing(window_ms=window_ms, hop_ms=10 * step_ms * steps)
    window, hop = windowing.frames_of(spec)
    assert window == spec.frames(windowing.window_samples)
    assert hop * spec.step_samples == windowing.hop_samples
    last_frame_ends = (window - 1) * spec.step_samples + spec.window_samples
    assert last_frame_ends <= windowing.window_samples < last_frame_ends + spec.step_samples


@pytest.mark.parametrize(
    ("windowing", "complaint"),
    [
        (Windowing(hop_ms=1010), "hop of 1010 ms is not a whole number of steps of 20 ms"),
        (Windowing(hop_ms=10), "set hop_ms to a multiple of 20"),
        (Windowing(window_ms=100), "holds no frame of 120 ms"),
    ],
)
def test_windows_that_share_no_frames_are_refused(windowing: Windowing, complaint: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        windowing.frames_of(FrontendSpec(window_ms=120, step_ms=20))
    assert complaint in f"{caught.value.what}; {caught.value.remedy}"
