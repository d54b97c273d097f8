"""Fundamental frequency of speech by normalised cross-correlation, every 10 ms, in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

RATE_HZ = 16_000
STEP = 160  # samples: 10 ms
WINDOW = 400  # samples that are compared with themselves, 25 ms
LOWEST_HZ = 60.0
HIGHEST_HZ = 400.0
VOICED = 0.5  # least correlation that counts as voice
_TRANSFORM = 1024
_USUAL_HZ = 150.0
_FIRST_PEAK = 0.9  # a shorter period wins when its correlation comes this close to the best


def pitch_track(pcm: npt.NDArray[np.int16], frames: int) -> tuple[Floats, Floats]:
    """Return fundamental frequency and voicing of `frames` frames; frame k is centred at 160 k + 200 samples.

    r(l) = sum x(t) x(t + l) / sqrt(sum x(t)^2 sum x(t + l)^2) over 25 ms, the normalised
    cross-correlation of Talkin (1995). The period is the shortest local maximum within 10 % of the
    highest one, which avoids octave errors downwards, refined by a parabola through its neighbours.

    Args:
        pcm: int16 [samples] at 16 kHz.
        frames: How many frames are wanted; beyond the end there is silence.

    Returns:
        float32 [frames] in Hz, 0 where there is no voice, and float32 [frames], r at the period, 0 to 1.
    """
    shortest, longest = int(RATE_HZ / HIGHEST_HZ), int(np.ceil(RATE_HZ / LOWEST_HZ))
    reach = WINDOW + longest + 1
    # A window and its copy one period later: half a usual period earlier keeps their middle on the frame's.
    ahead = int(RATE_HZ / _USUAL_HZ / 2)
    padded = np.zeros(ahead + max(len(pcm), frames * STEP) + 2 * reach, np.float64)
    padded[ahead : ahead + len(pcm)] = pcm
    starts = np.arange(frames) * STEP
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach)[starts]
    windows = windows - windows.mean(axis=1, keepdims=True)
    head = np.fft.rfft(windows[:, :WINDOW], _TRANSFORM)
    products = np.fft.irfft(head.conj() * np.fft.rfft(windows, _TRANSFORM), _TRANSFORM)[:, : longest + 2]
    sums = np.cumsum(np.pad(np.square(windows), ((0, 0), (1, 0))), axis=1)
    energy = sums[:, WINDOW : WINDOW + longest + 2] - sums[:, : longest + 2]
    # One step of int16 squared keeps digital silence at 0 instead of 0/0.
    r = products / np.sqrt(energy[:, :1] * energy + WINDOW**2)
    return _best_period(r, shortest, longest)


def _best_period(r: npt.NDArray[np.float64], shortest: int, longest: int) -> tuple[Floats, Floats]:
    """Return (Hz, voicing) from r [frames, lags], lags from 0 to longest + 1."""
    lags = np.arange(shortest, longest + 1)
    middle, left, right = r[:, lags], r[:, lags - 1], r[:, lags + 1]
    peaks = np.where((middle >= left) & (middle > right), middle, 0.0)
    highest = peaks.max(axis=1, keepdims=True)
    chosen = np.argmax((peaks >= _FIRST_PEAK * highest) & (peaks > 0), axis=1)
    row = np.arange(len(r))
    low, top, high = left[row, chosen], middle[row, chosen], right[row, chosen]
    curve = low - 2 * top + high
    offset = np.where(curve < 0, 0.5 * (low - high) / np.where(curve < 0, curve, -1), 0.0)
    voiced = highest[:, 0] >= VOICED
    hertz = np.where(voiced, RATE_HZ / (lags[chosen] + np.clip(offset, -0.5, 0.5)), 0.0)
    return hertz.astype(np.float32), np.where(highest[:, 0] > 0, np.clip(top, 0, 1), 0.0).astype(np.float32)
