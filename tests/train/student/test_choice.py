"""The better way wins by its mean, and the gain is paired by seed."""

from __future__ import annotations

import numpy as np
import pytest

from train.student.choice import Trial, choose, gain_of_teaching

PLAIN, TAUGHT = False, True


def test_teaching_wins_by_a_gain_above_its_spread() -> None:
    reached = {Trial(PLAIN, 0): 0.6, Trial(PLAIN, 1): 0.5, Trial(TAUGHT, 0): 0.7, Trial(TAUGHT, 1): 0.75}
    assert choose(reached) == Trial(TAUGHT, 1)


def test_a_gain_that_chance_may_have_made_is_none() -> None:
    """The mean of the taught is higher, but one pair lost what the other won."""
    reached = {Trial(PLAIN, 0): 1.0, Trial(PLAIN, 1): 0.2, Trial(TAUGHT, 0): 0.7, Trial(TAUGHT, 1): 0.75}
    assert choose(reached) == Trial(PLAIN, 0)


def test_one_pair_shows_nothing() -> None:
    assert choose({Trial(PLAIN, 0): 0.25, Trial(TAUGHT, 0): 0.5}) == Trial(PLAIN, 0)


def test_the_same_gain_of_every_seed_is_above_no_spread() -> None:
    reached = {Trial(PLAIN, 0): 0.5, Trial(PLAIN, 1): 0.25, Trial(TAUGHT, 0): 0.75, Trial(TAUGHT, 1): 0.5}
    assert choose(reached) == Trial(TAUGHT, 0)


def test_equal_means_go_to_the_simpler_way_and_equal_seeds_to_the_first() -> None:
    reached = {Trial(PLAIN, 0): 0.5, Trial(PLAIN, 1): 0.5, Trial(TAUGHT, 0): 0.25, Trial(TAUGHT, 1): 0.75}
    assert choose(reached) == Trial(PLAIN, 0)


def test_without_a_teacher_the_best_seed_is_taken() -> None:
    assert choose({Trial(PLAIN, 3): 0.25, Trial(PLAIN, 9): 0.5}) == Trial(PLAIN, 9)


def test_the_gain_is_paired_by_seed() -> None:
    reached = {Trial(TAUGHT, 0): 0.75, Trial(PLAIN, 1): 0.25, Trial(PLAIN, 0): 0.5, Trial(TAUGHT, 1): 0.75}
    found = gain_of_teaching(reached)
    assert found["gain"] == pytest.approx(0.375)
    assert found["spread"] == pytest.approx(np.std([0.25, 0.5], ddof=1))
    assert found["seeds"] == 2
    assert list(found["values"]) == ["plain-0", "plain-1", "taught-0", "taught-1"]


def test_one_seed_has_no_spread() -> None:
    found = gain_of_teaching({Trial(PLAIN, 0): 0.5, Trial(TAUGHT, 0): 0.25})
    assert (found["gain"], found["spread"], found["seeds"]) == (-0.25, 0.0, 1)
