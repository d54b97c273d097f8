"""Fixed-point requantisation against exact rational arithmetic, and against gemmlowp's definition in plain integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.numeric.requantise import Rounding, multiplier, scale

factors = st.floats(2.0**-24, 4.0, allow_nan=False)
accumulators = st.integers(-(2**29), 2**29)


@settings(max_examples=300, deadline=None)
@given(factors)
def test_a_factor_is_kept_to_31_bits(real: float) -> None:
    q, shift = multiplier(real)
    assert 1 << 30 <= q < 1 << 31
    assert abs(Fraction(q) * Fraction(2) ** (shift - 31) - Fraction(real)) <= Fraction(real) / (1 << 31)


@pytest.mark.parametrize(
    ("real", "pair"),
    [
        (0.0, (0, 0)),
        (1.0, (1 << 30, 1)),
        (0.5, (1 << 30, 0)),
        (0.75, (3 << 29, 0)),
        (math.nextafter(1.0, 0.0), (1 << 30, 1)),  # rounds up to the next power of two
    ],
)
def test_factors_by_hand(real: float, pair: tuple[int, int]) -> None:
    assert multiplier(real) == pair


def gemmlowp(value: int, real: float) -> int:
    """The reference kernels' way in Python's integers: a doubling high product, then a rounding shift."""
    q, shift = multiplier(real)
    left, right = max(shift, 0), max(-shift, 0)
    product = (value << left) * q
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    high = int(Fraction(product + nudge, 1 << 31))  # towards zero
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


@settings(max_examples=300, deadline=None)
@given(accumulators, st.floats(2.0**-24, 0.999, allow_nan=False))
def test_double_rounding_is_gemmlowps(value: int, real: float) -> None:
    assert scale(np.array([[value]]), np.array([real])).item() == gemmlowp(value, real)


@settings(max_examples=300, deadline=None)
@given(accumulators, st.floats(2.0**-24, 0.999, allow_nan=False))
def test_single_rounding_and_cutting_are_exact(value: int, real: float) -> None:
    q, shift = multiplier(real)
    exact = Fraction(value * q) * Fraction(2) ** (shift - 31)
    found = {
        r: scale(np.array([[value]]), np.array([real]), r).item()
        for r in (Rounding.SINGLE, Rounding.TRUNCATE)
    }
    assert found[Rounding.SINGLE] == math.floor(exact + Fraction(1, 2))
    assert found[Rounding.TRUNCATE] == math.floor(exact)


@settings(max_examples=200, deadline=None)
@given(accumulators, st.floats(2.0**-24, 0.999, allow_nan=False))
def test_the_kinds_are_never_further_apart_than_one(value: int, real: float) -> None:
    results = [scale(np.array([[value]]), np.array([real]), r).item() for r in Rounding]
    assert max(results) - min(results) <= 1


def test_each_channel_has_its_own_factor() -> None:
    values = np.array([[1000, 1000, 1000], [-1000, -1000, -1000]])
    found = scale(values, np.array([0.5, 0.25, 0.001]))
    assert found.tolist() == [[500, 250, 1], [-500, -250, -1]]


def test_halves_go_their_ways() -> None:
    """0.5 * 3 = 1.5 and 0.5 * -3 = -1.5: nearest away from zero, upwards, and cut."""
    values = np.array([[3], [-3]])
    half = np.array([0.5])
    assert scale(values, half, Rounding.DOUBLE).ravel().tolist() == [2, -1]
    assert scale(values, half, Rounding.SINGLE).ravel().tolist() == [2, -1]
    assert scale(values, half, Rounding.TRUNCATE).ravel().tolist() == [1, -2]
    assert scale(np.array([[6], [-6]]), np.array([0.25]), Rounding.DOUBLE).ravel().tolist() == [2, -2]
