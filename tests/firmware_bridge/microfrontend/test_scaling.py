from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.microfrontend import InputScaling
from firmware_bridge.microfrontend.native import load_core

SCALINGS = {
    "range": InputScaling(),
    "fixed": InputScaling.fixed_between(0, 670),
    "fixed, narrow": InputScaling.fixed_between(300, 310),
    "fixed, all": InputScaling.fixed_between(0, 65535),
    "fixed, extreme": InputScaling(kind="fixed", offset=65535, multiplier=32767, shift=30),
    "span": InputScaling(kind="span"),
    "span, odd": InputScaling(kind="span", span=333, offset=70),
    "dynamic": InputScaling.dynamic(40.0, 6),
    "dynamic, wide": InputScaling(kind="dynamic", span=65535),
}


def windows() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    shape = (11, 7)
    return [
        np.zeros(shape, np.uint16),
        np.full(shape, 65535, np.uint16),
        rng.integers(0, 65536, shape).astype(np.uint16),
        rng.integers(200, 500, shape).astype(np.uint16),
        rng.integers(500, 502, shape).astype(np.uint16),
        np.arange(77).reshape(shape).astype(np.uint16),
    ]


@pytest.mark.parametrize("name", sorted(SCALINGS))
def test_the_c_core_equals_numpy(name: str) -> None:
    scaling, core = SCALINGS[name], load_core()
    for window in windows():
        assert np.array_equal(core.scale(scaling, window), scaling.apply(window))


@pytest.mark.parametrize("kind", ["range", "dynamic", "dynamic, wide"])
@pytest.mark.parametrize("contrast", [1, 2, 254, 255, 256, 1022, 1023, 1024, 1025, 4000, 60000])
@pytest.mark.parametrize("low", [0, 1, 300, 5535])
def test_every_step_of_every_contrast_is_the_same_in_c(kind: str, contrast: int, low: int) -> None:
    """The core has a table of steps for contrasts below 1024, and divides above."""
    window = np.linspace(low, low + contrast, 4097).astype(np.uint16).reshape(1, -1)
    assert np.array_equal(load_core().scale(SCALINGS[kind], window), SCALINGS[kind].apply(window))


def test_range_is_rounding_of_the_exact_fraction() -> None:
    for window in windows()[2:]:
        low, high = int(window.min()), int(window.max())
        exact = [
            floor(Fraction(255 * (int(f) - low), high - low) + Fraction(1, 2)) - 128 for f in window.flat
        ]
        assert InputScaling().apply(window).ravel().tolist() == exact
        assert InputScaling().apply(window).min() == -128
        assert InputScaling().apply(window).max() == 127


def test_silence_is_the_middle_of_the_range() -> None:
    for window in windows()[:2]:
        assert not InputScaling().apply(window).any()


def test_range_does_not_depend_on_level_and_fixed_does() -> None:
    window = windows()[3]
    louder = window + np.uint16(64)
    assert np.array_equal(InputScaling().apply(window), InputScaling().apply(louder))
    fixed = SCALINGS["fixed"]
    assert (fixed.apply(louder).astype(int) - fixed.apply(window)).mean() == pytest.approx(24, abs=1)


def test_each_leading_index_is_a_window_of_its_own() -> None:
    stacked = np.stack(windows())
    for scaling in SCALINGS.values():
        together = scaling.apply(stacked)
        assert together.dtype == np.int8
        for index, window in enumerate(windows()):
            assert np.array_equal(together[index], scaling.apply(window))


def test_fixed_between_reaches_both_ends() -> None:
    for low, high in ((0, 670), (300, 310), (0, 65535), (17, 1000)):
        ends = InputScaling.fixed_between(low, high).apply(np.array([[low, high]], np.uint16))
        assert ends.tolist() == [[-128, 127]]


def test_empty_windows_stay_empty() -> None:
    for scaling in SCALINGS.values():
        assert scaling.apply(np.zeros((0, 64), np.uint16)).shape == (0, 64)


def test_a_scaling_survives_its_dict() -> None:
    for scaling in SCALINGS.values():
        assert InputScaling.model_validate(scaling.model_dump(mode="json")) == scaling
    assert InputScaling().real_scale == pytest.approx(7 / 255)


@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("offset", {"offset": -1}),
        ("multiplier", {"multiplier": 0}),
        ("shift", {"shift": 31}),
        ("span", {"span": 0}),
        ("real_scale", {"real_scale": 0.0}),
        ("kind", {"kind": "median"}),
        ("gain", {"gain": 1}),
    ],
)
def test_bad_scalings_are_named(field: str, data: dict[str, object]) -> None:
    with pytest.raises(InvalidSetting, match=field):
        InputScaling.model_validate(data)
    with pytest.raises(InvalidSetting):
        InputScaling.fixed_between(5, 5)
