"""Each loss against values worked out by hand or by NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from train.evaluation.metrics import ccc
from train.objectives.ccc import negative_mean_ccc
from train.objectives.cross_entropy import soft_cross_entropy
from train.objectives.distillation import distillation_loss


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def tensor(values: np.ndarray) -> object:
    import tensorflow as tf

    return tf.constant(values, tf.float32)


def test_ccc_by_hand() -> None:
    """Truth 1 2 3, guess 2 4 6: cov 4/3, variances 2/3 and 8/3, means 2 and 4: 2(4/3) / (10/3 + 4) = 4/11."""
    found = negative_mean_ccc(column(1, 2, 3), tensor(column(2, 4, 6)))
    assert float(found) == pytest.approx(-4 / 11, rel=1e-6)


def test_ccc_is_minus_one_only_for_the_truth_itself() -> None:
    truth = column(0.1, -0.5, 0.9)
    assert float(negative_mean_ccc(truth, tensor(truth))) == pytest.approx(-1, abs=1e-6)
    assert float(negative_mean_ccc(truth, tensor(truth + 1))) > -0.6
    assert float(negative_mean_ccc(truth, tensor(-truth))) > 0.5


def test_ccc_loss_agrees_with_the_metric(rng: np.random.Generator) -> None:
    truth, guess = rng.normal(size=(2, 20, 4)).astype(np.float32)
    each = [ccc(truth[:, k], guess[:, k]) for k in range(4)]
    assert float(negative_mean_ccc(truth, tensor(guess))) == pytest.approx(-np.mean(each), abs=1e-6)


def test_missing_labels_do_not_count(rng: np.random.Generator) -> None:
    truth, guess = rng.normal(size=(2, 12, 2)).astype(np.float32)
    holes = truth.copy()
    holes[3:6, 0] = np.nan
    kept = np.r_[0:3, 6:12]
    expected = (ccc(truth[kept, 0], guess[kept, 0]) + ccc(truth[:, 1], guess[:, 1])) / 2
    assert float(negative_mean_ccc(holes, tensor(guess))) == pytest.approx(-expected, abs=1e-6)


def test_a_batch_without_labels_gives_zero_and_a_finite_gradient(rng: np.random.Generator) -> None:
    import tensorflow as tf

    guess = tf.Variable(rng.normal(size=(4, 2)).astype(np.float32))
    with tf.GradientTape() as tape:
        loss = negative_mean_ccc(np.full((4, 2), np.nan, np.float32), guess)
    assert float(loss) == 0
    assert np.isfinite(tape.gradient(loss, guess).numpy()).all()


def test_cross_entropy_by_hand() -> None:
    """Softmax of (0, ln 3) is (1/4, 3/4): -(0.5 ln 1/4 + 0.5 ln 3/4), and -ln 3/4 for a sure label."""
    logits = tensor(np.array([[0, math.log(3)]]))
    shared = soft_cross_entropy(np.array([[0.5, 0.5]], np.float32), logits)
    assert float(shared) == pytest.approx(-0.5 * (math.log(0.25) + math.log(0.75)), rel=1e-6)
    assert float(soft_cross_entropy(np.array([[0.0, 1.0]], np.float32), logits)) == pytest.approx(
        -math.log(0.75)
    )


def test_distillation_by_hand() -> None:
    """T = 2: teacher (1/10, 9/10) softens to (1/4, 3/4); student logits 0 0 stay even."""
    teacher = np.array([[0.1, 0.9]], np.float32)
    found = distillation_loss(teacher, tensor(np.zeros((1, 2))), temperature=2)
    expected = 4 * (0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5))
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_distillation_is_zero_for_equal_distributions(temperature: float) -> None:
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 0.0, 3.0]], np.float32)
    teacher = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert float(distillation_loss(teacher, tensor(logits + 7), temperature)) == pytest.approx(0, abs=1e-5)


def test_distillation_bears_a_sure_teacher() -> None:
    sure = np.array([[1.0, 0.0, 0.0]], np.float32)
    assert math.isfinite(float(distillation_loss(sure, tensor(np.zeros((1, 3))))))


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_distillation_needs_a_positive_temperature(temperature: float) -> None:
    with pytest.raises(InvalidSetting, match="not positive"):
        distillation_loss(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32), temperature)
