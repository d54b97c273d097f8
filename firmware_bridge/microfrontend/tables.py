"""All constants of a front-end, computed once on the host: window, FFT twiddles, mel weights, lookup tables.

They go into the bundle and into the firmware as they are, so the chip needs no libm and cannot disagree.
Transcendental functions are evaluated in double, or in float32 (see libm.py) where the stock library does so;
either way the same on every machine.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend.libm import cosf, powf
from firmware_bridge.microfrontend.mel import mel_segments
from firmware_bridge.microfrontend.spec import ActivityDetection, FrontendSpec, Pcan, TablePrecision

F = np.float32
Int16s = NDArray[np.int16]

WINDOW_BITS = 12
NOISE_BITS = 14
LOG_SEGMENTS = 128
LOG_ONE = 1 << 16
PCAN_SNR_BITS = 12
PCAN_INTERVALS = 32


@dataclass(frozen=True)
class Tables:
    """Everything the arithmetic needs besides the audio. Arrays are read-only.

    Attributes:
        window: Hann window in Q12, int16[window samples].
        twiddles: Q15 roots of unity of the half-length complex FFT, int16[fft / 2, 2] (cosine, sine).
        split_twiddles: Q15 factors that turn it into the real FFT, int16[fft / 4, 2].
        mel_start: First FFT bin in use.
        mel_ends: Bin after the last of each segment, int16[channels + 1].
        mel_weights: Q12 weight of each bin for its segment's channel, int16[bins].
        mel_unweights: Q12 weight of each bin for the next channel, int16[bins].
        noise: Q14 even and odd smoothing, Q14 minimum remaining, smoothing shift; int32[4], or empty.
        pcan_gain: Gain in pieces of second degree, int16[125], or empty.
        pcan_snr_shift: Right shift of signal times gain.
        log: Error of log2(1 + x) = x at 128 segment ends, in 1/65536, uint16[129], or empty.
        log_shift: Fractional bits of the output.
        dc_notch: Q15 coefficient of the DC notch, or -1.
        activity: Q8 fast and slow coefficients, Q12 arm and trip thresholds, right shift of the sum of all
            channels; int32[5], or empty.
        correction_bits: Left shift of amplitudes before the logarithm (negative: right).
    """

    window: Int16s
    twiddles: Int16s
    split_twiddles: Int16s
    mel_start: int
    mel_ends: Int16s
    mel_weights: Int16s
    mel_unweights: Int16s
    noise: NDArray[np.int32]
    pcan_gain: Int16s
    pcan_snr_shift: int
    log: NDArray[np.uint16]
    log_shift: int
    dc_notch: int
    activity: NDArray[np.int32]
    correction_bits: int

    def sha256(self) -> str:
        """Return the SHA-256 over names, shapes and little-endian bytes of all tables."""
        digest = hashlib.sha256()
        for field in fields(self):
            array = np.asarray(getattr(self, field.name))
            little = array.astype(array.dtype.newbyteorder("<"))
            digest.update(f"{field.name}{array.dtype.name}{array.shape}".encode())
            digest.update(little.tobytes())
        return digest.hexdigest()

    def nbytes(self) -> int:
        """Return the bytes of constants that a chip has to hold."""
        return sum(v.nbytes for v in vars(self).values() if isinstance(v, np.ndarray))


def hann_window(size: int, precision: TablePrecision) -> Int16s:
    """Return the Hann window with its samples between the grid's, in Q12, int16[size]."""
    if precision == "float":
        step, half, one = F(math.pi) * F(2.0) / F(size), F(0.5), F(1 << WINDOW_BITS)
        shape = [half - half * cosf(step * (F(i) + half)) for i in range(size)]
        values = [math.floor(v * one + half) for v in shape]
    else:
        step = F(math.pi * 2.0 / size)
        cosines = (cosine(float(step) * (i + 0.5), precision) for i in range(size))
        values = [math.floor(float(F(0.5 - 0.5 * c)) * (1 << WINDOW_BITS) + 0.5) for c in cosines]
    return np.array(values, dtype=np.int16)


def cosine(x: float, precision: TablePrecision) -> float:
    """Return the cosine in double, or in float32 where the tables are mixed: MLTK's one difference."""
    return float(cosf(F(x))) if precision == "mixed" else math.cos(x)


def _roots(phases: list[float]) -> Int16s:
    """Return cosine and sine of each phase in Q15, rounded half up."""
    pairs = [(math.floor(0.5 + 32767 * math.cos(p)), math.floor(0.5 + 32767 * math.sin(p))) for p in phases]
    return np.array(pairs, dtype=np.int16).reshape(-1, 2)


def log2_error_table() -> NDArray[np.uint16]:
    """Return log2(1 + i/128) - i/128 in 1/65536 for i = 0..128, rounded, uint16[129]."""
    points = [i / LOG_SEGMENTS for i in range(LOG_SEGMENTS + 1)]
    return np.array([round(LOG_ONE * (math.log2(1 + p) - p)) for p in points], dtype=np.uint16)


def _gain(pcan: Pcan, input_bits: int, estimate: int) -> int:
    """Return 2^gain_bits * (estimate / 2^input_bits + offset)^-strength as an int16, in float32 steps."""
    base = F(estimate) / F(1 << input_bits) + F(pcan.offset)
    power = powf(base, -F(pcan.strength))
    gain = F(1 << pcan.gain_bits) * power
    return 32767 if gain > F(32767) else int(gain + F(0.5))


def pcan_gain_table(pcan: Pcan, input_bits: int) -> Int16s:
    """Return the gain as a function of the noise estimate, one parabola per power of two, int16[125].

    Entries 0 and 1 are the gains of the estimates 0 and 1. From then on interval k (estimates of k bits,
    k = 2..32) has its gain at the start, slope and curvature at 4k - 6 .. 4k - 4.
    """
    table = np.zeros(4 * PCAN_INTERVALS - 3, dtype=np.int64)
    table[0], table[1] = _gain(pcan, input_bits, 0), _gain(pcan, input_bits, 1)
    for interval in range(2, PCAN_INTERVALS + 1):
        x0 = 1 << (interval - 1)
        x2 = 2 * x0 - 1 if interval == PCAN_INTERVALS else 2 * x0
        y0, y1, y2 = (_gain(pcan, input_bits, x) for x in (x0, x0 + x0 // 2, x2))
        slope = 4 * (y1 - y0) - (y2 - y0)
        table[4 * interval - 6 : 4 * interval - 3] = y0, slope, (y2 - y0) - slope
    return table.astype(np.int16)


def activity_constants(detection: ActivityDetection | None, channels: int) -> NDArray[np.int32]:
    """Return the constants of the activity detector, int32[5], or an empty array."""
    if detection is None:
        return np.zeros(0, dtype=np.int32)
    alphas = [int(F(value) * F(1 << 8)) for value in (detection.alpha_a, detection.alpha_b)]
    thresholds = [int(F(value) * F(1 << 12)) for value in (detection.arm_threshold, detection.trip_threshold)]
    return np.array([*alphas, *thresholds, (channels - 1).bit_length()], dtype=np.int32)


@lru_cache(maxsize=64)
def make_tables(spec: FrontendSpec) -> Tables:
    """Return the tables of a spec, computed in its precision; the same object for the same spec."""
    half = spec.fft_size // 2
    mel = mel_segments(spec)
    noise = np.zeros(0, dtype=np.int32)
    gain, snr_shift = np.zeros(0, dtype=np.int16), 0
    if spec.noise_reduction is not None:
        reduction = spec.noise_reduction
        fractions = (reduction.even_smoothing, reduction.odd_smoothing, reduction.min_signal_remaining)
        q14 = [int(F(value) * F(1 << NOISE_BITS)) for value in fractions]
        noise = np.array([*q14, reduction.smoothing_bits], dtype=np.int32)
        if spec.pcan is not None:
            gain = pcan_gain_table(spec.pcan, reduction.smoothing_bits - spec.correction_bits)
            snr_shift = spec.pcan.gain_bits - spec.correction_bits - PCAN_SNR_BITS
    tables = Tables(
        window=hann_window(spec.window_samples, spec.tables),
        twiddles=_roots([-2 * math.pi * i / half for i in range(half)]),
        split_twiddles=_roots([-math.pi * ((i + 1) / half + 0.5) for i in range(half // 2)]),
        mel_start=mel.start,
        mel_ends=mel.ends,
        mel_weights=mel.weights,
        mel_unweights=mel.unweights,
        noise=noise,
        pcan_gain=gain,
        pcan_snr_shift=snr_shift,
        log=np.zeros(0, dtype=np.uint16) if spec.log is None else log2_error_table(),
        dc_notch=-1 if spec.dc_notch is None else int(F(spec.dc_notch.coefficient) * F(1 << 15)),
        activity=activity_constants(spec.activity, spec.channels),
        log_shift=0 if spec.log is None else spec.log.shift,
        correction_bits=spec.correction_bits,
    )
    for value in vars(tables).values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return tables
