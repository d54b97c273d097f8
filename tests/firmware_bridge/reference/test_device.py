"""What the device computes: each stage is the one the bundle names, and means are exact."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend
from firmware_bridge.protocol.segment import STAGES
from firmware_bridge.reference.device import ReferenceDevice, mean_score
from firmware_bridge.reference.simulated_tpu import Int8Network


@pytest.fixture(scope="module")
def device(bundle: Bundle) -> ReferenceDevice:
    return ReferenceDevice(bundle)


def noise(samples: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3000, samples).astype(np.int16)


@given(st.lists(st.lists(st.integers(-128, 127), min_size=3, max_size=3), min_size=1, max_size=40))
def test_the_mean_is_rounded_half_up(scores: list[list[int]]) -> None:
    found = mean_score([np.array(one, np.int8) for one in scores])
    assert found.dtype == np.int8
    columns = zip(*scores, strict=True)
    assert found.tolist() == [floor(Fraction(sum(c), len(scores)) + Fraction(1, 2)) for c in columns]


def test_halves_go_up_on_both_sides_of_zero() -> None:
    pairs = [np.array([0, 0, -1, -128, 126], np.int8), np.array([1, -1, -2, -128, 127], np.int8)]
    assert mean_score(pairs).tolist() == [1, 0, -1, -128, 127]


def test_a_window_goes_through_the_stages_of_the_bundle(bundle: Bundle, device: ReferenceDevice) -> None:
    """The same chain, put together by hand from the manifest."""
    manifest, window = bundle.manifest, noise(8000)
    features = MicroFrontend(manifest.frontend).process(window)
    assert np.array_equal(device.segment_features(window), [features])
    scaled = manifest.scaling.apply(features)
    acoustic, keyword = (
        Int8Network(bundle.path(manifest.models[name])).run(scaled) for name in ("acoustic", "keyword")
    )
    fused = manifest.fusion.apply(np.concatenate([acoustic, keyword]))
    found = device.score_features(features)
    assert np.array_equal(found.acoustic, acoustic)
    assert np.array_equal(found.keyword, keyword)
    assert np.array_equal(found.fused, fused)
    assert len(set(acoustic.tolist() + keyword.tolist())) > 2  # the networks do not just saturate


def test_stage_times_are_those_of_this_host(device: ReferenceDevice) -> None:
    stages = device.score_segment(noise(8000)).stage_us
    assert tuple(stages) == STAGES
    assert all(0 <= value < 10_000_000 for value in stages.values())


def test_a_segment_is_the_mean_over_its_windows(device: ReferenceDevice) -> None:
    pcm = noise(17_000)
    each = [device.score_features(window) for window in device.segment_features(pcm)]
    found = device.score_segment(pcm)
    assert found.windows == 3
    for name in ("acoustic", "keyword", "fused"):
        assert np.array_equal(getattr(found, name), mean_score([getattr(one, name) for one in each]))


def test_a_short_segment_is_one_padded_window(device: ReferenceDevice) -> None:
    pcm = noise(3000)
    found = device.score_segment(pcm)
    padded = np.concatenate([pcm, np.zeros(5000, np.int16)])
    assert found.windows == 1
    assert np.array_equal(found.fused, device.score_segment(padded).fused)


def test_nothing_is_remembered_between_segments(device: ReferenceDevice, bundle: Bundle) -> None:
    first = device.score_segment(noise(9000, 1))
    device.score_segment(noise(8000, 2))
    again, fresh = device.score_segment(noise(9000, 1)), ReferenceDevice(bundle).score_segment(noise(9000, 1))
    for other in (again, fresh):
        assert np.array_equal(first.acoustic, other.acoustic)
        assert np.array_equal(first.fused, other.fused)


@pytest.mark.parametrize("samples", [1, 3000, 7999, 8000, 8001, 11_999, 12_000, 20_500])
def test_without_memory_a_window_is_the_same_alone_and_in_the_stream(
    device: ReferenceDevice, samples: int
) -> None:
    pcm = noise(samples)
    windows = device.windowing.cut(pcm)
    found = device.segment_features(pcm)
    assert len(found) == len(windows)
    for window, alone in zip(found, windows, strict=True):
        assert np.array_equal(window, device.frontend.process(alone))


def with_settings(bundle: Bundle, **changes: Any) -> Bundle:
    return replace(bundle, manifest=bundle.manifest.model_copy(update=changes))


def test_with_memory_a_window_knows_what_came_before(bundle: Bundle) -> None:
    """Windows are slices of one stream, whatever the front-end remembers."""
    spec = FrontendSpec(window_ms=25, step_ms=10, channels=16)
    device = ReferenceDevice(with_settings(bundle, frontend=spec))
    pcm = noise(20_500)
    found, stream = device.segment_features(pcm), MicroFrontend(spec).process(pcm)
    assert [len(window) for window in found] == [48] * 4
    assert all(np.array_equal(window, stream[25 * k : 25 * k + 48]) for k, window in enumerate(found))
    alone = device.frontend.process(pcm[4000:12_000])
    assert not np.array_equal(found[1], alone)


def test_a_hop_between_two_frames_is_refused(bundle: Bundle) -> None:
    with pytest.raises(InvalidSetting, match="a hop of 255 ms is not a whole number of steps of 10 ms"):
        ReferenceDevice(with_settings(bundle, hop_ms=255))


def test_silence_has_a_score(device: ReferenceDevice) -> None:
    assert device.score_segment(np.zeros(9000, np.int16)).fused.shape == (3,)


def test_an_empty_segment_is_refused(device: ReferenceDevice) -> None:
    with pytest.raises(InvalidSetting, match="segment"):
        device.score_segment(np.zeros(0, np.int16))
