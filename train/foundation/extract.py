"""Runs YAMNet over many clips and keeps what the chosen layers say."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.progress import track
from train.foundation.model import Features, Pooled, Sequences
from train.foundation.yamnet import (
    CHANNELS,
    INPUT_SCALE,
    LAYER_COUNT,
    YAMNET_FILE,
    build_trunk,
    parameters_up_to,
    time_stride,
)

_Activations = npt.NDArray[np.float32]


class YamNet:
    """YAMNet (AudioSet, 27 convolutions) behind the `FoundationModel` interface.

    Args:
        batch: Clips per pass; memory grows by about 8 MB a clip of 5 s.
    """

    name = "yamnet"
    frontend = "yamnet"
    licence = YAMNET_FILE.licence
    # conv1 and the pointwise convolutions: a depthwise layer only filters the channels before it.
    layers: tuple[str, ...] = tuple(f"conv{number}" for number in range(1, LAYER_COUNT + 1, 2))

    def __init__(self, batch: int = 16) -> None:
        self.batch = batch

    def parameters_up_to(self, layer: str) -> int:
        """Return how many parameters YAMNet has when it is cut after `layer`."""
        return parameters_up_to(self._number(layer))

    def sequences(
        self, features: Features, layers: Sequence[str] | None = None, keep_frequency: bool = False
    ) -> dict[str, Sequences]:
        """Return the activations of `layers` over time: name to float16 [clips, steps, channels]."""
        found: dict[str, Sequences] = {}
        for start, activations in self._passes(features, layers):
            for layer, values in activations.items():
                kept = _spread(values, keep_frequency)
                if layer not in found:
                    found[layer] = np.empty((len(features), *kept.shape[1:]), np.float16)
                found[layer][start : start + len(kept)] = kept
        return found

    def pooled(
        self,
        features: Features,
        layers: Sequence[str] | None = None,
        keep_frequency: bool = False,
        lengths: npt.NDArray[np.int64] | None = None,
    ) -> dict[str, Pooled]:
        """Return the activations of `layers` averaged over time: name to float32 [clips, channels]."""
        found: dict[str, Pooled] = {}
        valid = np.full(len(features), features.shape[1]) if lengths is None else np.maximum(lengths, 1)
        for start, activations in self._passes(features, layers):
            for layer, values in activations.items():
                kept = _spread(values, keep_frequency)
                steps = -(-valid[start : start + len(kept)] // time_stride(self._number(layer)))
                mask = np.arange(kept.shape[1])[None] < steps[:, None]
                mean = np.einsum("nsc,ns->nc", kept, mask / mask.sum(1, keepdims=True), optimize=True)
                found.setdefault(layer, np.empty((len(features), kept.shape[2]), np.float32))
                found[layer][start : start + len(kept)] = mean
        return found

    def _number(self, layer: str) -> int:
        every = [f"conv{number}" for number in range(1, LAYER_COUNT + 1)]
        if layer not in every:
            raise UnknownName("layer of yamnet", layer, every)
        return every.index(layer) + 1

    def _passes(
        self, features: Features, layers: Sequence[str] | None
    ) -> Iterator[tuple[int, dict[str, _Activations]]]:
        """Yield (first clip, layer name to float32 [batch, steps, frequencies, channels])."""
        if features.dtype != np.int8 or features.ndim != 3 or features.shape[2] != CHANNELS:
            raise InvalidSetting(
                f"YAMNet reads int8 [clips, frames, {CHANNELS}], not {features.dtype} {list(features.shape)}",
                f"compute features with the front-end preset '{self.frontend}'",
            )
        wanted = tuple(self.layers if layers is None else layers)
        network = _network(wanted, max(self._number(layer) for layer in wanted))
        starts = range(0, len(features), self.batch)
        for start in track(starts, f"listening with {self.name}"):
            block = features[start : start + self.batch].astype(np.float32)[..., None] * INPUT_SCALE
            outputs = network(block)
            yield start, {layer: np.asarray(values) for layer, values in outputs.items()}


@functools.lru_cache(maxsize=4)
def _network(layers: tuple[str, ...], deepest: int) -> Any:
    """Return a compiled function from features to layer name and activations."""
    import keras
    import tensorflow as tf

    trunk = build_trunk(deepest)
    tapped = keras.Model(trunk.inputs, {layer: trunk.get_layer(f"{layer}_relu").output for layer in layers})
    return tf.function(
        lambda block: tapped(block, training=False),
        input_signature=[tf.TensorSpec([None, None, CHANNELS, 1], tf.float32)],
    )


def _spread(values: _Activations, keep_frequency: bool) -> _Activations:
    """Return [clips, steps, channels]: frequencies averaged, or laid out beside each other."""
    if not keep_frequency:
        return np.asarray(values.mean(axis=2, dtype=np.float32))
    clips, steps, frequencies, channels = values.shape
    return values.reshape(clips, steps, frequencies * channels)
