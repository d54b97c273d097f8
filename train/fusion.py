"""Late fusion: fitted on composed windows of speakers that neither branch was trained on.

The head is the float twin of `firmware_bridge.fusion.FusionHead`. Its shape follows Bayes' rule for a known
word, log p(c | sound, word) = log p(c | sound) + log P(word | c) + constant, with few parameters, because few
validation speakers must suffice: one weight for all acoustic logits, one weight per class and keyword.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.fusion import FusionHead

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FloatFusion:
    """A fitted fusion layer.

    Attributes:
        acoustic: Weight of every acoustic logit.
        keyword: float64[classes, keywords], weight of each keyword posterior.
        bias: float64[classes].
    """

    acoustic: float
    keyword: Floats
    bias: Floats

    def logits(self, acoustic: Floats, keyword: Floats) -> Floats:
        """Return fused logits float64[n, classes] for logits [n, classes] and posteriors [n, keywords]."""
        return self.acoustic * acoustic + keyword @ self.keyword.T + self.bias

    def to_integers(
        self,
        acoustic: Floats,
        keyword: Floats,
        scales: tuple[float, float],
        zero_points: tuple[int, int],
    ) -> FusionHead:
        """Return the integer head for the int8 scores of both branches.

        Args:
            acoustic: float64[n, classes], real acoustic logits that decide the output's range.
            keyword: float64[n, keywords], the posteriors beside them.
            scales: Real value of one int8 step of the acoustic and of the keyword scores.
            zero_points: The int8 steps that mean 0.
        """
        classes, keywords = self.keyword.shape
        weight = np.concatenate([self.acoustic * np.eye(classes), self.keyword], axis=1)
        largest = float(np.abs(self.logits(acoustic, keyword)).max())
        return FusionHead.from_float(
            weight,
            self.bias,
            np.repeat(scales, (classes, keywords)),
            np.repeat(zero_points, (classes, keywords)).astype(np.int32),
            max(largest, 1e-3),
        )


def fit_fusion(
    acoustic: Floats,
    keyword: Floats,
    truth: NDArray[np.int64],
    penalty: float = 1e-2,
    use_acoustic: bool = True,
) -> FloatFusion:
    """Fit the layer by penalised maximum likelihood (convex; L-BFGS).

    Args:
        acoustic: float64[n, classes], acoustic logits.
        keyword: float64[n, keywords], keyword posteriors.
        truth: int64[n], the emotion classes.
        penalty: Weight of half the squared keyword weights and biases, per sample.
        use_acoustic: False fits the keyword branch's own guess (acoustic weight 0).

    Returns:
        The fitted layer.
    """
    from scipy.optimize import minimize

    count, classes = acoustic.shape
    keywords = keyword.shape[1]
    wanted = np.eye(classes)[truth]

    def unpack(values: Floats) -> FloatFusion:
        weight = float(values[0]) if use_acoustic else 0.0
        return FloatFusion(
            weight, values[1 : 1 + classes * keywords].reshape(classes, keywords), values[-classes:]
        )

    def loss(values: Floats) -> tuple[float, Floats]:
        layer = unpack(values)
        logits = layer.logits(acoustic, keyword)
        logits -= logits.max(1, keepdims=True)
        log_norm = np.log(np.exp(logits).sum(1, keepdims=True))
        error = (np.exp(logits - log_norm) - wanted) / count
        free = values.copy()
        free[0] = 0.0
        value = -float(((logits - log_norm) * wanted).sum()) / count + penalty * float(free @ free) / 2
        slope = np.concatenate(
            [[float((error * acoustic).sum()) * use_acoustic], (error.T @ keyword).ravel(), error.sum(0)]
        )
        return value, slope + penalty * free

    start = np.zeros(1 + classes * keywords + classes)
    start[0] = 1.0
    return unpack(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def best_temperature(logits: Floats, truth: NDArray[np.int64]) -> float:
    """Return the weight of `logits` with the highest likelihood: what makes them calibrated."""
    from scipy.optimize import minimize_scalar

    def loss(log_weight: float) -> float:
        scaled = logits * np.exp(log_weight)
        scaled = scaled - scaled.max(1, keepdims=True)
        picked = scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(1))
        return -float(picked.mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def bayes_fusion(logits: Floats, words: NDArray[np.int64], table: Floats, weight: float) -> Floats:
    """Return the scores of the best fusion that knows the word and the table.

    Args:
        logits: float64[n, classes], acoustic logits.
        words: int64[n], the true keyword class of each window.
        table: float64[classes, keywords], P(word | emotion).
        weight: `best_temperature` of the logits.

    Returns:
        float64[n, classes], log p(c | sound) + log P(word | c), up to a constant per row.
    """
    known: Floats = np.log(np.maximum(table.T[words], 1e-12))
    return weight * logits + known


def shuffled(words: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return a permutation of the indices of `words`: the control in which keywords tell nothing."""
    return np.random.default_rng(seed).permutation(len(words))
