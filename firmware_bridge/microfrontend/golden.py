"""Golden vectors: signals that try a fixed-point front-end most, for tests, for `make alignment`, for a board."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLES = 16000


def golden_signals() -> dict[str, NDArray[np.int16]]:
    """Return one second each, by name, int16[16000]; the same on every machine."""
    rng = np.random.default_rng(7)
    n = np.arange(SAMPLES)
    quiet_then_loud = np.where(
        n // 4000 % 2, rng.integers(-9000, 9000, SAMPLES), rng.integers(-30, 30, SAMPLES)
    )
    made = {
        "full-scale noise": rng.integers(-32768, 32768, SAMPLES),
        "full-scale square": np.where(n // 40 % 2, 32767, -32768),
        "fast square": np.where(n % 2, 32767, -32768),
        "impulses at -32768": np.where(n % 400 == 199, -32768, 0),
        "impulses on noise": np.where(n % 400 == 199, -32768, rng.integers(-99, 99, SAMPLES)),
        "DC at -32768": np.full(SAMPLES, -32768),
        "DC at 32767": np.full(SAMPLES, 32767),
        "silence": np.zeros(SAMPLES),
        "noise of 3 LSB": rng.integers(-3, 4, SAMPLES),
        "one LSB": np.where(n == 5000, 1, 0),
        "triangle": 20000 * np.abs(n % 32 - 16) // 16 - 10000,
        "bursts": quiet_then_loud,
        "rising squares": np.where(n * n // 200000 % 2, 12000, -12000),
    }
    return {name: np.asarray(values).astype(np.int16) for name, values in made.items()}
