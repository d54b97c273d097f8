"""The fused batch norm is the one of Keras: outputs, gradients, running statistics, weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from train.student.norm import MOMENTUM, batch_norm


@pytest.fixture(params=[(4, 6, 5, 3), (8, 1, 1, 2), (2, 7, 3, 16)])
def maps(request: pytest.FixtureRequest, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(3.0, 2.0, request.param).astype(np.float32)


def pair(channels: int) -> tuple[Any, Any]:
    """Return our layer and Keras's with the same weights."""
    import keras

    ours, theirs = batch_norm("ours"), keras.layers.BatchNormalization(momentum=MOMENTUM)
    weights = [np.linspace(low, low + 1, channels, dtype=np.float32) for low in (0.5, -1.0, 2.0, 1.0)]
    for layer in (ours, theirs):
        layer.build((None, None, None, channels))
        layer.set_weights(weights)
    return ours, theirs


def learn(layer: Any, maps: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return outputs in training, and gradients of inputs, scale and offset."""
    import tensorflow as tf

    inputs = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
        loss = tf.reduce_sum(outputs**3)
    found = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
    return outputs.numpy(), [one.numpy() for one in found]


def close(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-3 * max(1.0, np.abs(other).max()))


def test_training_is_the_same(maps: np.ndarray) -> None:
    ours, theirs = pair(maps.shape[-1])
    (outputs, gradients), (expected, others) = learn(ours, maps), learn(theirs, maps)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
    for one, other in zip(gradients, others, strict=True):
        close(one, other)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_the_running_variance_is_that_of_the_batch() -> None:
    """Keras's is biased, the kernel's is not: with few values the difference is large."""
    ours, _ = pair(1)
    maps = np.array([1.0, 3.0], np.float32).reshape(2, 1, 1, 1)
    ours(maps, training=True)
    mean, variance = ours.get_weights()[2:]
    assert mean[0] == pytest.approx(0.9 * 2.0 + 0.1 * 2.0)
    assert variance[0] == pytest.approx(0.9 * 1.0 + 0.1 * 1.0)


def test_outside_training_it_is_keras_itself(maps: np.ndarray) -> None:
    ours, theirs = pair(maps.shape[-1])
    np.testing.assert_array_equal(ours(maps, training=False).numpy(), theirs(maps, training=False).numpy())
    np.testing.assert_array_equal(ours(maps).numpy(), theirs(maps).numpy())
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_batch_gives_the_same_bytes(maps: np.ndarray) -> None:
    first, second = (learn(pair(maps.shape[-1])[0], maps) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    for one, other in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(one, other)
