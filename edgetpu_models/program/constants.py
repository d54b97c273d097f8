"""The float32 constants of the chip's requantisation, computed in the compiler's own order of rounding.

The chip computes out = zero point + clip(m * (accumulator + x), lo, hi). Every step below rounds to float32; other
orders (x * w / y, or float64) give other last bits, and real compiled files tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from edgetpu_models.format.model import Tensor

F = np.float32
INFINITE = float("inf")


@dataclass(frozen=True)
class Requant:
    """One set of constants.

    Attributes:
        m: Factor, float32.
        hi: Upper bound of the scaled value, float32.
        lo: Lower bound, float32.
        x: int32 that is added to the accumulator.
        zero: Output zero point in the chip's form (0 to 255).
    """

    m: float
    hi: float
    lo: float
    x: int = 0
    zero: int = 0


def chip_zero(tensor: Tensor) -> int:
    """Return a tensor's zero point as the chip holds it: int8 moved by 128, int16 by 32768."""
    zero = tensor.quantization.zero_point
    return zero + {"INT8": 128, "INT16": 32768}.get(tensor.type, 0)


def step(tensor: Tensor) -> np.float32:
    """Return a tensor's scale as float32."""
    return F(tensor.quantization.scale)


@np.errstate(all="ignore")  # scales of damaged files overflow; what comes of it matches no record
def inverse(scale: np.float32) -> np.float32:
    """Return 1 / scale, rounded to float32."""
    return F(F(1) / scale)


@np.errstate(all="ignore")
def bounds(scale: np.float32, zero: int, activation: str = "NONE") -> tuple[float, float]:
    """Return (hi, lo): the range of 8 bits around the zero point, narrowed by the activation.

    The way through real values and back is the compiler's, and gives 254.99998 and 255.00002 where one would
    write 255.
    """
    back = inverse(scale)
    high, low = F(F(255 - zero) * scale), F(F(-zero) * scale)
    if activation in ("RELU", "RELU6"):
        low = max(low, F(0))
    if activation == "RELU6":
        high = min(high, F(6))
    return float(F(high * back)), float(F(low * back)) + 0.0


@np.errstate(all="ignore")
def product(x: np.float32, w: np.float32, y: np.float32) -> float:
    """Return (x * w) * (1 / y)."""
    return float(F(F(x * w) * inverse(y)))


@np.errstate(all="ignore")
def channel_scales(x: np.float32, weights: Tensor, y: np.float32) -> np.ndarray[tuple[int, ...], np.dtype[F]]:
    """Return float32[channels] as they stand in the parameter blob: (x * w) * (1 / y)."""
    w = np.array(weights.quantization.scales, F)
    return np.asarray((x * w).astype(F) * inverse(y), F)


def rational(s1: float, s2: float, limit: int = 32767) -> tuple[int, int]:
    """Return (k1, k2) with k1 / k2 the best approximation of s1 / s2, both at most `limit`; (0, 0) without scales."""
    if not (0 < s1 < INFINITE and 0 < s2 < INFINITE):
        return 0, 0
    ratio = Fraction(float(s1)) / Fraction(float(s2))
    if ratio <= 1:
        found = ratio.limit_denominator(limit)
        return found.numerator, found.denominator
    found = (1 / ratio).limit_denominator(limit)
    return found.denominator, found.numerator
