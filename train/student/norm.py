"""Batch norm of Keras, computed in one pass where a network is trained. TensorFlow inside functions only."""

from __future__ import annotations

import functools
from typing import Any

# The running mean and variance must follow within a few hundred steps: some depthwise outputs are tiny.
MOMENTUM = 0.9


@functools.cache
def _fused_class() -> Any:
    """Return the layer's class; made late, since it inherits from a heavy library."""
    import tensorflow as tf
    from keras import layers

    class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
        """The same function and weights as its parent.

        Keras computes mean, variance, difference, product and so on one after the other, each a pass over the
        whole map, and their gradients likewise: half the time of a training step of the keyword network. The
        fused kernel is one pass each way.
        """

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            if not training:
                return super().call(inputs, training=training, mask=mask)
            count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
            outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=self.gamma.value,
                offset=self.beta.value,
                mean=[],
                variance=[],
                epsilon=self.epsilon,
                is_training=True,
            )
            # The kernel divides by count - 1, Keras by count.
            for kept, seen in (
                (self.moving_mean, mean),
                (self.moving_variance, variance * ((count - 1.0) / count)),
            ):
                kept.assign(kept.value * self.momentum + seen * (1.0 - self.momentum))
            return outputs

    return FusedBatchNormalization


def batch_norm(name: str) -> Any:
    """Return a batch norm layer for maps [batch, time, frequency, channels]; it is folded away on conversion."""
    return _fused_class()(momentum=MOMENTUM, name=name)
