"""The regression teacher: averages by hand, rater shares as weights, classes that nobody had."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from train.teacher import TEACHERS, Lesson
from train.teacher.regression import RegressionSettings, averages, train_regression


def lesson(targets: np.ndarray, seed: int = 1, steps: int = 1, channels: int = 3) -> Lesson:
    """Clips whose first channel says how much of the last class they hold."""
    rng = np.random.default_rng(seed)
    count = len(targets)
    sequences = rng.normal(0, 0.3, (count, steps, channels)).astype(np.float32)
    sequences[:, :, 0] += targets[:, -1:] * 4
    learn = np.arange(count) < count * 3 // 4
    return Lesson(
        sequences, np.full(count, steps), targets.astype(np.float32), None, learn, np.zeros(count, bool), seed
    )


def one_hot(classes: int, count: int = 80) -> np.ndarray:
    return np.eye(classes)[np.arange(count) % classes]


def test_averages_by_hand() -> None:
    """Steps 1 and 3 of a clip of two: mean 2, deviation 1; what is padding does not count."""
    sequences = np.array([[[1.0], [3.0], [100.0]], [[5.0], [5.0], [5.0]]])
    assert averages(sequences, np.array([2, 3])).tolist() == [[2, 1], [5, 0]]
    assert averages(sequences[:, :1]).tolist() == [[1], [5]], "one step is what it is"


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_it_learns_what_can_be_heard(classes: int) -> None:
    given = lesson(one_hot(classes))
    said = train_regression(given, RegressionSettings(inverse_penalty=1.0)).predict(
        given.sequences, given.steps
    )
    assert said.shape == (80, classes)
    assert said.sum(1) == pytest.approx(1, rel=1e-5)
    last, unheard = given.targets[:, -1] == 1, ~given.learn
    guess = said.argmax(1) == classes - 1
    assert (guess == last)[unheard].mean() > 0.9


def test_rater_shares_are_weights() -> None:
    """A clip that half its raters called so counts half: shares of .5 give the scores of both labels, equally often."""
    shared = np.tile([[0.5, 0.5]], (40, 1))
    given = lesson(shared)
    said = train_regression(given, RegressionSettings()).predict(given.sequences)
    assert said == pytest.approx(0.5, abs=1e-3)


def test_a_class_that_nobody_had_gets_nothing() -> None:
    given = lesson(np.insert(one_hot(2), 1, 0, axis=1))
    said = train_regression(given, RegressionSettings(inverse_penalty=1.0)).predict(given.sequences)
    assert (said[:, 1] == 0).all()
    assert said[:, [0, 2]].sum(1) == pytest.approx(1)


def test_what_is_watched_or_unheard_changes_nothing() -> None:
    given = lesson(one_hot(3))
    changed = given.sequences.copy()
    changed[~given.learn] = 99
    other = Lesson(changed, given.steps, given.targets, None, given.learn, ~given.learn, given.seed)
    one, two = (train_regression(each, RegressionSettings()) for each in (given, other))
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(one.mean, two.mean)


def test_the_same_lesson_gives_the_same_file(tmp_path: Path) -> None:
    given = lesson(one_hot(4), steps=5)
    for name in ("a", "b"):
        train_regression(given, RegressionSettings()).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert stored["weights"].shape == (6, 4)


def test_one_class_cannot_be_learnt() -> None:
    with pytest.raises(InvalidSetting, match="fewer than two classes"):
        train_regression(lesson(np.ones((8, 1))), RegressionSettings())


def test_it_is_known_by_name() -> None:
    assert TEACHERS.find("regression").train is train_regression
    assert RegressionSettings().name == "regression"
