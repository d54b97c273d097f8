"""Late fusion: fitted on composed windows with words and voices that the branches were not trained on.

The head is the float twin of `firmware_bridge.contract.fusion.FusionHead`. Its shape follows Bayes' rule for a known
word, log p(c | sound, word) = log p(c | sound) + log P(word | c) + constant: what the words say is learnt
from many windows without the acoustic branch, then two weights balance the branches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.contract.fusion import FusionHead

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FloatFusion:
    """A fitted fusion layer.

    Attributes:
        acoustic: Weight of every acoustic logit.
        keyword: float64[classes, keywords], weight of each keyword posterior.
    """

    acoustic: float
    keyword: Floats

    def logits(self, acoustic: Floats, keyword: Floats) -> Floats:
        """Return fused logits float64[n, classes] for logits [n, classes] and posteriors [n, keywords]."""
        return self.acoustic * acoustic + keyword @ self.keyword.T

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
        return integer_layer(
            weight,
            self.logits(acoustic, keyword),
            np.repeat(scales, (classes, keywords)),
            np.repeat(zero_points, (classes, keywords)).astype(np.int32),
        )


def integer_layer(
    weight: Floats, outputs: Floats, scales: Floats, zero_points: NDArray[np.int32]
) -> FusionHead:
    """Quantise a linear layer whose outputs are only compared with one another.

    Args:
        weight: float64[classes, inputs].
        outputs: float64[n, classes], what it gives; they decide the range.
        scales: float64[inputs], real value of one int8 step of each input.
        zero_points: int32[inputs], the int8 step that means 0.
    """
    # Only differences between classes count: a bias centres the range, so that int8 is used fully.
    middle = float(outputs.max() + outputs.min()) / 2
    largest = max(float(np.abs(outputs - middle).max()), 1e-3)
    return FusionHead.from_float(weight, np.full(len(weight), -middle), scales, zero_points, largest)


def balanced(truth: NDArray[np.int64], classes: int) -> Floats:
    """Return a weight per sample, summing to 1, that gives every class the same share."""
    counts = np.bincount(truth, minlength=classes)
    weights: Floats = 1.0 / np.maximum(counts, 1)[truth]
    shares: Floats = weights / weights.sum()
    return shares


def fit_words(keyword: Floats, truth: NDArray[np.int64], classes: int, penalty: float = 1e-3) -> Floats:
    """Fit what each keyword says about the emotion: a penalised multinomial regression (convex; L-BFGS).

    Args:
        keyword: float64[n, keywords], keyword posteriors.
        truth: int64[n], the emotion classes.
        classes: Number of emotion classes.
        penalty: Weight of half the squared weights.

    Returns:
        float64[classes, keywords]; with sure posteriors it tends to log P(word | class) up to a constant per word.
    """
    from scipy.optimize import minimize

    share = balanced(truth, classes)[:, None]
    wanted = np.eye(classes)[truth]
    shape = (classes, keyword.shape[1])

    def loss(values: Floats) -> tuple[float, Floats]:
        logits = keyword @ values.reshape(shape).T
        logits -= logits.max(1, keepdims=True)
        log_norm = np.log(np.exp(logits).sum(1, keepdims=True))
        error = (np.exp(logits - log_norm) - wanted) * share
        value = -float(((logits - log_norm) * wanted * share).sum()) + penalty * float(values @ values) / 2
        return value, (error.T @ keyword).ravel() + penalty * values

    found: Floats = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B").x.reshape(
        shape
    )
    return found


def fit_fusion(
    acoustic: Floats, keyword: Floats, truth: NDArray[np.int64], word_layer: Floats
) -> FloatFusion:
    """Weigh both branches against each other, by maximum likelihood on speakers that neither has heard.

    Two numbers are fitted, so that few speakers suffice: the weight of the acoustic logits and that of what
    the words say. A bias per class would fit the validation speakers' ways, not emotion.

    Args:
        acoustic: float64[n, classes], acoustic logits.
        keyword: float64[n, keywords], keyword posteriors.
        truth: int64[n], the emotion classes.
        word_layer: What `fit_words` found.

    Returns:
        The fitted layer.
    """
    from scipy.optimize import minimize

    share = balanced(truth, acoustic.shape[1])
    told = keyword @ word_layer.T

    def loss(weights: Floats) -> float:
        logits = weights[0] * acoustic + weights[1] * told
        logits = logits - logits.max(1, keepdims=True)
        picked = logits[np.arange(len(truth)), truth] - np.log(np.exp(logits).sum(1))
        return -float((picked * share).sum())

    weights = minimize(loss, np.ones(2), method="L-BFGS-B", bounds=[(0.01, 10.0), (0.0, 3.0)]).x
    return FloatFusion(float(weights[0]), float(weights[1]) * word_layer)


def best_temperature(logits: Floats, truth: NDArray[np.int64]) -> float:
    """Return the weight of `logits` with the highest likelihood: what makes them calibrated."""
    from scipy.optimize import minimize_scalar

    share = balanced(truth, logits.shape[1])

    def loss(log_weight: float) -> float:
        scaled = logits * np.exp(log_weight)
        scaled = scaled - scaled.max(1, keepdims=True)
        picked = scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(1))
        return -float((picked * share).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def bayes_fusion(logits: Floats, keywords: NDArray[np.int64], table: Floats, weight: float) -> Floats:
    """Return the scores of the best fusion that knows the word and the table.

    Args:
        logits: float64[n, classes], acoustic logits.
        keywords: int64[n], the true keyword class of each window.
        table: float64[classes, keywords], P(word | emotion).
        weight: `best_temperature` of the logits.

    Returns:
        float64[n, classes], log p(c | sound) + log P(word | c), up to a constant per row.
    """
    known: Floats = np.log(np.maximum(table.T[keywords], 1e-12))
    return weight * logits + known


def shuffled(keywords: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return a permutation of the indices of `keywords`: the control in which keywords tell nothing."""
    return np.random.default_rng(seed).permutation(len(keywords))
