"""Intervals are over speakers, repeatable, and cover what they should."""

from __future__ import annotations

import numpy as np
import pytest

from train.evaluation import metrics
from train.evaluation.bootstrap import (
    Interval,
    bootstrap,
    paired_difference,
    speaker_confusions,
    unpaired_difference,
)
from train.evaluation.metrics import uar


def stack_of(rng: np.random.Generator, speakers: int, right: float, clips: int = 20) -> np.ndarray:
    """Confusion matrices of two classes; each speaker has its own chance to be right."""
    own = np.clip(rng.normal(right, 0.1, speakers), 0, 1)
    hits = rng.binomial(clips, own[:, None], (speakers, 2))
    out = np.zeros((speakers, 2, 2), dtype=np.int64)
    for k in range(2):
        out[:, k, k], out[:, k, 1 - k] = hits[:, k], clips - hits[:, k]
    return out


def test_speaker_confusions_add_up(rng: np.random.Generator) -> None:
    truth, said = rng.integers(0, 3, 100), rng.integers(0, 3, 100)
    speakers = [f"s{k}" for k in rng.integers(0, 7, 100)]
    order, stack = speaker_confusions(truth, said, speakers, 3)
    assert list(order) == sorted(set(speakers))
    assert np.array_equal(stack.sum(axis=0), metrics.confusion(truth, said, 3))
    assert stack[0].sum() == speakers.count(order[0])


def test_same_seed_same_interval(rng: np.random.Generator) -> None:
    stack = stack_of(rng, 12, 0.7)
    first = bootstrap(stack, metrics.uar, seed=4)
    assert first == bootstrap(stack, metrics.uar, seed=4)
    assert first != bootstrap(stack, metrics.uar, seed=5)
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(float(metrics.uar(stack.sum(axis=0))))
    assert first.speakers == 12


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = sum(
        not bootstrap(stack_of(rng, 25, 0.6), metrics.uar, resamples=400, seed=k).excludes(0.6)
        for k in range(150)
    )
    assert 0.87 <= covered / 150 <= 0.99


def test_speakers_are_the_unit_not_clips() -> None:
    """A few speakers who are all right or all wrong leave a wide interval, however many clips they have."""
    stack = np.zeros((6, 2, 2), dtype=np.int64)
    stack[:3] = [[1000, 0], [0, 1000]]
    stack[3:] = [[0, 1000], [1000, 0]]
    interval = bootstrap(stack, metrics.uar)
    assert interval.value == pytest.approx(0.5)
    assert interval.high - interval.low > 0.6


def test_paired_difference_sees_what_two_intervals_do_not() -> None:
    rng = np.random.default_rng(1)
    worse = stack_of(rng, 15, 0.6)
    better = worse.copy()
    better[:, 0, 0] += np.minimum(2, worse[:, 0, 1])
    better[:, 0, 1] -= np.minimum(2, worse[:, 0, 1])
    gain = paired_difference(better, worse, metrics.uar)
    assert gain.excludes(0.0)
    assert gain.value > 0
    alone = [bootstrap(stack, metrics.uar) for stack in (better, worse)]
    assert alone[0].low < alone[1].high, "the single intervals overlap"
    same = paired_difference(worse, worse, metrics.uar)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_paired_difference_refuses_other_clips(rng: np.random.Generator) -> None:
    stack = stack_of(rng, 5, 0.5)
    with pytest.raises(ValueError, match="same clips"):
        paired_difference(stack, stack[:4], metrics.uar)
    with pytest.raises(ValueError, match="same clips"):
        paired_difference(stack, stack * 2, metrics.uar)


def test_nobody_to_resample_is_refused() -> None:
    with pytest.raises(ValueError, match="no speakers"):
        bootstrap(np.zeros((0, 2, 2)), metrics.uar)


def test_interval_as_data() -> None:
    interval = Interval(0.5, 0.4, 0.6, 0.95, 9)
    assert interval.as_dict() == {"value": 0.5, "low": 0.4, "high": 0.6, "level": 0.95, "speakers": 9}
    assert interval.excludes(0.3)
    assert not interval.excludes(0.6)


def test_two_groups_are_drawn_apart() -> None:
    good = np.array([[[4, 0], [0, 4]], [[4, 0], [0, 4]]])
    bad = np.array([[[2, 2], [2, 2]]] * 3)
    found = unpaired_difference(good, bad, uar, resamples=50)
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
    assert found.speakers == 5


def test_two_groups_of_mixed_speakers_have_an_interval() -> None:
    mixed = np.array([[[4, 0], [0, 4]], [[0, 4], [4, 0]]])
    found = unpaired_difference(mixed, mixed, uar, resamples=500)
    assert (found.value, found.low, found.high) == (0.0, -1.0, 1.0)
