"""The same recording on both sides of a split, under another name, level or trim.

Speaker names cannot show it (a corpus may hold a clip twice), so recordings are compared by sound: a
coarse log spectrogram between the first and the last loud moment, without its mean, as a unit vector.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import SpeakerLeak
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, to_float

SLICES = 32
BANDS = 24
SAME_ABOVE = 0.98

_WINDOW = 512
_LOUD = 0.1  # of the loudest window's RMS: where a recording begins and ends
_FLOOR_DB = 40.0  # what lies further below the peak is the room, not the speech


@dataclass(frozen=True)
class Duplicate:
    """Two recordings that sound the same; `likeness` is the cosine of their prints."""

    heard: str
    held_out: str
    likeness: float


def sound_print(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Return a recording's print: float32 [SLICES * BANDS], unit length, zeros for silence.

    Level, silence at the ends and light noise hardly move it.
    """
    signal = to_float(pcm)
    if len(signal) < _WINDOW:
        signal = np.pad(signal, (0, _WINDOW - len(signal)))
    hop = _WINDOW // 4
    windows = np.lib.stride_tricks.sliding_window_view(signal, _WINDOW)[::hop]
    loudness = np.sqrt((windows**2).mean(axis=1))
    if loudness.max() == 0.0:
        return np.zeros(SLICES * BANDS, dtype=np.float32)
    loud = np.flatnonzero(loudness > _LOUD * loudness.max())
    power = np.abs(np.fft.rfft(windows[loud[0] : loud[-1] + 1] * np.hanning(_WINDOW))) ** 2
    edges = np.geomspace(100.0, 7000.0, BANDS + 1) * _WINDOW / SAMPLE_RATE_HZ
    bands = _averaged(power.T, edges).T
    slices = _averaged(bands, np.linspace(0.0, len(bands), SLICES + 1))
    level = 10.0 * np.log10(np.maximum(slices, slices.max() * 10.0 ** (-_FLOOR_DB / 10.0)))
    centred = (level - level.mean()).ravel()
    length = float(np.linalg.norm(centred))
    print_: npt.NDArray[np.float32] = (centred / length if length > 0 else centred).astype(np.float32)
    return print_


def find_duplicates(
    heard: Iterable[tuple[str, npt.NDArray[np.int16]]],
    held_out: Iterable[tuple[str, npt.NDArray[np.int16]]],
    same_above: float = SAME_ABOVE,
) -> list[Duplicate]:
    """Return every pair of recordings across the split that sound the same.

    Args:
        heard: Name and samples of what the model has heard.
        held_out: Name and samples of what is to be scored.
        same_above: Likeness from which two recordings count as the same.
    """
    left = [(name, sound_print(pcm)) for name, pcm in heard]
    right = [(name, sound_print(pcm)) for name, pcm in held_out]
    if not left or not right:
        return []
    likeness = np.stack([mark for _, mark in left]) @ np.stack([mark for _, mark in right]).T
    return [
        Duplicate(left[i][0], right[j][0], float(likeness[i, j]))
        for i, j in np.argwhere(likeness > same_above)
    ]


def require_no_duplicates(
    heard: Iterable[tuple[str, npt.NDArray[np.int16]]], held_out: Iterable[tuple[str, npt.NDArray[np.int16]]]
) -> None:
    """Refuse a split with the same recording on both sides.

    Raises:
        SpeakerLeak: Names the pairs.
    """
    pairs = find_duplicates(heard, held_out)
    if pairs:
        listed = "; ".join(f"{pair.heard} = {pair.held_out}" for pair in pairs[:5])
        raise SpeakerLeak(
            f"{len(pairs)} recordings are on both sides of the split: {listed}",
            "remove the copies from one side",
        )


def _averaged(values: npt.NDArray[Any], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Average rows between fractional edges: [n, m] to [len(edges) - 1, m]."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    whole = np.clip(np.floor(edges).astype(int), 0, len(values) - 1)
    at = total[whole] + (edges - whole)[:, None] * values[whole]
    widths = np.maximum(np.diff(edges), 1e-9)[:, None]
    means: npt.NDArray[np.float64] = np.maximum(np.diff(at, axis=0) / widths, 0.0)
    return means
