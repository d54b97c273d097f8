"""Equations 1 to 3 against a plain double loop, and against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from train.foundation.saliency import layer_saliency, one_versus_rest


def by_the_book(h: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Equations 1 to 3 as they are printed, one label."""
    n = h.shape[1]
    w = [abs(np.corrcoef(h[:, i], y)[0, 1]) for i in range(n)]
    saliency = []
    for i in range(n):
        gamma = sum(w[j] * abs(np.corrcoef(h[:, i], h[:, j])[0, 1]) for j in range(n) if j != i) / (n - 1)
        saliency.append(w[i] + gamma)
    return float(np.mean(saliency)), float(np.mean(w))


def test_equals_the_printed_equations(rng: np.random.Generator) -> None:
    h = rng.normal(size=(40, 7)).astype(np.float32)
    h[:, 3] += 2 * h[:, 1]
    y = (h[:, 0] - h[:, 2] + rng.normal(size=40)).astype(np.float32)
    total, correlation = by_the_book(h.astype(float), y.astype(float))
    found = layer_saliency(h, y[:, None])
    assert found.total == pytest.approx(total, rel=1e-4)
    assert found.correlation == pytest.approx(correlation, rel=1e-4)


def test_several_labels_are_averaged(rng: np.random.Generator) -> None:
    h = rng.normal(size=(50, 5)).astype(np.float32)
    y = rng.normal(size=(50, 3)).astype(np.float32)
    each = [by_the_book(h.astype(float), y[:, k].astype(float)) for k in range(3)]
    found = layer_saliency(h, y)
    assert found.total == pytest.approx(np.mean([one[0] for one in each]), rel=1e-4)
    assert found.correlation == pytest.approx(np.mean([one[1] for one in each]), rel=1e-4)


def test_repetition_is_rewarded() -> None:
    """Two copies of a perfect dimension: w = 1 and gamma = 1, so S = 2. With an unrelated partner S = mean w = 0.5."""
    y = np.array([[1], [1], [-1], [-1]], np.float32)
    twice = np.repeat(y, 2, axis=1)
    assert layer_saliency(twice, y).total == pytest.approx(2.0, abs=1e-5)
    other = np.concatenate([y, [[1], [-1], [1], [-1]]], axis=1).astype(np.float32)
    alone = layer_saliency(other, y)
    assert alone.correlation == pytest.approx(0.5, abs=1e-5)
    assert alone.total == pytest.approx(0.5, abs=1e-5)


def test_scale_sign_and_offset_do_not_matter(rng: np.random.Generator) -> None:
    h = rng.normal(size=(30, 6)).astype(np.float32)
    y = rng.normal(size=(30, 2)).astype(np.float32)
    changed = (h * np.array([1, -2, 3, 100, 0.1, 5], np.float32) + 7).astype(np.float32)
    assert layer_saliency(changed, 1 - 2 * y).total == pytest.approx(layer_saliency(h, y).total, rel=1e-3)


def test_dead_dimensions_count_as_zero(rng: np.random.Generator) -> None:
    h = rng.normal(size=(30, 4)).astype(np.float32)
    y = rng.normal(size=(30, 1)).astype(np.float32)
    dead = np.concatenate([h, np.full((30, 4), 3.25, np.float32)], axis=1)
    assert layer_saliency(dead, y).correlation == pytest.approx(
        layer_saliency(h, y).correlation / 2, rel=1e-4
    )


def test_one_versus_rest() -> None:
    table = one_versus_rest(np.array([2, 0, 2]), 4)
    assert table.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("h", "y"),
    [((1, 4), (1, 1)), ((5, 1), (5, 1)), ((5, 4), (4, 1))],
)
def test_too_little_is_refused(rng: np.random.Generator, h: Any, y: Any) -> None:
    with pytest.raises(InvalidSetting, match="at least 2"):
        layer_saliency(rng.normal(size=h).astype(np.float32), rng.normal(size=y).astype(np.float32))


def test_constant_targets_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InvalidSetting, match="constant"):
        layer_saliency(rng.normal(size=(9, 3)).astype(np.float32), np.ones((9, 2), np.float32))
