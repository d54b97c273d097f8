"""The same recording on both sides of a split, under another name, level or trim.

Speaker names cannot show it (a corpus may hold a clip twice), so recordings are compared by sound: a
coarse log spectrogram between the first and the last loud moment, without its mean, as a unit vector.
"""

from __future__ import annotations

import io
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
# Prints of what a bundle's training and selection heard, in the bundle.
HEARD_FILE = "heard.npz"

_WINDOW = 512
_LOUD = 0.1  # of the loudest window's RMS: where a recording begins and ends
_BLOCK = 2048
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
    loudness = np.sqrt(np.einsum("ij,ij->i", windows, windows) / _WINDOW)
    if loudness.max() == 0.0:
        return np.zeros(SLICES * BANDS, dtype=np.float32)
    loud = np.flatnonzero(loudness > _LOUD * loudness.max())
    power = np.abs(np.fft.rfft(windows[loud[0] : loud[-1] + 1] * np.hanning(_WINDOW))) ** 2
    edges = np.geomspace(100.0, 7000.0, BANDS + 1) * _WINDOW / SAMPLE_RATE_HZ
    bands = _averaged(power.T, edges).T
    slices = _averaged(bands, np.linspace(0.0, len(bands), SLICES + 1))
    if (
        slices.max() == 0.0
    ):  # a click at the edge of its only window, or nothing but rumble: as good as silence
        return np.zeros(SLICES * BANDS, dtype=np.float32)
    level = 10.0 * np.log10(np.maximum(slices, slices.max() * 10.0 ** (-_FLOOR_DB / 10.0)))
    centred = (level - level.mean()).ravel()
    length = float(np.linalg.norm(centred))
    print_: npt.NDArray[np.float32] = (centred / length if length > 0 else centred).astype(np.float32)
    return print_


@dataclass(frozen=True, eq=False)
class Prints:
    """Recordings by their sound.

    Attributes:
        names: What each is called.
        prints: float32 [recordings, SLICES * BANDS], unit length each.
    """

    names: tuple[str, ...]
    prints: npt.NDArray[np.float32]

    @classmethod
    def of(cls, recordings: Iterable[tuple[str, npt.NDArray[np.int16]]]) -> Prints:
        """Return the prints of named recordings, int16 at 16 kHz."""
        made = [(name, sound_print(pcm)) for name, pcm in recordings]
        return cls(
            tuple(name for name, _ in made),
            np.stack([print_ for _, print_ in made]) if made else np.zeros((0, SLICES * BANDS), np.float32),
        )

    def take(self, wanted: Iterable[bool]) -> Prints:
        """Return those that are wanted, bool [recordings]."""
        rows = np.flatnonzero(np.fromiter(wanted, bool, len(self.names)))
        return Prints(tuple(self.names[row] for row in rows), self.prints[rows])

    def together(self, other: Prints) -> Prints:
        """Return both in one."""
        return Prints((*self.names, *other.names), np.concatenate([self.prints, other.prints]))

    def to_bytes(self) -> bytes:
        """Return them as an `.npz` file: 8 bits a value, enough to tell recordings apart."""
        peaks = np.abs(self.prints).max(axis=1, keepdims=True, initial=1e-12)
        coarse = np.round(self.prints / peaks * 127).astype(np.int8)
        held = io.BytesIO()
        np.savez_compressed(held, names=np.array(self.names, dtype=np.str_), prints=coarse)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Prints:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: It is something else.
        """
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            coarse = stored["prints"].astype(np.float32)
            names = tuple(str(name) for name in stored["names"])
        if coarse.shape != (len(names), SLICES * BANDS):
            raise ValueError("not prints of recordings")
        lengths = np.maximum(np.linalg.norm(coarse, axis=1, keepdims=True), 1e-12)
        return cls(names, (coarse / lengths).astype(np.float32))


def find_duplicates(heard: Prints, held_out: Prints, same_above: float = SAME_ABOVE) -> list[Duplicate]:
    """Return every pair of recordings across the split that sound the same.

    Args:
        heard: What the model has heard.
        held_out: What is to be scored.
        same_above: Likeness from which two recordings count as the same.
    """
    found = []
    for start in range(0, len(heard.prints), _BLOCK):  # bounded memory, however large the corpus
        likeness = heard.prints[start : start + _BLOCK] @ held_out.prints.T
        found += [
            Duplicate(heard.names[start + i], held_out.names[j], float(likeness[i, j]))
            for i, j in np.argwhere(likeness > same_above)
        ]
    return found


def require_no_duplicates(heard: Prints, held_out: Prints) -> None:
    """Refuse a split with the same recording on both sides, whatever it is called there.

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
