"""From a 32-bit accumulator back to 8 bits: the one place where executors of a network differ.

TFLite's reference kernels round twice (gemmlowp: a doubling high product, then a rounding shift); hardware often
rounds once, or cuts.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


class Rounding(StrEnum):
    """How the scaled accumulator becomes an integer."""

    DOUBLE = "double"  # TFLite's reference kernels, and the board's TFLM
    SINGLE = "single"  # one rounding, halves upwards
    TRUNCATE = "truncate"  # towards minus infinity: a typical mistake


def multiplier(real: float) -> tuple[int, int]:
    """Return (q, shift) with real = q * 2^(shift - 31), q in [2^30, 2^31)."""
    if real == 0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    q = math.floor(mantissa * (1 << 31) + 0.5)
    return (q // 2, shift + 1) if q == 1 << 31 else (q, shift)


def scale(accumulator: Int64, real: npt.NDArray[np.float64], rounding: Rounding = Rounding.DOUBLE) -> Int64:
    """Multiply accumulators by positive real factors in fixed point.

    Args:
        accumulator: int64[..., channels] with values of 32 bits.
        real: float64[channels], the factor of each channel.
        rounding: How to round.

    Returns:
        int64[..., channels].
    """
    pairs = [multiplier(float(value)) for value in real]
    q = np.array([p[0] for p in pairs], np.int64)
    shift = np.array([p[1] for p in pairs], np.int64)
    if rounding is Rounding.DOUBLE:
        return _divide(_high_product(accumulator << np.maximum(shift, 0), q), np.maximum(-shift, 0))
    total = 31 - shift
    product = accumulator * q
    half = np.int64(1) << (total - 1) if rounding is Rounding.SINGLE else np.zeros_like(total)
    return np.asarray((product + half) >> total, np.int64)


def _high_product(value: Int64, q: npt.NDArray[Any]) -> Int64:
    """Return value * q / 2^31, rounded to nearest, halves upwards (gemmlowp's doubling high product)."""
    product = value * q
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    total = product + nudge
    return np.asarray(np.where(total >= 0, total >> 31, -((-total) >> 31)), np.int64)


def _divide(value: Int64, exponent: npt.NDArray[Any]) -> Int64:
    """Return value / 2^exponent, rounded to nearest, halves away from zero."""
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (value < 0)
    return np.asarray((value >> exponent) + ((value & mask) > threshold), np.int64)
