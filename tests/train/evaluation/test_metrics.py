"""Metrics against scikit-learn, against hand-worked cases, and on the edges where classes are missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.evaluation import metrics

CLASSES = 4
pairs = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_agrees_with_scikit_learn(drawn: list[tuple[int, int]]) -> None:
    import warnings

    from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

    truth, said = (list(column) for column in zip(*drawn, strict=True))
    matrix = metrics.confusion(truth, said, CLASSES)
    assert np.array_equal(matrix, confusion_matrix(truth, said, labels=range(CLASSES)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert metrics.uar(matrix) == pytest.approx(balanced_accuracy_score(truth, said))
        assert metrics.macro_f1(matrix) == pytest.approx(f1_score(truth, said, average="macro"))
        assert metrics.accuracy(matrix) == pytest.approx(accuracy_score(truth, said))


def test_uar_does_not_depend_on_class_sizes() -> None:
    matrix = np.array([[90, 10], [1, 1]])
    assert metrics.uar(matrix) == pytest.approx((0.9 + 0.5) / 2)
    assert metrics.recalls(matrix).tolist() == [0.9, 0.5]
    assert metrics.f1s(matrix)[1] == pytest.approx(2 * 1 / (2 + 11))


def test_absent_classes_do_not_count() -> None:
    matrix = metrics.confusion([0, 0, 1], [0, 1, 1], 3)
    assert metrics.uar(matrix) == pytest.approx(0.75)
    assert np.isnan(metrics.recalls(matrix)[2])
    assert np.isnan(metrics.uar(np.zeros((3, 3))))


def test_stacks_are_worked_along_the_leading_axis(rng: np.random.Generator) -> None:
    stack = rng.integers(0, 9, (5, 2, CLASSES, CLASSES))
    for metric in (metrics.uar, metrics.macro_f1, metrics.accuracy):
        values = metric(stack)
        assert values.shape == (5, 2)
        assert values[3, 1] == pytest.approx(float(metric(stack[3, 1])))


@pytest.mark.parametrize(("truth", "said"), [([0, 4], [0, 0]), ([0, -1], [0, 0]), ([0], [0, 1])])
def test_confusion_refuses_nonsense(truth: list[int], said: list[int]) -> None:
    with pytest.raises(ValueError, match=r"class indices|shape"):
        metrics.confusion(truth, said, CLASSES)


def test_n_best_by_hand_and_with_ties() -> None:
    scores = np.array([[5, 5, 1], [5, 5, 1], [0, 2, 1], [7, 7, 7]], dtype=np.int8)
    truth = [0, 1, 0, 2]
    assert metrics.hits_in_best(truth, scores, 1).tolist() == [True, False, False, False]
    assert metrics.hits_in_best(truth, scores, 2).tolist() == [True, True, False, False]
    assert metrics.hits_in_best(truth, scores, 3).tolist() == [True, True, True, True]


def test_one_best_is_argmax(rng: np.random.Generator) -> None:
    scores = rng.integers(-3, 4, (200, CLASSES)).astype(np.int8)
    truth = rng.integers(0, CLASSES, 200)
    hits = metrics.hits_in_best(truth, scores, 1)
    assert np.array_equal(hits, scores.argmax(axis=1) == truth)
    matrix = metrics.confusion(truth, scores.argmax(axis=1), CLASSES)
    assert metrics.uar_of_hits(truth, hits, CLASSES) == pytest.approx(float(metrics.uar(matrix)))


def test_speakers_have_their_own_uar() -> None:
    truth, hits = [0, 0, 1, 0, 1], [True, False, True, False, False]
    own = metrics.per_speaker_uar(truth, hits, ["b", "b", "b", "a", "a"], 2)
    assert own == {"a": 0.0, "b": 0.75}
    assert list(own) == ["a", "b"]


def test_pa_uar_counts_speakers_strictly_above() -> None:
    own = {"a": 0.75, "b": 0.76, "c": 0.2, "d": 1.0}
    assert metrics.pa_uar(own, 75) == 0.5
    assert metrics.pa_uar(own, 10) == 1.0
    assert np.isnan(metrics.pa_uar({}, 50))


def test_ccc_by_hand(rng: np.random.Generator) -> None:
    x = rng.standard_normal(500)
    assert metrics.ccc(x, x) == pytest.approx(1.0)
    assert metrics.ccc(x, -x + 2 * x.mean()) == pytest.approx(-1.0)
    assert metrics.ccc(x, np.full(500, x.mean())) == pytest.approx(0.0)
    assert metrics.ccc([1.0, 1.0], [1.0, 1.0]) == 1.0
    # A shift by one: variance 2/3 each, so 2 * 2/3 / (2/3 + 2/3 + 1) = 4/7.
    assert metrics.ccc([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)


def test_simple_predictors_have_the_uar_of_chance() -> None:
    train, test = [10, 70, 20], [5, 5, 30]
    majority = metrics.majority_confusion(train, test)
    assert majority.tolist() == [[0, 5, 0], [0, 5, 0], [0, 30, 0]]
    assert metrics.uar(majority) == pytest.approx(1 / 3)
    prior = metrics.prior_confusion(train, test)
    assert prior.sum() == pytest.approx(40)
    assert prior[2].tolist() == pytest.approx([3.0, 21.0, 6.0])
    assert metrics.uar(prior) == pytest.approx(1 / 3)


def test_gender_gap_is_women_minus_men() -> None:
    truth, hits = [0, 1, 0, 1], [True, True, True, False]
    assert metrics.gender_gap(truth, hits, ["female", "female", "male", "male"], 2) == pytest.approx(0.5)
    assert metrics.gender_gap(truth, hits, ["female", "female", None, None], 2) is None


def test_concordance_from_sums_equals_concordance(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 60))
    parts = [metrics.moments(x[part], y[part]) for part in (slice(0, 25), slice(25, 60))]
    assert metrics.ccc_of_moments(sum(parts)) == pytest.approx(metrics.ccc(x, y))
    stack = np.array([sum(parts), metrics.moments(x, x)])
    assert metrics.ccc_of_moments(stack) == pytest.approx([metrics.ccc(x, y), 1.0])


def test_concordance_from_sums_of_constants() -> None:
    same, other = np.full(7, 0.1), np.full(7, 0.3)
    assert metrics.ccc_of_moments(metrics.moments(same, same)) == metrics.ccc(same, same) == 1.0
    assert metrics.ccc_of_moments(metrics.moments(same, other)) == pytest.approx(
        metrics.ccc(same, other), abs=1e-9
    )
