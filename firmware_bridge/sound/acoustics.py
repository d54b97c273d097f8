"""What happens to speech between a mouth and a microphone: rooms, noise, speed.

Training augments with it and `hil` re-records with it. Signals are float32 with full scale 1.0 at
16 kHz; every random choice comes from the caller's generator.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, to_float, to_pcm16

__all__ = [
    "NOISE_KINDS",
    "Signal",
    "apply_room",
    "change_speed",
    "loudspeaker",
    "mix_at_snr",
    "rms",
    "synthetic_noise",
    "synthetic_room",
    "to_float",
    "to_pcm16",
]

Signal = npt.NDArray[np.float32]

# Spectral slope of the power density, in powers of 1/f.
_SLOPES = {"white": 0.0, "pink": 1.0, "brown": 2.0}
NOISE_KINDS = (*_SLOPES, "hum", "babble")


def rms(signal: npt.NDArray[Any]) -> float:
    """Return the root mean square of a signal (0.0 for an empty one)."""
    if len(signal) == 0:
        return 0.0
    return float(np.sqrt(np.mean(np.square(signal, dtype=np.float64))))


def apply_room(pcm: Signal, impulse: Signal) -> Signal:
    """Play a signal through a room.

    Args:
        pcm: Speech, float32 [n].
        impulse: Impulse response, float32 [m]; its largest sample is taken as the direct path.

    Returns:
        float32 [n]: the reverberant signal, its direct path in place, at the level (RMS) of `pcm`.

    Raises:
        InvalidSetting: The impulse response is empty or silent.
    """
    from scipy.signal import fftconvolve

    if len(impulse) == 0 or not np.any(impulse):
        raise InvalidSetting("an impulse response without energy", "use another room")
    if len(pcm) == 0:
        return pcm.astype(np.float32)
    direct = int(np.argmax(np.abs(impulse)))
    wet = fftconvolve(pcm.astype(np.float64), impulse.astype(np.float64))[direct : direct + len(pcm)]
    loudness = rms(wet)
    gain = rms(pcm) / loudness if loudness > 0 else 0.0
    # The sign of the direct path is a property of the loudspeaker's wiring: keep the speech's own.
    heard: Signal = (wet * gain * np.sign(impulse[direct])).astype(np.float32)
    return heard


def loudspeaker(signal: Signal, band_hz: tuple[float, float] | None, drive: float) -> Signal:
    """Return what a loudspeaker radiates: saturated (tanh, odd harmonics), then band-limited; at the same level.

    Args:
        signal: float32[n].
        band_hz: Its pass band (second-order roll-off); None for a perfect one.
        drive: Its saturation: the peak's level into tanh; 0 for a linear one.
    """
    level, played = rms(signal), signal
    if drive > 0:
        peak = float(np.max(np.abs(signal)))
        played = np.tanh(signal / peak * drive).astype(np.float32)
    if band_hz is not None:
        from scipy.signal import butter, sosfilt

        filters = butter(2, band_hz, "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
        played = sosfilt(filters, played)
    after = rms(played)
    return (played * (level / after if after > 0 else 0.0)).astype(np.float32)


def mix_at_snr(speech: Signal, noise: Signal, snr_db: float, rng: np.random.Generator) -> Signal:
    """Add noise at a signal-to-noise ratio measured over the whole clip (ratio of RMS values).

    Args:
        speech: float32 [n].
        noise: float32 [m], any length: a random stretch is taken, repeated where it is too short.
        snr_db: 20 log10(RMS speech / RMS noise) of the result.
        rng: Chooses the stretch.

    Returns:
        float32 [n], not clipped. Silent speech stays silent (no ratio is defined for it).

    Raises:
        InvalidSetting: The noise is empty or silent.
    """
    if len(noise) == 0 or not np.any(noise):
        raise InvalidSetting("a noise without energy", "use another noise recording")
    stretch = _stretch(noise, len(speech), int(rng.integers(len(noise))))
    if rms(stretch) == 0.0:
        # Some recordings are padded with digital silence: take the stretch where it is loudest.
        stretch = _stretch(noise, len(speech), int(np.argmax(np.abs(noise))))
    if len(speech) == 0:
        return speech.astype(np.float32)
    gain = rms(speech) / rms(stretch) * 10.0 ** (-snr_db / 20.0)
    return (speech + stretch * np.float32(gain)).astype(np.float32)


def _stretch(noise: Signal, length: int, start: int) -> Signal:
    """Return `length` samples of the endlessly repeated noise, from `start`."""
    return np.take(noise, np.arange(start, start + length), mode="wrap")


def change_speed(pcm: Signal, factor: float) -> Signal:
    """Play a signal faster (`factor` > 1) or slower; pitch moves with it, as on a tape.

    Returns:
        float32 [about n / factor].

    Raises:
        InvalidSetting: The factor is outside 0.25 to 4.
    """
    import soxr

    if not 0.25 <= factor <= 4.0:
        raise InvalidSetting(f"speed factor {factor}", "use a factor from 0.25 to 4")
    if factor == 1.0:
        return pcm.astype(np.float32)
    faster = soxr.resample(pcm.astype(np.float32), SAMPLE_RATE_HZ * factor, SAMPLE_RATE_HZ, quality="HQ")
    return np.asarray(faster, dtype=np.float32)


def synthetic_room(rng: np.random.Generator, rt60_s: float) -> Signal:
    """Return an impulse response after Polack's model: white noise under an exponential decay.

    The energy falls by 60 dB in `rt60_s` seconds (amplitude 10^(-3 t / rt60)), behind a direct path
    of 1.0 and a gap of 2 ms; the tail starts at 0.12, so that the direct path stays the largest sample.

    Raises:
        InvalidSetting: `rt60_s` is outside 0.05 to 3 seconds.
    """
    if not 0.05 <= rt60_s <= 3.0:
        raise InvalidSetting(f"reverberation time {rt60_s} s", "use 0.05 to 3 seconds")
    time = np.arange(int(rt60_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.uniform(-1.0, 1.0, len(time)) * 10.0 ** (-3.0 * time / rt60_s) * 0.12
    tail[: int(0.002 * SAMPLE_RATE_HZ)] = 0.0
    tail[0] = 1.0
    return tail.astype(np.float32)


def synthetic_noise(kind: str, n: int, rng: np.random.Generator) -> Signal:
    """Return `n` samples of noise with an RMS of 0.1.

    Args:
        kind: `white`, `pink` (power 1/f), `brown` (1/f^2), `hum` (50 Hz mains with harmonics) or `babble`
            (speech-shaped bands, each with its own syllable-rate envelope).
        n: Length in samples.
        rng: Source of all randomness.

    Raises:
        UnknownName: No such kind.
    """
    if kind not in NOISE_KINDS:
        raise UnknownName("noise", kind, NOISE_KINDS)
    if n <= 0:
        return np.zeros(0, dtype=np.float32)
    if kind in _SLOPES:
        signal = _coloured(n, _SLOPES[kind], rng)
    elif kind == "hum":
        time = np.arange(n) / SAMPLE_RATE_HZ
        phases = rng.uniform(0.0, 2.0 * np.pi, 8)
        signal = sum(np.sin(2 * np.pi * 50 * (k + 1) * time + phases[k]) / (k + 1) for k in range(8))
        signal = signal + 0.05 * rng.standard_normal(n)
    else:
        signal = _babble(n, rng)
    loudness = rms(signal)
    return (signal * (0.1 / loudness if loudness > 0 else 0.0)).astype(np.float32)


def _coloured(n: int, slope: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return Gaussian noise whose power density falls as 1/f^slope above 20 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1.0 / SAMPLE_RATE_HZ), 20.0)
    return np.fft.irfft(spectrum * frequency ** (-slope / 2.0), n)


def _babble(n: int, rng: np.random.Generator, voices: int = 6) -> npt.NDArray[np.float64]:
    """Return several voices: noise falling above 500 Hz, under envelopes that move at 2 to 6 Hz."""
    time = np.arange(n) / SAMPLE_RATE_HZ
    frequency = np.fft.rfftfreq(n, 1.0 / SAMPLE_RATE_HZ)
    shape = 1.0 / (1.0 + (frequency / 500.0) ** 2)
    total = np.zeros(n)
    for _ in range(voices):
        voice = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
        envelope = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(2.0, 6.0) * time + rng.uniform(0.0, 2 * np.pi))
        total += voice * envelope
    return total
