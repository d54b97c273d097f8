"""Whisper's input: 80 mel bands (128 in large-v3), the logarithm clamped 8 decades below the clip's loudest value.

As WhisperFeatureExtractor of transformers computes it, but for a clip of any length: nothing is padded
to 30 s here. Differences from it stay below 2e-5 (a test).
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FRAME, HOP, BANDS, RATE = 400, 160, 80, 16_000
_BINS = FRAME // 2 + 1
_LINEAR_HZ = 200.0 / 3.0  # Slaney's scale: linear up to 1 kHz, 15 mel there, logarithmic above
_KNEE_HZ, _KNEE_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27.0


def log_mel(batch: Floats, bands: int = BANDS) -> Floats:
    """Return the log-mel spectrogram of clips of one length.

    Args:
        batch: float32 [clips, samples], full scale 1.0, more than 200 samples.
        bands: How many mel bands.

    Returns:
        float32 [clips, bands, samples // 160]. The clamp looks at each clip by itself.
    """
    padded = np.pad(batch, ((0, 0), (FRAME // 2, FRAME // 2)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=1)[:, ::HOP][:, :-1]
    spectrum = np.fft.rfft(frames * _window(), axis=2)
    power = spectrum.real**2 + spectrum.imag**2
    # One clip at a time: a matrix product of a batch may round otherwise than that of its parts.
    mel = np.stack([mel_weights(bands) @ clip.T for clip in power])
    level = np.log10(np.maximum(mel, 1e-10))
    level = np.maximum(level, level.max(axis=(1, 2), keepdims=True) - 8.0)
    return np.asarray((level + 4.0) / 4.0, np.float32)


@functools.cache
def mel_weights(bands: int = BANDS) -> npt.NDArray[np.float64]:
    """Return float64 [bands, 201]: triangles of unit area between 0 and 8000 Hz (Slaney's scale and norm)."""
    edges = _to_hz(np.linspace(0.0, _to_mel(RATE / 2), bands + 2))
    bins = np.linspace(0.0, RATE / 2, _BINS)
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (right - left))


@functools.cache
def _window() -> npt.NDArray[np.float64]:
    """Return the periodic Hann window."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME))


def _to_mel(hz: float) -> float:
    """Return a frequency above the knee in mel."""
    return float(_KNEE_MEL + np.log(hz / _KNEE_HZ) / _LOG_STEP)


def _to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return frequencies in Hz."""
    above = _KNEE_HZ * np.exp(_LOG_STEP * (mel - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _LINEAR_HZ, above)
