"""Log filterbank and pitch (MFBF0 of Mitra et al.): what a teacher hears where there is no foundation model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import track
from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend
from train.features.pitch import pitch_track
from train.features.registry import FeatureSequences, Speech, feature

Floats = npt.NDArray[np.float32]
_REFERENCE_HZ = 150.0  # between the usual voices of men and women: octaves count from here
_STEPS_PER_LOG = 64.0  # the front-end's log features have 6 fractional bits


class FilterbankSettings(PartSettings):
    """Settings of the filterbank and pitch sequence.

    Attributes:
        name: Which feature it is.
        channels: Channels of the filterbank.
        average: Frames of 10 ms that are averaged into one step of the sequence.
    """

    name: Literal["filterbank_pitch"] = "filterbank_pitch"
    channels: int = Field(40, ge=1, le=128)
    average: int = Field(8, ge=1)

    @property
    def frontend(self) -> FrontendSpec:
        """The front-end: 25 ms windows every 10 ms; neither noise reduction nor PCAN, so loudness stays."""
        return FrontendSpec(window_ms=25, step_ms=10, channels=self.channels, noise_reduction=None, pcan=None)


def filterbank_pitch(pcm: npt.NDArray[np.int16], settings: FilterbankSettings) -> Floats:
    """Return the log filterbank, pitch and voicing of one clip.

    Args:
        pcm: int16 [samples] at 16 kHz.
        settings: Number of channels.

    Returns:
        float32 [frames, channels + 2], one frame every 10 ms: log energies in nats; octaves above
        150 Hz times voicing, 0 where there is no voice; voicing from 0 to 1.
    """
    energies = MicroFrontend(settings.frontend).process(pcm).astype(np.float32) / _STEPS_PER_LOG
    hertz, voicing = pitch_track(pcm, len(energies))
    octaves = np.log2(np.where(hertz > 0, hertz, _REFERENCE_HZ) / _REFERENCE_HZ) * voicing
    return np.concatenate([energies, octaves[:, None], voicing[:, None]], axis=1, dtype=np.float32)


def filterbank_sequences(
    clips: Sequence[npt.NDArray[np.int16]], settings: FilterbankSettings
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the sequences of many clips, padded with zeros to the longest.

    Args:
        clips: int16 [samples] at 16 kHz each.
        settings: Channels, and how many frames make a step.

    Returns:
        float32 [clips, steps, channels + 2], and int64 [clips], how many steps of each are no padding.
    """
    made = []
    for pcm in track(clips, "computing filterbank and pitch", len(clips)):
        frames = filterbank_pitch(pcm, settings)
        whole = len(frames) // settings.average
        grouped = frames[: whole * settings.average].reshape(whole, settings.average, frames.shape[1])
        made.append(grouped.mean(axis=1))
    steps = np.array([len(sequence) for sequence in made], np.int64)
    padded = np.zeros((len(made), max(int(steps.max(initial=0)), 1), settings.channels + 2), np.float32)
    for row, sequence in zip(padded, made, strict=True):
        row[: len(sequence)] = sequence
    return padded, steps


@feature(
    "filterbank_pitch", summary="log filterbank and pitch, MFBF0 of Mitra et al.", settings=FilterbankSettings
)
def hear_filterbank(speech: Speech, settings: FilterbankSettings) -> FeatureSequences:
    """Return filterbank and pitch of every clip."""
    return FeatureSequences(*filterbank_sequences(speech.pcm, settings))
