"""The interface of every foundation model: a waveform in, the sequence of every layer out.

A backend subclasses `Encoder` and fills in five things: what it is, its layers, how many steps a clip
gives, the forward pass of clips of one length, and itself cut after a layer. All else is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import AudioUnreadable, InvalidSetting, UnknownName
from firmware_bridge.base.progress import track
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, to_float

Wave = npt.NDArray[np.int16] | npt.NDArray[np.float32]
Floats = npt.NDArray[np.float32]
PASS = 32  # clips that are heard between two steps of a progress bar
BATCH_SECONDS = 30.0  # speech in one pass: about 60 MB of attention in a network of 6 heads


@dataclass(frozen=True)
class Layer:
    """One layer of an encoder.

    Attributes:
        name: `hidden_0` is what enters the first layer, `hidden_k` leaves layer k, `final` is the last one
            after the closing norm, where there is one. YAMNet: `conv1` ... `conv27`.
        width: Values per step.
        parameters: Learnt numbers of the network when it is cut after this layer.
    """

    name: str
    width: int
    parameters: int


@dataclass(frozen=True)
class About:
    """What an encoder is, apart from its layers.

    Attributes:
        name: What recipes and results call it.
        licence: Licence of the weights; it travels with whatever was learnt from them.
        fingerprint: SHA-256 of the weights and of what else decides the result, 64 hexadecimal digits.
        samples_per_step: Samples from one step to the next.
        shortest: Fewest samples that give a step.
        longest: Most samples that it hears at once, or `None`.
    """

    name: str
    licence: str
    fingerprint: str
    samples_per_step: int
    shortest: int = 1
    longest: int | None = None

    @property
    def frame_rate(self) -> float:
        """Steps per second."""
        return SAMPLE_RATE_HZ / self.samples_per_step


class Encoder(ABC):
    """A frozen speech network.

    Attributes:
        about: What it is.
        layers: Its layers from input to output.
    """

    about: About
    layers: tuple[Layer, ...]

    @abstractmethod
    def steps(self, samples: int) -> int:
        """Return how many steps a clip of so many samples gives."""

    @abstractmethod
    def multiply_adds(self, layer: str, samples: int) -> int:
        """Return the multiplications with an addition that `layer` costs for a clip of so many samples.

        Convolutions and matrix products count, attention's too; norms, activations and the log-mel do not.
        """

    @abstractmethod
    def cut(self, layer: str) -> Self:
        """Return the encoder without what comes after `layer`: the same values for less work."""

    @abstractmethod
    def forward(self, batch: Floats, layers: tuple[str, ...]) -> dict[str, Floats]:
        """Return layer name to float32 [clips, steps, width] for float32 [clips, samples]; see `encode`."""

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the layers from input to output."""
        return tuple(layer.name for layer in self.layers)

    def layer(self, name: str) -> Layer:
        """Return the layer of that name.

        Raises:
            UnknownName: There is none; the valid ones are listed.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnknownName(f"layer of {self.about.name}", name, self.layer_names)

    def parameters_up_to(self, layer: str) -> int:
        """Return how many parameters the network has when it is cut after `layer`."""
        return self.layer(layer).parameters

    def encode(self, waves: Sequence[Wave], layers: Sequence[str] | None = None) -> list[dict[str, Floats]]:
        """Return what the layers say about each clip.

        Clips of equal length share a pass; none is padded to another's length, because padding changes
        every hidden state (attention and group norms look at it).

        Args:
            waves: Clips at 16 kHz, mono: int16, or float32 with full scale 1.0.
            layers: Which layers; `None` for all.

        Returns:
            For each clip, in the order given: layer name to float32 [steps, width].

        Raises:
            AudioUnreadable: A clip is shorter or longer than the network can hear.
            InvalidSetting: A clip is no 1-D array of int16 or float32.
            UnknownName: There is no such layer.
        """
        wanted = self.layer_names if layers is None else tuple(self.layer(name).name for name in layers)
        clips = [self._checked(wave) for wave in waves]
        found: list[dict[str, Floats]] = [{} for _ in clips]
        for group in equal_lengths([len(clip) for clip in clips]):
            outputs = self.forward(np.stack([clips[index] for index in group]), wanted)
            for row, index in enumerate(group):
                found[index] = {name: outputs[name][row] for name in wanted}
        return found

    def statistics(self, waves: Sequence[Wave], layers: Sequence[str] | None = None) -> dict[str, Floats]:
        """Return mean and standard deviation over time: layer name to float32 [clips, 2 * width]."""
        encoded = self.encode(waves, layers)
        names = self.layer_names if layers is None else tuple(layers)
        return {name: np.stack([mean_and_deviation(each[name]) for each in encoded]) for name in names}

    def _checked(self, wave: Wave) -> Floats:
        """Return a clip as float32 with full scale 1.0."""
        if wave.ndim != 1 or wave.dtype not in (np.int16, np.float32):
            raise InvalidSetting(
                f"{self.about.name} hears 1-D int16 or float32 at 16 kHz, not {wave.dtype} {list(wave.shape)}",
                "read sound with firmware_bridge.sound.audio.read_audio",
            )
        if not self.about.shortest <= len(wave) <= (self.about.longest or len(wave)):
            most = f" to {self.about.longest}" if self.about.longest else " or more"
            raise AudioUnreadable(
                f"a clip of {len(wave)} samples; {self.about.name} hears {self.about.shortest}{most}",
                "leave the clip out, or cut it",
            )
        if wave.dtype == np.float32:
            return wave.astype(np.float32, copy=False)
        return to_float(wave.astype(np.int16, copy=False))


def hear_statistics(
    encoder: Encoder, waves: Sequence[Wave], layers: Sequence[str] | None = None
) -> dict[str, Floats]:
    """Return `encoder.statistics` of many clips, a few at a time and with a progress bar.

    The arguments are those of `Encoder.encode`.
    """
    names = encoder.layer_names if layers is None else tuple(layers)
    pieces = [
        encoder.statistics(waves[start : start + PASS], names)
        for start in track(range(0, len(waves), PASS), f"listening with {encoder.about.name}")
    ]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}


def mean_and_deviation(sequence: npt.NDArray[Any]) -> Floats:
    """Return float32 [2 * width]: mean, then population standard deviation, over the steps of [steps, width]."""
    wide = sequence.astype(np.float64)
    return np.asarray(np.concatenate([wide.mean(axis=0), wide.std(axis=0)]), np.float32)


def equal_lengths(lengths: Sequence[int], batch_seconds: float = BATCH_SECONDS) -> list[list[int]]:
    """Return indices in batches of one length each, shortest first, at most `batch_seconds` of sound a batch."""
    by_length: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        by_length.setdefault(length, []).append(index)
    batches = []
    for length, indices in sorted(by_length.items()):
        size = max(1, int(batch_seconds * SAMPLE_RATE_HZ // max(length, 1)))
        batches += [indices[start : start + size] for start in range(0, len(indices), size)]
    return batches
