"""What re-recording does, in training: loudspeakers, rooms, noise and microphones, drawn anew for every view.

The device is judged on speech that a loudspeaker has played (`hil/rig/rerecord.py`). None of the channels drawn here is
one of those: pass bands keep away from theirs, rooms and noises are of the training part, and beside recorded rooms,
which are few, others are made up. The talker is varied as in `everyday`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.sound.acoustics import (
    Signal,
    apply_room,
    change_speed,
    loudspeaker,
    synthetic_room,
    to_float,
)
from train.augment.everyday import AugmentSettings, at_some_level, placed_in_noise, vary_features
from train.augment.registry import AUGMENTS, Augment

# Lower and upper ends of pass bands, in Hz. The channels of the test play 180 to 7000 Hz, which lies in none of these.
LOWER_HZ = ((60.0, 140.0), (230.0, 400.0))
UPPER_HZ = ((4200.0, 6300.0), (7400.0, 7900.0))


class RerecordedSettings(AugmentSettings):
    """How strongly training windows are varied; what `everyday` has means the same here.

    Attributes:
        name: Which augmentation it is.
        speaker_share: Share of windows that a loudspeaker plays.
        drive: Largest saturation of a loudspeaker.
        made_up_rooms: Share of the rooms that are made up, with a reverberation time drawn from `rt60_s`.
        rt60_s: Shortest and longest reverberation time of those, in seconds.
        tilt_db: Largest tilt of a microphone: the gain at 8 kHz against that at 0 Hz.
    """

    name: Literal["rerecorded"] = "rerecorded"  # type: ignore[assignment]
    room_share: float = Field(default=0.6, ge=0, le=1)
    noise_share: float = Field(default=0.8, ge=0, le=1)
    snr_db: tuple[float, float] = (2.0, 25.0)
    speaker_share: float = Field(default=0.7, ge=0, le=1)
    drive: float = Field(default=1.0, ge=0, le=3)
    made_up_rooms: float = Field(default=0.5, ge=0, le=1)
    rt60_s: tuple[float, float] = (0.1, 0.9)
    tilt_db: float = Field(default=6.0, ge=0, le=20)


def draw_band(rng: np.random.Generator) -> tuple[float, float]:
    """Return a loudspeaker's pass band in Hz, of those that no test uses."""
    lower, upper = (ranges[int(rng.integers(len(ranges)))] for ranges in (LOWER_HZ, UPPER_HZ))
    return float(rng.uniform(*lower)), float(rng.uniform(*upper))


def tilted(signal: Signal, tilt_db: float) -> Signal:
    """Return a signal under a gain that rises (or falls) evenly in dB from 0 Hz to half the sample rate."""
    spectrum = np.fft.rfft(signal)
    gain = 10.0 ** (np.linspace(0.0, tilt_db, len(spectrum)) / 20.0)
    return np.fft.irfft(spectrum * gain, len(signal)).astype(np.float32)


def vary_recording(
    pcm: NDArray[np.int16],
    samples: int,
    settings: RerecordedSettings,
    noises: Sequence[Signal],
    rooms: Sequence[Signal],
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Return one varied window of a clip, int16[samples]; the arguments are those of `everyday.vary_sound`."""
    speech = change_speed(to_float(pcm), 1.0 + settings.speed * rng.uniform(-1.0, 1.0))
    if rng.random() < settings.speaker_share and np.any(speech):
        speech = loudspeaker(speech, draw_band(rng), float(rng.uniform(0.0, settings.drive)))
    if rng.random() < settings.room_share:
        if not rooms or rng.random() < settings.made_up_rooms:
            impulse = synthetic_room(rng, float(rng.uniform(*settings.rt60_s)))
        else:
            impulse = rooms[int(rng.integers(len(rooms)))]
        speech = apply_room(speech, impulse)
    window = placed_in_noise(speech, samples, settings, noises, rng)
    return at_some_level(tilted(window, settings.tilt_db * rng.uniform(-1.0, 1.0)), settings, rng)


AUGMENTS.add(
    "rerecorded",
    Augment(
        name="rerecorded",
        summary="loudspeakers, rooms, noise and microphones that no test uses",
        settings=RerecordedSettings,
        sound=vary_recording,
        features=vary_features,
    ),
)
