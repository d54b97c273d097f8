"""What the device computes: each stage is the one the bundle names, and means are exact."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.bundle import Bundle
from firmware_bridge.errors import InvalidSetting
from firmware_bridge.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend
from firmware_bridge.reference_device import ReferenceDevice, mean_score
from firmware_bridge.simulated_tpu import Int8Network


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
    features = MicroFrontend(FrontendSpec.from_dict(manifest.frontend)).process(window)
    assert np.array_equal(device.features(window), features)
    scaled = InputScaling.from_dict(manifest.scaling).apply(features)
    acoustic, keyword = (
        Int8Network(bundle.path(manifest.models[name])).run(scaled) for name in ("acoustic", "keyword")
    )
    fused = FusionHead.from_dict(manifest.fusion).apply(np.concatenate([acoustic, keyword]))
    found = device.score_window(window)
    assert np.array_equal(found.acoustic, acoustic)
    assert np.array_equal(found.keyword, keyword)
    assert np.array_equal(found.fused, fused)
    assert len(set(acoustic.tolist() + keyword.tolist())) > 2  # the networks do not just saturate


def test_stage_times_are_those_of_this_host(device: ReferenceDevice) -> None:
    stages = device.score_window(noise(8000)).stage_us
    assert list(stages) == ["features", "acoustic", "keyword", "fusion"]
    assert all(0 <= value < 10_000_000 for value in stages.values())


def test_a_segment_is_the_mean_over_its_windows(device: ReferenceDevice) -> None:
    pcm = noise(17_000)
    windows = [pcm[start : start + 8000] for start in (0, 4000, 8000)]
    each = [device.score_window(window) for window in windows]
    found = device.score_segment(pcm)
    assert found.windows == 3
    for name in ("acoustic", "keyword", "fused"):
        assert np.array_equal(getattr(found, name), mean_score([getattr(one, name) for one in each]))


def test_a_short_segment_is_one_padded_window(device: ReferenceDevice) -> None:
    pcm = noise(3000)
    found = device.score_segment(pcm)
    padded = np.concatenate([pcm, np.zeros(5000, np.int16)])
    assert found.windows == 1
    assert np.array_equal(found.fused, device.score_window(padded).fused)


def test_nothing_is_remembered_between_windows(device: ReferenceDevice, bundle: Bundle) -> None:
    first = device.score_window(noise(8000, 1))
    device.score_window(noise(8000, 2))
    again, fresh = device.score_window(noise(8000, 1)), ReferenceDevice(bundle).score_window(noise(8000, 1))
    for other in (again, fresh):
        assert np.array_equal(first.acoustic, other.acoustic)
        assert np.array_equal(first.fused, other.fused)


def test_silence_has_a_score(device: ReferenceDevice) -> None:
    assert device.score_segment(np.zeros(9000, np.int16)).fused.shape == (3,)


def test_an_empty_segment_is_refused(device: ReferenceDevice) -> None:
    with pytest.raises(InvalidSetting, match="segment"):
        device.score_segment(np.zeros(0, np.int16))
