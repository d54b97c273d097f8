"""The device's own spectrogram as a sequence, for teachers that shall hear what the chip hears."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import track
from firmware_bridge.microfrontend import MicroFrontend, preset
from train.features.registry import FeatureSequences, Speech, averaged, feature, padded

_STEPS_PER_LOG = 64.0  # the front-end's log features have 6 fractional bits


class MicroFrontendSettings(PartSettings):
    """Settings of the feature.

    Attributes:
        name: Which feature it is.
        preset: Which front-end, as `undertone list` shows them.
        average: How many frames are averaged into one step.
    """

    name: Literal["micro_frontend"] = "micro_frontend"
    preset: str = "student"
    average: int = Field(default=4, ge=1)


@feature("micro_frontend", summary="the device's spectrogram", settings=MicroFrontendSettings)
def hear_front_end(speech: Speech, settings: MicroFrontendSettings) -> FeatureSequences:
    """Return the spectrogram of every clip, float32 [clips, steps, channels] in nats.

    Raises:
        UnknownName: No such front-end.
    """
    front_end = MicroFrontend(preset(settings.preset))
    made = []
    for pcm in track(speech.pcm, "computing spectrograms", len(speech.pcm)):
        frames = front_end.process(pcm).astype("float32") / _STEPS_PER_LOG
        made.append(averaged(frames, settings.average))
    return FeatureSequences(*padded(made))
