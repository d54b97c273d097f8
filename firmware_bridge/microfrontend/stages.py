"""The stages of the specification after the FFT, and the window before it. Integers only.

Each works on all frames at once, except noise reduction, whose estimate runs from frame to frame.
Unsigned 32-bit arithmetic wraps where the stock library's does; 64-bit values never come near their limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend.tables import NOISE_BITS, PCAN_SNR_BITS, WINDOW_BITS, Tables

Int16s = NDArray[np.int16]
Int64s = NDArray[np.int64]
U32 = 0xFFFFFFFF
PCAN_OUTPUT_BITS = 6
LN2_Q16 = 45426
LOG_BITS = 16


def bit_length(values: Int64s) -> Int64s:
    """Return the number of bits of each non-negative value below 2^53 (0 has none)."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


def _shifted(values: Int64s, left: Int64s) -> Int64s:
    """Return each value shifted left by its own count; right where the count is negative."""
    return np.asarray((values << np.maximum(left, 0)) >> np.maximum(-left, 0))


def notched(pcm: Int16s, coefficient: int, memory: list[int]) -> Int16s:
    """Return audio without its DC; sample by sample, as each output needs the one before.

    Args:
        pcm: int16[samples].
        coefficient: Q15.
        memory: Last input and output; updated in place.
    """
    before, last = memory
    out = []
    for sample in pcm.tolist():
        last = sample - before + (((coefficient * last >> 14) + 1) >> 1)
        last = (last + 0x8000 & 0xFFFF) - 0x8000
        before = sample
        out.append(last)
    memory[:] = before, last
    return np.array(out, dtype=np.int16)


def activity_tripped(signal: Int64s, memory: list[int], tables: Tables) -> bool:
    """Return whether the activity detector trips in these frames.

    Args:
        signal: Amplitudes, int64[frames, channels].
        memory: Fast average, slow average, whether armed; updated in place.
        tables: The constants.
    """
    alpha_a, alpha_b, arm, trip, shift = (int(v) for v in tables.activity)
    fast, slow, armed = memory
    tripped = False
    for loudness in ((signal.sum(axis=1) & U32) >> shift).tolist():
        fast = ((((256 - alpha_a) * loudness + alpha_a * fast) >> 7) + 1) >> 1
        slow = ((((256 - alpha_b) * loudness + alpha_b * slow) >> 7) + 1) >> 1
        if not armed:
            armed = int(fast < slow * arm >> 12)
        elif fast > slow * trip >> 12:
            armed, tripped = 0, True
    memory[:] = fast, slow, armed
    return tripped


def windowed(frames: Int16s, tables: Tables, fft_size: int) -> tuple[Int16s, Int64s]:
    """Return the windowed frames, shifted up as far as they go, and the shifts.

    Args:
        frames: int16[frames, window].
        tables: The constants.
        fft_size: Length to fill up to with zeros.

    Returns:
        int16[frames, fft size] and the left shift of each frame, int64[frames].
    """
    values = ((frames.astype(np.int32) * tables.window) >> WINDOW_BITS).astype(np.int16)
    # |-32768| wraps to -32768 and so never counts as the largest, in the stock library and here.
    shifts = 15 - bit_length(np.abs(values).max(axis=1).clip(0).astype(np.int64))
    shifted = np.zeros((len(frames), fft_size), dtype=np.int16)
    shifted[:, : frames.shape[1]] = (values.astype(np.int32) << shifts[:, None]).astype(np.int16)
    return shifted, shifts


def channel_energies(re: Int16s, im: Int16s, tables: Tables) -> Int64s:
    """Return the weighted energy of each channel, int64[frames, channels], Q12."""
    used = slice(tables.mel_start, int(tables.mel_ends[-1]))
    energy = re[:, used].astype(np.int64) ** 2 + im[:, used].astype(np.int64) ** 2
    edges = np.concatenate([[tables.mel_start], tables.mel_ends]).astype(np.intp) - tables.mel_start

    def per_segment(weights: Int16s) -> Int64s:
        running = np.zeros((len(energy), energy.shape[1] + 1), dtype=np.int64)
        np.cumsum(energy * weights, axis=1, out=running[:, 1:])
        return np.asarray(running[:, edges[1:]] - running[:, edges[:-1]])

    # The falling half of channel c lies in segment c + 1, its rising half in segment c.
    return per_segment(tables.mel_weights)[:, 1:] + per_segment(tables.mel_unweights)[:, :-1]


def rounded_sqrt(values: Int64s) -> Int64s:
    """Return the square root, rounded to nearest; 32-bit inputs saturate at 65535."""
    root = np.sqrt(values.astype(np.float64)).astype(np.int64)
    root -= root * root > values
    root += (root + 1) * (root + 1) <= values
    up = (values - root * root > root) & ((root != 0xFFFF) | (values > U32))
    return np.asarray(root + up)


def noise_reduced(signal: Int64s, estimate: Int64s, tables: Tables) -> tuple[Int64s, Int64s]:
    """Return the signal above the noise floor, and the noise estimate in force at each frame.

    Args:
        signal: Amplitudes, int64[frames, channels].
        estimate: Noise estimate before the first frame, int64[channels]; updated in place.
        tables: The constants.
    """
    even, odd, floor_q14, bits = (int(v) for v in tables.noise)
    smoothing = np.where(np.arange(signal.shape[1]) % 2 == 0, even, odd)
    scaled = (signal << bits) & U32
    estimates = np.empty_like(signal)
    for frame, value in enumerate(scaled):
        estimate[:] = ((value * smoothing + estimate * ((1 << NOISE_BITS) - smoothing)) >> NOISE_BITS) & U32
        estimates[frame] = estimate
    subtracted = (scaled - np.minimum(estimates, scaled)) >> bits
    floor = (signal * floor_q14) >> NOISE_BITS
    return np.maximum(subtracted, floor), estimates


def pcan_gain(estimates: Int64s, tables: Tables) -> Int64s:
    """Return the gain for each noise estimate, by a parabola within its power of two."""
    table = tables.pcan_gain.astype(np.int64)
    interval = bit_length(estimates)
    base = np.maximum(4 * interval - 6, 0)
    fraction = _shifted(estimates, 11 - interval) & 0x3FF
    curve = ((table[base + 2] * fraction) >> 5) + (table[base + 1] << 5)
    result = ((curve * fraction + (1 << 14)) >> 15) + table[base]
    gain = np.where(estimates <= 2, table[np.minimum(estimates, 2)], result.astype(np.int16))
    return gain.astype(np.int64) & U32


def pcan_normalised(signal: Int64s, estimates: Int64s, tables: Tables) -> Int64s:
    """Return the signal times its gain, squared where small and linear where large."""
    snr = ((signal * pcan_gain(estimates, tables)) >> tables.pcan_snr_shift) & U32
    square = (snr * snr) >> (2 + 2 * PCAN_SNR_BITS - PCAN_OUTPUT_BITS)
    line = (snr >> (PCAN_SNR_BITS - PCAN_OUTPUT_BITS)) - (1 << PCAN_OUTPUT_BITS)
    return np.where(snr < (2 << PCAN_SNR_BITS), square, line)


def log_scaled(signal: Int64s, tables: Tables) -> Int64s:
    """Return 2^shift * ln(signal at the input's scale); 0 for values of 0 and 1."""
    bits = tables.correction_bits
    value = ((signal << bits) & U32) if bits >= 0 else signal >> -bits
    integer = np.maximum(bit_length(value) - 1, 0)
    fraction = value - (np.int64(1) << integer)
    fraction = _shifted(fraction, LOG_BITS - integer)
    segment = np.maximum(fraction >> 9, 0)
    table = tables.log.astype(np.int64)
    low, high = table[segment], table[segment + 1]
    # The slope term is shifted by 16 where 9 would interpolate: the stock libraries all do so.
    log2 = (integer << LOG_BITS) + fraction + low + (((high - low) * (fraction & 0x1FF)) >> LOG_BITS)
    natural = (LN2_Q16 * log2 + (1 << 15)) >> LOG_BITS
    return np.where(value > 1, ((natural << tables.log_shift) + (1 << 15)) >> LOG_BITS, 0)
