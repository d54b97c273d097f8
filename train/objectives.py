"""Losses of teachers and students, as functions of TensorFlow tensors.

The agreement measure behind the first is `train.evaluation.metrics.ccc`, written for reports in NumPy.
"""

from __future__ import annotations

from typing import Any

from firmware_bridge.base.errors import InvalidSetting

_TINY = 1e-8  # keeps a constant column at CCC 0 instead of 0/0


def negative_mean_ccc(truth: Any, guess: Any) -> Any:
    """Return minus the mean CCC over the columns: the loss of Mitra et al., arXiv 2503.22711.

    CCC = 2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2) over the batch, with variances divided by n
    (Lin, 1989). A column whose truth and guess are both constant counts as 0.

    Args:
        truth: float32 [batch, targets]: columns of a rater distribution, or valence, arousal and
            dominance. A NaN is a label that is missing: its clip does not count in its column.
        guess: float32 [batch, targets].

    Returns:
        A scalar between -1 and 1.
    """
    import tensorflow as tf

    truth = tf.cast(truth, guess.dtype)
    known = tf.math.is_finite(truth)
    share = tf.cast(known, guess.dtype)
    share /= tf.maximum(tf.reduce_sum(share, 0), 1)
    truth = tf.where(known, truth, tf.zeros_like(truth))
    mean_x, mean_y = tf.reduce_sum(share * truth, 0), tf.reduce_sum(share * guess, 0)
    dx, dy = truth - mean_x, guess - mean_y
    spread = tf.reduce_sum(share * (dx * dx + dy * dy), 0) + tf.square(mean_x - mean_y)
    return -tf.reduce_mean(2 * tf.reduce_sum(share * dx * dy, 0) / (spread + _TINY))


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


def distillation_loss(teacher: Any, logits: Any, temperature: float = 2.0) -> Any:
    """Return T^2 KL(teacher_T || student_T), averaged over the batch (Hinton et al., arXiv 1503.02531).

    Args:
        teacher: float32 [batch, classes], the teacher's probabilities. They are softened as
            softmax(log p / T), which equals softmax(logits / T).
        logits: float32 [batch, classes] of the student.
        temperature: T, above 0; T^2 keeps the gradient's size when T changes.

    Returns:
        A scalar in nats, 0 where both agree.

    Raises:
        InvalidSetting: The temperature is not positive.
    """
    if temperature <= 0:
        raise InvalidSetting(f"temperature {temperature} is not positive", "use a value such as 2.0")
    import tensorflow as tf

    known = tf.nn.log_softmax(tf.math.log(tf.maximum(tf.cast(teacher, logits.dtype), _TINY)) / temperature)
    guess = tf.nn.log_softmax(logits / temperature)
    divergence = tf.reduce_sum(tf.exp(known) * (known - guess), axis=-1)
    return temperature**2 * tf.reduce_mean(divergence)
