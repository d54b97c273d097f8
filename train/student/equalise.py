"""Scales of a frozen trunk, so that int8 keeps more of it. TensorFlow inside functions only.

Each convolution of the trunk ends in ReLU6, and int8 has 255 steps for 0..6. Few channels use them: most stay below
3, and a third of the noise that int8 adds to the student's scores comes from steps that are too coarse for them. A
channel that is multiplied by s before ReLU6 and divided by s after it is the same channel, clipped at 6 / s instead
of 6, with steps finer by s (cross-layer equalisation, Nagel et al. 2019, arXiv 1906.04721, section 4.1). What divides
is the next convolution's weights. The body is trained on the scaled trunk, so what is clipped is no error.

Weights stay exactly on their int8 grid: a pointwise convolution feeds a depthwise one, whose every channel has a scale
of its own, and may be scaled channel by channel; a depthwise one feeds a pointwise one, which mixes channels, and is
scaled as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.progress import track
from train.foundation.tflite_weights import ConvLayer

Scales = tuple[NDArray[np.float32], ...]

# What is clipped: of a channel one value in ten thousand, of a whole map one in a thousand.
CHANNEL_PERCENTILE, MAP_PERCENTILE = 99.99, 99.9
CEILING = 6.0
# A channel that is hardly ever on must not be blown up without bound.
MOST = 16.0
# Values of a map that its percentile is estimated from: every so many.
STRIDE = 7
FILE = "scales.npz"


def measure_scales(layer: int, windows: NDArray[np.int8]) -> Scales:
    """Return the scales of the first convolutions of YAMNet, float32[channels] each, at least 1.

    Args:
        layer: How many convolutions the trunk has.
        windows: int8[n, frames, 64], speech of people that nothing is scored on.
    """
    import tensorflow as tf

    from train.foundation.yamnet import INPUT_SCALE, build_trunk, yamnet_layers

    layers = yamnet_layers()[:layer]
    trunk = build_trunk(layer, frames=windows.shape[1])
    outputs = [trunk.get_layer(f"{conv.name}_relu").output for conv in layers]
    import keras

    forward = tf.function(keras.Model(trunk.input, outputs))
    seen: list[list[NDArray[np.float32]]] = [[] for _ in layers]
    for window in track(windows, "measuring the trunk's ranges"):
        values = window[None, ..., None].astype(np.float32) * np.float32(INPUT_SCALE)
        for found, maps in zip(seen, forward(tf.constant(values)), strict=True):
            found.append(maps.numpy().reshape(-1, maps.shape[-1]))
    return tuple(
        _scales(conv, np.concatenate(found), last=index == layer - 1)
        for index, (conv, found) in enumerate(zip(layers, seen, strict=True))
    )


def _scales(conv: ConvLayer, values: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
    """Return the scales of one convolution that gave `values` float32[n, channels]."""
    if conv.activation != "relu6":
        return np.ones(values.shape[1], np.float32)
    if conv.depthwise and not last:
        top = np.full(values.shape[1], np.percentile(values[::STRIDE], MAP_PERCENTILE))
    else:
        top = np.percentile(values, CHANNEL_PERCENTILE, axis=0)
    return np.clip(CEILING / np.maximum(top, CEILING / MOST), 1.0, MOST).astype(np.float32)


def scaled(
    layers: Sequence[ConvLayer], scales: Scales
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return kernel and bias of each convolution, such that its outputs are multiplied by its scales.

    Args:
        layers: The convolutions, one feeding the next.
        scales: float32[channels] for each.

    Raises:
        ValueError: There are not as many scales as convolutions.
    """
    found = []
    before: NDArray[np.float32] | None = None
    for conv, scale in zip(layers, scales, strict=True):
        kernel = conv.kernel.astype(np.float32)
        if before is not None:
            kernel = kernel / before[:, None]
        kernel = kernel * (scale[:, None] if conv.depthwise else scale)
        found.append((kernel.astype(np.float32), (conv.bias * scale).astype(np.float32)))
        before = scale
    return found


def save_scales(folder: Path, scales: Scales) -> None:
    """Write scales into a folder."""
    np.savez(folder / FILE, **{f"conv{index:02}": scale for index, scale in enumerate(scales)})


def load_scales(folder: Path) -> Scales | None:
    """Read the scales of a folder; None where there are none."""
    path = folder / FILE
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return tuple(stored[name] for name in sorted(stored.files))
