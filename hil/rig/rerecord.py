"""What re-recording does to speech: a loudspeaker plays it, a room and noise join it, a microphone takes it.

A model of the test bench, not of any one product: each stage is simple, named, and can be switched off.
The same clip name and seed give the same samples on every machine and in any order of clips.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.settings import Settings, explain
from firmware_bridge.sound.acoustics import (
    Signal,
    apply_room,
    loudspeaker,
    mix_at_snr,
    rms,
    to_float,
    to_pcm16,
)

# A segment quieter than this (about -100 dBFS) is silence: no level and no ratio are defined for it.
_SILENCE = 1e-5


class Room(Protocol):
    """A room's impulse response, float32."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def impulse(self) -> Signal:
        """float32[n] at 16 kHz."""


class Noise(Protocol):
    """A noise recording, float32 with full scale 1.0."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def pcm(self) -> Signal:
        """float32[n] at 16 kHz."""


class Channel(Settings):
    """The way from a sound file to the device's samples.

    Attributes:
        name: What a report calls it.
        speaker_band_hz: The loudspeaker's pass band (second-order roll-off); nothing for a perfect one.
        drive: Its saturation: peak level into tanh; 0 for a linear one.
        room: Whether a room is drawn for each clip.
        snr_db: Noise against speech, over the clip; nothing for none.
        level_dbfs: RMS level at the converter; nothing to keep the file's.
        self_noise_dbfs: The microphone's own noise (white); nothing for none.
        seed: Decides rooms and noises.
    """

    name: str = "bench"
    speaker_band_hz: tuple[float, float] | None = (180.0, 7000.0)
    drive: float = Field(default=0.3, ge=0, le=3)
    room: bool = True
    snr_db: float | None = Field(default=20.0, ge=-20, le=100)
    level_dbfs: float | None = Field(default=-26.0, ge=-80, le=0)
    self_noise_dbfs: float | None = Field(default=-80.0, ge=-120, le=-20)
    seed: int = Field(default=0, ge=0)


# `clean` changes nothing at all; the others are the conditions that issue and papers report.
CHANNELS = {
    "clean": Channel(
        name="clean",
        speaker_band_hz=None,
        drive=0,
        room=False,
        snr_db=None,
        level_dbfs=None,
        self_noise_dbfs=None,
    ),
    "bench": Channel(),
    "noisy": Channel(name="noisy", snr_db=15.0),
    "harsh": Channel(name="harsh", snr_db=5.0),
}


@dataclass(frozen=True)
class Recording:
    """A re-recorded clip: its samples, and the room and noise that were drawn for it."""

    pcm: NDArray[np.int16]
    room: str | None
    noise: str | None


def make_channel(**settings: Any) -> Channel:
    """Return a channel of these settings; `InvalidSetting` names the wrong one and the valid ones."""
    try:
        return Channel(**settings)
    except ValidationError as error:
        raise explain(error, Channel, "channel", f"settings: {', '.join(Channel.model_fields)}") from error


def rerecord(
    name: str,
    pcm: NDArray[np.int16],
    channel: Channel,
    rooms: Sequence[Room] = (),
    noises: Sequence[Noise] = (),
) -> Recording:
    """Send a clip through the channel.

    Args:
        name: The clip's name; with the channel's seed it decides room, noise and its stretch.
        pcm: int16[n] at 16 kHz.
        channel: What happens on the way.
        rooms: To draw from; needed when the channel has a room.
        noises: To draw from; needed when it has noise.

    Returns:
        int16[n] and what was drawn. Digital silence stays silent but for the microphone's own noise.

    Raises:
        InvalidSetting: The channel wants a room or a noise and none was given.
    """
    if (channel.room and not rooms) or (channel.snr_db is not None and not noises):
        raise InvalidSetting(
            f"channel '{channel.name}' needs rooms and noises and got {len(rooms)} and {len(noises)}",
            "give both, or use the channel 'clean'",
        )
    dice = np.random.default_rng([channel.seed, *hashlib.sha256(name.encode()).digest()[:8]])
    signal, room, noise = to_float(pcm), None, None
    loud = rms(signal) > _SILENCE
    if loud:
        signal = loudspeaker(signal, channel.speaker_band_hz, channel.drive)
    # Drawn even for silence, so that one clip's draw never depends on another setting.
    if channel.room:
        chosen = rooms[int(dice.integers(len(rooms)))]
        room = chosen.name
        signal = apply_room(signal, chosen.impulse) if loud else signal
    if channel.snr_db is not None:
        picked = noises[int(dice.integers(len(noises)))]
        noise = picked.name
        signal = mix_at_snr(signal, picked.pcm, channel.snr_db, dice) if loud else signal
    if channel.level_dbfs is not None and loud:
        signal = signal * np.float32(10 ** (channel.level_dbfs / 20) / max(rms(signal), _SILENCE))
    if channel.self_noise_dbfs is not None:
        own = dice.standard_normal(len(signal)) * 10 ** (channel.self_noise_dbfs / 20)
        signal = signal + own.astype(np.float32)
    return Recording(to_pcm16(signal), room, noise)


def through(
    channel: Channel, rooms: Sequence[Room] = (), noises: Sequence[Noise] = ()
) -> Callable[[str, NDArray[np.int16]], NDArray[np.int16]]:
    """Return what makes of a clip's name and samples the samples that a device hears through a channel."""
    return lambda name, pcm: rerecord(name, pcm, channel, rooms, noises).pcm
