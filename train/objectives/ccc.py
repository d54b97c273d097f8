"""Minus the concordance correlation coefficient, the loss of Mitra et al.

The agreement measure behind it is `train.evaluation.metrics.ccc`, written for reports in NumPy.
"""

from __future__ import annotations

from typing import Any

from train.objectives.registry import objective

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


@objective("ccc", summary="minus the mean CCC of class shares, Mitra et al.")
def ccc_of_shares(truth: Any, logits: Any) -> Any:
    """Return `negative_mean_ccc` of rater distributions and a softmax over logits, float32 [batch, classes] each."""
    import tensorflow as tf

    return negative_mean_ccc(truth, tf.nn.softmax(logits))
