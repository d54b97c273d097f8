"""Single-precision functions of the C library as the stock front-ends call them, the same on every machine.

`cosf` and `powf` are good to about half a unit in the last place everywhere, so rounding the double result stands
for them. `log1pf` is not: C libraries (newlib on the chip, glibc up to 2.40) share Sun's algorithm from fdlibm,
whose error of up to one unit reaches a mel weight now and then. So its float32 steps are followed here.
"""

from __future__ import annotations

import math

import numpy as np

F = np.float32

LN2_HIGH, LN2_LOW = F(6.9313812256e-01), F(9.0580006145e-06)
# Remez coefficients of (log(1+f) - f + f^2/2) / s^3 in s^2, s = f / (2 + f); highest power first.
SERIES = tuple(
    F(c)
    for c in (
        1.4798198640e-01,
        1.5313838422e-01,
        1.8183572590e-01,
        2.2222198546e-01,
        2.8571429849e-01,
        4.0000000596e-01,
        6.6666668653e-01,
    )
)
SMALL = F(0.41421354)  # sqrt(2) - 1: up to here x itself is the reduced argument


def cosf(x: np.float32) -> np.float32:
    """Return the cosine, rounded to float32."""
    return F(math.cos(float(x)))


def powf(x: np.float32, y: np.float32) -> np.float32:
    """Return x to the power of y, rounded to float32."""
    return F(math.pow(float(x), float(y)))


def log1pf(x: np.float32) -> np.float32:
    """Return ln(1 + x) for x >= 0 in fdlibm's float32 steps (1 + x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2))."""
    if x < F(2.0**-15):
        return x - x * x * F(0.5)
    k, f, lost = 0, x, F(0.0)
    if x > SMALL:
        u = F(1.0) + x
        k = math.frexp(float(u))[1] - 1
        # What the sum 1 + x lost to rounding, relative to it.
        lost = (F(1.0) - (u - x) if k > 0 else x - (u - F(1.0))) / u
        mantissa = F(math.ldexp(float(u), -k))
        if int(mantissa.view(np.uint32)) & 0x7FFFFF >= 0x3504F7:
            k += 1
            mantissa = mantissa * F(0.5)
        f = mantissa - F(1.0)
    scaled_high, scaled_low = F(k) * LN2_HIGH, F(k) * LN2_LOW
    half_square = F(0.5) * f * f
    if k and abs(f) < F(2.0**-20):
        if f == 0:
            return scaled_high + (lost + scaled_low)
        rest = half_square * (F(1.0) - F(0.66666666666666666) * f)
        return scaled_high - ((rest - (scaled_low + lost)) - f)
    s = f / (F(2.0) + f)
    z = s * s
    series = F(0.0)
    for coefficient in SERIES:
        series = coefficient + z * series
    tail = s * (half_square + z * series)
    if k == 0:
        return f - (half_square - tail)
    return scaled_high - ((half_square - (tail + (scaled_low + lost))) - f)
