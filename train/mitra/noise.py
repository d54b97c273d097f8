"""Speech in noise for a test: each clip with a stretch of a recorded noise that no training has heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from firmware_bridge.sound.acoustics import mix_at_snr
from firmware_bridge.sound.audio import to_float, to_pcm16
from train.corpora.noise import Noise, load_noises
from train.evaluation.heard import CLEAN

NOISE_DB = (15, 5)  # the paper's two conditions

Sounds = Sequence[npt.NDArray[np.int16]]


def noisy(
    sounds: Sounds, snr_db: float, noises: Sequence[Noise], seed: int = 0
) -> list[npt.NDArray[np.int16]]:
    """Return every clip with a noise of its own, drawn by its place: the same for every system.

    Args:
        sounds: int16 [samples] at 16 kHz each.
        snr_db: Level of the speech over that of the noise, over the whole clip.
        noises: What is drawn from.
        seed: Decides noise and stretch.
    """
    mixed = []
    for place, pcm in enumerate(sounds):
        rng = np.random.default_rng((seed, place))
        noise = noises[int(rng.integers(len(noises)))]
        mixed.append(to_pcm16(mix_at_snr(to_float(pcm), noise.pcm, snr_db, rng)))
    return mixed


def in_conditions(sounds: Sounds, with_noise: bool, seed: int = 0) -> dict[str, Sounds]:
    """Return condition to clips: clean speech and, where asked for, 15 and 5 dB of the noises kept for tests."""
    conditions: dict[str, Sounds] = {CLEAN: sounds}
    if with_noise:
        noises = load_noises("test")
        conditions |= {f"{snr} dB": noisy(sounds, snr, noises, seed) for snr in NOISE_DB}
    return conditions
