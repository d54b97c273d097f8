"""YAMNet behind the waveform interface: the micro-frontend's features, then the float network, frequencies averaged."""

from __future__ import annotations

import hashlib
from typing import Self

import numpy as np

from firmware_bridge.microfrontend import InputScaling, MicroFrontend, preset
from firmware_bridge.sound.audio import to_pcm16
from train.foundation.encoder import About, Encoder, Floats, Layer
from train.foundation.extract import YamNet
from train.foundation.yamnet import CHANNELS, YAMNET_FILE, parameters_up_to, time_stride, yamnet_layers


class YamNetEncoder(Encoder):
    """YAMNet (AudioSet, 27 convolutions); its layers are the ones that `YamNet` ranks.

    Each clip's features are scaled to their own range (`InputScaling(kind="range")`), so level does not matter.
    Layers come at their own rates, 10 ms times the strides so far; `about.samples_per_step` is that of the last.

    Args:
        deepest: Where it is cut; the last layer by default.
    """

    def __init__(self, deepest: str = "conv27") -> None:
        self._network, self._spec = YamNet(), preset(YamNet.frontend)
        kept = self._network.layers[: self._network.layers.index(deepest) + 1]
        convolutions = yamnet_layers()
        self.layers = tuple(
            Layer(name, convolutions[_number(name) - 1].channels, parameters_up_to(_number(name)))
            for name in kept
        )
        self._step = self._spec.sample_rate_hz * self._spec.step_ms // 1000
        self.about = About(
            name=self._network.name,
            licence=self._network.licence,
            fingerprint=hashlib.sha256(
                f"{YAMNET_FILE.sha256} {self._spec.model_dump_json()}".encode()
            ).hexdigest(),
            samples_per_step=self._step * time_stride(27),
            shortest=self._spec.sample_rate_hz * self._spec.window_ms // 1000,
        )

    def steps(self, samples: int) -> int:
        """Return how many steps the last layer gives for a clip of so many samples."""
        return -(-self._spec.frames(samples) // time_stride(_number(self.layers[-1].name)))

    def multiply_adds(self, layer: str, samples: int) -> int:
        """Return the multiply-adds of `layer` for a clip of so many samples, from the convolutions' shapes."""
        frames, channels, total = self._spec.frames(samples), CHANNELS, 0
        for conv in yamnet_layers()[: _number(self.layer(layer).name)]:
            # Padding "same": a stride rounds up.
            frames, channels = -(-frames // conv.stride[0]), -(-channels // conv.stride[1])
            total += frames * channels * conv.kernel.size
        return total

    def cut(self, layer: str) -> Self:
        """Return the network without what comes after `layer`."""
        return type(self)(self.layer(layer).name)

    def forward(self, batch: Floats, layers: tuple[str, ...]) -> dict[str, Floats]:
        """Return layer name to float32 [clips, steps, channels]."""
        front, scaling = MicroFrontend(self._spec), InputScaling(kind="range")
        features = np.stack([scaling.apply(front.process(to_pcm16(clip))) for clip in batch])
        found = self._network.sequences(features, layers)
        return {name: values.astype(np.float32) for name, values in found.items()}


def _number(layer: str) -> int:
    """Return the position of `convN`."""
    return int(layer.removeprefix("conv"))
