"""What listening to a teacher costs: the distance to the shares that it gives."""

from __future__ import annotations

from typing import Any

from firmware_bridge.base.errors import InvalidSetting

_TINY = 1e-8  # a share of 0 has a logarithm


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
