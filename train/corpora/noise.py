"""Noises and rooms for augmentation and re-recording, in two parts that never meet.

`train` is what a model may hear while it learns, `test` what it is judged with: ESC-10 folds 1-2
against 3-4, recorded noises 1-3 against 4-5, rooms 1-2 against 3-4. Where the recordings are not at hand,
synthetic ones stand in, with seeds that differ between the parts, and the user is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from firmware_bridge.base.errors import UnknownName
from firmware_bridge.base.progress import note
from firmware_bridge.sound.acoustics import NOISE_KINDS, Signal, synthetic_noise, synthetic_room
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, read_audio, to_float
from train.corpora.record import Origin
from train.corpora.registry import find_data

Part = Literal["train", "test"]

ESC_FOLDS = {"train": ("1", "2"), "test": ("3", "4")}
NOISES = {"train": ("noise1", "noise2", "noise3"), "test": ("noise4", "noise5")}
ROOMS = {"train": ("rir1", "rir2"), "test": ("rir3", "rir4")}
_SEEDS = {"train": 1_000, "test": 2_000}
_STAND_IN_RT60_S = {"train": (0.2, 0.4, 0.6), "test": (0.3, 0.5, 0.8)}


@dataclass(frozen=True, eq=False)
class Noise:
    """A recording without speech: float32 with full scale 1.0, 16 kHz."""

    name: str
    pcm: Signal
    origin: Origin


@dataclass(frozen=True, eq=False)
class Room:
    """A room impulse response: float32, 16 kHz."""

    name: str
    impulse: Signal
    origin: Origin


def load_noises(part: Part) -> list[Noise]:
    """Return the noises of a part, sorted by name; synthetic ones where no recordings are found.

    Args:
        part: `train` or `test`.

    Raises:
        UnknownName: Another part.
        AudioUnreadable: A recording is damaged.
    """
    _require_part(part)
    found: list[Noise] = []
    if (esc := find_data("esc10_noise")) is not None:
        # The fold is the first field of the name: {fold}-{freesound id}-{take}.
        for path in sorted((esc / "audio").glob("*/*.flac")):
            if path.stem.split("-")[0] in ESC_FOLDS[part]:
                found.append(Noise(f"esc10/{path.parent.name}/{path.stem}", _without_padding(path), "real"))
    if (recorded := find_data("rir_noise")) is not None:
        for path in sorted((recorded / "noise").glob("*.flac")):
            if path.stem in NOISES[part]:
                found.append(Noise(f"rir_noise/{path.stem}", _without_padding(path), "real"))
    if found:
        return found
    note(f"no recorded noises found (esc10_noise, rir_noise): synthetic noises stand in for {part}")
    seconds = 10
    return [
        Noise(
            f"synthetic/{kind}",
            synthetic_noise(kind, seconds * SAMPLE_RATE_HZ, np.random.default_rng(_SEEDS[part] + index)),
            "synthetic",
        )
        for index, kind in enumerate(NOISE_KINDS)
    ]


def load_rooms(part: Part) -> list[Room]:
    """Return the rooms of a part, sorted by name; synthetic ones where no recordings are found.

    Args:
        part: `train` or `test`.

    Raises:
        UnknownName: Another part.
        AudioUnreadable: A recording is damaged.
    """
    _require_part(part)
    recorded = find_data("rir_noise")
    paths = sorted((recorded / "rir").glob("*.flac")) if recorded else []
    rooms = [
        Room(f"rir_noise/{path.stem}", to_float(read_audio(path).pcm), "real")
        for path in paths
        if path.stem in ROOMS[part]
    ]
    if rooms:
        return rooms
    note(f"no recorded rooms found (rir_noise): synthetic rooms stand in for {part}")
    return [
        Room(
            f"synthetic/rt60-{rt60_s}s",
            synthetic_room(np.random.default_rng(_SEEDS[part] + index), rt60_s),
            "synthetic",
        )
        for index, rt60_s in enumerate(_STAND_IN_RT60_S[part])
    ]


def _require_part(part: str) -> None:
    """Raise UnknownName for anything but `train` and `test`."""
    if part not in ROOMS:
        raise UnknownName("part of the noises", part, ROOMS)


def _without_padding(path: Path) -> Signal:
    """Read a recording without the digital silence at its ends (a fifth of ESC-10 is padded with zeros)."""
    pcm = read_audio(path).pcm
    heard = np.flatnonzero(pcm)
    return to_float(pcm[heard[0] : heard[-1] + 1]) if len(heard) else to_float(pcm)
