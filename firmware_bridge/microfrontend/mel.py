"""The mel filterbank: which FFT bin goes into which channel, with what weight.

Channels are triangles on the mel scale whose corners are shared by their neighbours. So each bin lies in one
segment between two corners: `weight` of its energy falls to the channel on the left corner's side, `unweight`
to the next. There is one segment more than channels; the lowest triangle's rising half is dropped.

The three stock libraries differ only in whether a step is rounded to float32 or kept in double, so each
operation's width matters here and is spelled out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend.libm import log1pf

if TYPE_CHECKING:
    from firmware_bridge.microfrontend.spec import FrontendSpec

F = np.float32
ONE_Q12 = 4096


@dataclass(frozen=True)
class MelSegments:
    """The filterbank in its compact form.

    Attributes:
        start: First FFT bin in use; DC never is.
        ends: For each of the channels + 1 segments the bin after its last, int16[channels + 1].
        weights: Q12 weight of each bin `start..ends[-1]` for its own segment's channel, int16[bins].
        unweights: Q12 weight of each bin for the next channel, rounded on its own, int16[bins].
    """

    start: int
    ends: NDArray[np.int16]
    weights: NDArray[np.int16]
    unweights: NDArray[np.int16]

    def widths(self) -> NDArray[np.int16]:
        """Return the number of bins in each segment."""
        return np.diff(self.ends, prepend=np.int16(self.start))


def hz_to_mel(hz: np.float32, double: bool) -> np.float32:
    """Return 1127 ln(1 + hz / 700), rounded to float32 at the end (`double`) or at every step."""
    if double:
        return F(1127.0 * math.log1p(float(hz) / 700.0))
    return F(1127.0) * log1pf(hz / F(700.0))


def _q12(weight: np.float32, double: bool) -> tuple[int, int]:
    """Return a weight and its complement in Q12, each rounded half up."""
    if double:
        exact = float(weight)
        return math.floor(exact * ONE_Q12 + 0.5), math.floor((1.0 - exact) * ONE_Q12 + 0.5)
    scale, half = F(ONE_Q12), F(0.5)
    return math.floor(weight * scale + half), math.floor((F(1.0) - weight) * scale + half)


@lru_cache(maxsize=64)
def _segments(
    rate: int, fft_size: int, channels: int, lower_hz: float, upper_hz: float, double: bool
) -> MelSegments:
    low, high = hz_to_mel(F(lower_hz), double), hz_to_mel(F(upper_hz), double)
    spacing = (high - low) / F(channels + 1)
    corners = [low + spacing * F(i + 1) for i in range(channels + 1)]
    hz_per_bin = F(0.5 * rate / (fft_size // 2))
    start = int(1.5 + float(F(lower_hz) / hz_per_bin))

    ends, weights, unweights = [], [], []
    frequency = start
    for left, corner in zip([low, *corners[:-1]], corners, strict=True):
        # No bin above Nyquist exists; the caller refuses a filterbank that asks for one.
        while frequency <= fft_size // 2:
            mel = hz_to_mel(F(frequency) * hz_per_bin, double)
            if mel > corner:
                break
            weight, unweight = _q12((corner - mel) / (corner - left), double)
            weights.append(weight)
            unweights.append(unweight)
            frequency += 1
        ends.append(frequency)
    arrays = [np.array(values, dtype=np.int16) for values in (ends, weights, unweights)]
    for array in arrays:
        array.setflags(write=False)
    return MelSegments(start, *arrays)


def mel_segments(spec: FrontendSpec) -> MelSegments:
    """Return the filterbank of a spec, computed in its table precision."""
    double = spec.tables != "float"
    return _segments(spec.sample_rate_hz, spec.fft_size, spec.channels, spec.lower_hz, spec.upper_hz, double)
