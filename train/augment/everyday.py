"""Augmentation of speech windows: what a microphone, a room and a talker may change.

Applied once per view before the front-end, and once more to the int8 features. Each view of each clip
has its own generator, so that the result does not depend on order or on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.base.parts import PartSettings
from firmware_bridge.sound.acoustics import Signal, apply_room, change_speed, mix_at_snr, to_float, to_pcm16
from train.augment.registry import AUGMENTS, Augment


class AugmentSettings(PartSettings):
    """How strongly training windows are varied.

    Attributes:
        name: Which augmentation it is.
        speed: Largest relative change of speed, pitch moving with it.
        room_share: Share of windows that are played through a room.
        noise_share: Share of windows with added noise.
        snr_db: Lowest and highest signal-to-noise ratio of those.
        gain_db: Largest change of level.
        offset_ms: Largest shift in time.
        channel_shift: Largest shift along the channels, as a longer or shorter vocal tract would give.
        time_masks: Number of masked stretches of frames, each up to `time_mask` frames.
        time_mask: Longest masked stretch in frames.
        channel_masks: Number of masked bands, each up to `channel_mask` channels.
        channel_mask: Widest masked band in channels.
    """

    name: Literal["everyday"] = "everyday"
    speed: float = Field(default=0.1, ge=0, le=0.5)
    room_share: float = Field(default=0.3, ge=0, le=1)
    noise_share: float = Field(default=0.6, ge=0, le=1)
    snr_db: tuple[float, float] = (0.0, 20.0)
    gain_db: float = Field(default=6.0, ge=0, le=40)
    offset_ms: int = Field(default=300, ge=0, le=2000)
    channel_shift: int = Field(default=2, ge=0, le=8)
    time_masks: int = Field(default=2, ge=0, le=8)
    time_mask: int = Field(default=40, ge=1)
    channel_masks: int = Field(default=2, ge=0, le=8)
    channel_mask: int = Field(default=8, ge=1)


def place(speech: Signal, samples: int, offset: int) -> Signal:
    """Put a clip into a window of silence.

    Args:
        speech: float32[n].
        samples: Length of the window.
        offset: Where the clip starts; negative cuts its beginning.

    Returns:
        float32[samples].
    """
    window = np.zeros(samples, np.float32)
    clip = speech[max(0, -offset) :]
    start = max(0, offset)
    length = min(len(clip), samples - start)
    if length > 0:
        window[start : start + length] = clip[:length]
    return window


def vary_sound(
    pcm: NDArray[np.int16],
    samples: int,
    settings: AugmentSettings,
    noises: Sequence[Signal],
    rooms: Sequence[Signal],
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """Return one varied window of a clip.

    Args:
        pcm: int16[n], the clip at 16 kHz.
        samples: Length of the window in samples.
        settings: How strongly.
        noises: Noise recordings, float32 with full scale 1.0.
        rooms: Room impulse responses, float32.
        rng: Source of all randomness.

    Returns:
        int16[samples].
    """
    speech = change_speed(to_float(pcm), 1.0 + settings.speed * rng.uniform(-1.0, 1.0))
    if rooms and rng.random() < settings.room_share:
        speech = apply_room(speech, rooms[int(rng.integers(len(rooms)))])
    return at_some_level(placed_in_noise(speech, samples, settings, noises, rng), settings, rng)


def placed_in_noise(
    speech: Signal,
    samples: int,
    settings: AugmentSettings,
    noises: Sequence[Signal],
    rng: np.random.Generator,
) -> Signal:
    """Return a window float32[samples] with speech somewhere in it and, in some windows, noise over it all."""
    reach = settings.offset_ms * 16
    window = place(speech, samples, int(rng.integers(-reach, reach + 1)))
    if noises and rng.random() < settings.noise_share:
        noise = noises[int(rng.integers(len(noises)))]
        window = mix_at_snr(window, noise, rng.uniform(*settings.snr_db), rng)
    return window


def at_some_level(window: Signal, settings: AugmentSettings, rng: np.random.Generator) -> NDArray[np.int16]:
    """Return a window at another level, int16[samples]."""
    gain = 10.0 ** (settings.gain_db * rng.uniform(-1.0, 1.0) / 20.0)
    return to_pcm16(window * np.float32(gain))


def vary_features(
    features: NDArray[np.int8], settings: AugmentSettings, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Return int8[frames, channels] with shifted channels and masked stretches (SpecAugment, Park et al. 2019).

    Masks hold the window's mean, so that they carry no level of their own.
    """
    shift = int(rng.integers(-settings.channel_shift, settings.channel_shift + 1))
    varied = np.roll(features, shift, axis=1)
    filling = np.int8(np.rint(features.mean()))
    frames, channels = varied.shape
    for count, longest, axis, size in (
        (settings.time_masks, settings.time_mask, 0, frames),
        (settings.channel_masks, settings.channel_mask, 1, channels),
    ):
        for _ in range(count):
            width = int(rng.integers(0, min(longest, size) + 1))
            start = int(rng.integers(0, size - width + 1))
            if axis == 0:
                varied[start : start + width] = filling
            else:
                varied[:, start : start + width] = filling
    return varied


AUGMENTS.add(
    "everyday",
    Augment(
        name="everyday",
        summary="speed, room, noise, level, offset; shifted channels, masks",
        settings=AugmentSettings,
        sound=vary_sound,
        features=vary_features,
    ),
)
