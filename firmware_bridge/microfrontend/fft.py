"""The fixed-point FFT of the specification, over many frames at once.

A real FFT of n samples is a complex FFT of n / 2 samples (even ones real, odd ones imaginary) and a split.
Decimation in time, radix 4 with one radix-2 stage at the innermost level where n / 2 is no power of four.
Every value is an int16 that wraps; every stage divides its inputs by its radix first; every product is
rounded by 2^14 and shifted by 15. This is the arithmetic of kissfft with FIXED_POINT=16.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Int16s = NDArray[np.int16]
Pair = tuple[Int16s, Int16s]  # real and imaginary parts


def _rounded(product: NDArray[np.int32]) -> Int16s:
    """Return a Q15 product as int16, rounded half up."""
    return ((product + (1 << 14)) >> 15).astype(np.int16)


def _divide(values: Int16s, radix: int) -> Int16s:
    """Return values / radix, by a product with floor(32767 / radix)."""
    return _rounded(values.astype(np.int32) * (32767 // radix))


def _multiply(a: Pair, b: Pair) -> Pair:
    """Return the complex product of two Q15 numbers."""
    ar, ai, br, bi = (part.astype(np.int32) for part in (*a, *b))
    return _rounded(ar * br - ai * bi), _rounded(ar * bi + ai * br)


def radices(n: int) -> list[int]:
    """Return the radix of each stage of a complex FFT of `n` points, outermost first."""
    stages = []
    while n > 1:
        stages.append(4 if n % 4 == 0 else 2)
        n //= stages[-1]
    return stages


@lru_cache(maxsize=16)
def input_order(n: int) -> NDArray[np.intp]:
    """Return for each place of the innermost stage's input which sample goes there, intp[n]."""
    order = np.zeros(1, dtype=np.intp)
    stride = n
    for radix in reversed(radices(n)):
        stride //= radix
        order = np.concatenate([order + q * stride for q in range(radix)])
    return order


def _stage(re: Int16s, im: Int16s, twiddles: Int16s, radix: int, m: int) -> Pair:
    """Return one stage: butterflies of `radix` legs, `m` apart.

    Args:
        re: Real parts, int16[frames, n].
        im: Imaginary parts, int16[frames, n].
        twiddles: Roots of unity, int16[n, 2].
        radix: 2 or 4.
        m: Distance between the legs of a butterfly.
    """
    n = re.shape[1]
    legs = [
        (_divide(re.reshape(-1, n // (radix * m), radix, m)[:, :, q], radix),
         _divide(im.reshape(-1, n // (radix * m), radix, m)[:, :, q], radix))
        for q in range(radix)
    ]  # fmt: skip
    stride = n // (radix * m)
    turned = [legs[0]]
    for q in range(1, radix):
        factor = twiddles[np.arange(m) * q * stride]
        turned.append(_multiply(legs[q], (factor[:, 0], factor[:, 1])))
    (ar, ai), (br, bi) = turned[0], turned[1]
    if radix == 2:
        out = [(ar + br, ai + bi), (ar - br, ai - bi)]
    else:
        (cr, ci), (dr, di) = turned[2], turned[3]
        sum_r, sum_i, diff_r, diff_i = ar + cr, ai + ci, ar - cr, ai - ci
        odd_r, odd_i, turn_r, turn_i = br + dr, bi + di, br - dr, bi - di
        out = [
            (sum_r + odd_r, sum_i + odd_i),
            (diff_r + turn_i, diff_i - turn_r),
            (sum_r - odd_r, sum_i - odd_i),
            (diff_r - turn_i, diff_i + turn_r),
        ]
    stacked_r = np.stack([r for r, _ in out], axis=2)
    stacked_i = np.stack([i for _, i in out], axis=2)
    return stacked_r.reshape(-1, n), stacked_i.reshape(-1, n)


def real_fft(samples: Int16s, twiddles: Int16s, split_twiddles: Int16s) -> Pair:
    """Return the spectrum of real frames.

    Args:
        samples: int16[frames, fft size].
        twiddles: Roots of unity of the complex FFT, int16[fft / 2, 2].
        split_twiddles: Factors of the real split, int16[fft / 4, 2].

    Returns:
        Real and imaginary parts, each int16[frames, fft / 2 + 1].
    """
    n = samples.shape[1] // 2
    order = input_order(n)
    re, im = samples[:, 0::2][:, order], samples[:, 1::2][:, order]
    m = 1
    for radix in reversed(radices(n)):
        re, im = _stage(re, im, twiddles, radix, m)
        m *= radix

    re, im = _divide(re, 2), _divide(im, 2)
    out_r = np.zeros((len(samples), n + 1), dtype=np.int16)
    out_i = np.zeros_like(out_r)
    out_r[:, 0], out_r[:, n] = re[:, 0] + im[:, 0], re[:, 0] - im[:, 0]
    k = np.arange(1, n // 2 + 1)
    mirror_r, mirror_i = re[:, n - k], -im[:, n - k]
    even_r, even_i = re[:, k] + mirror_r, im[:, k] + mirror_i
    odd = (re[:, k] - mirror_r, im[:, k] - mirror_i)
    odd_r, odd_i = _multiply(odd, (split_twiddles[k - 1, 0], split_twiddles[k - 1, 1]))
    er, ei, dr, di = (part.astype(np.int32) for part in (even_r, even_i, odd_r, odd_i))
    # The middle bin is written twice; the mirrored value stays.
    out_r[:, k], out_i[:, k] = (er + dr) >> 1, (ei + di) >> 1
    out_r[:, n - k], out_i[:, n - k] = (er - dr) >> 1, (di - ei) >> 1
    return out_r, out_i
