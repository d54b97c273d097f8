"""The frozen trunk of the student: a foundation model cut at a middle layer, and its activations.

The trunk never changes while the body is trained, so its activations are computed once. They are kept as
uint8 in the very steps that the int8 network will have (ReLU6: 0..6 in 255 steps).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.progress import track
from train.foundation.yamnet import INPUT_SCALE, build_trunk

ACTIVATION_SCALE = 6.0 / 255.0
BATCH = 16


def trunk_activations(layer: int, features: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Compute the trunk's activations.

    Args:
        layer: YAMNet convolution after which the trunk is cut (a pointwise one, with ReLU6).
        features: int8[n, frames, 64] in steps of `INPUT_SCALE`.

    Returns:
        uint8[n, steps, frequencies, channels] in steps of `ACTIVATION_SCALE`.
    """
    import tensorflow as tf

    trunk = build_trunk(layer, frames=features.shape[1])
    forward = tf.function(
        lambda values: tf.cast(tf.round(trunk(values, training=False) / ACTIVATION_SCALE), tf.uint8),
        input_signature=[tf.TensorSpec((None, features.shape[1], features.shape[2], 1), tf.float32)],
    )
    result = np.empty((len(features), *trunk.output_shape[1:]), np.uint8)
    for start in track(range(0, len(features), BATCH), "trunk activations"):
        values = features[start : start + BATCH].astype(np.float32)[..., None] * np.float32(INPUT_SCALE)
        result[start : start + BATCH] = forward(tf.constant(values)).numpy()
    return result


def join(layer: int, frames: int, body: Any) -> Any:
    """Return trunk and trained body as one network with a batch of one, ready for conversion.

    Args:
        layer: Where the trunk is cut.
        frames: Frames of a window.
        body: The trained body (`build_body`).

    Returns:
        A `keras.Model` from float32 [1, frames, 64, 1] to logits float32 [1, classes].
    """
    import keras

    trunk = build_trunk(layer, frames=frames, batch=1)
    return keras.Model(trunk.input, body(trunk.output), name="student")
