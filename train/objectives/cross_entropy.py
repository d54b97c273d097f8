"""Cross-entropy between rater distributions and class shares."""

from __future__ import annotations

from typing import Any

from train.objectives.registry import objective


@objective(
    "cross_entropy", summary="cross-entropy with the raters' distribution as a soft label", smooths=True
)
def soft_cross_entropy(truth: Any, logits: Any) -> Any:
    """Return the mean cross-entropy between rater distributions and a softmax over logits.

    Args:
        truth: float32 [batch, classes], rows that sum to 1 (one-hot where there is one label).
        logits: float32 [batch, classes].

    Returns:
        A scalar in nats.
    """
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(tf.cast(truth, logits.dtype), logits))
