"""Float against int8, by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from quantize.parity import compare


def test_by_hand() -> None:
    """Scale 0.5, zero point 2: int8 4 is 1.0. Three of four clips agree; one value of eight is 2.0 off."""
    floats = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.float32)
    int8 = np.array([[4, 2], [2, 4], [4, 2], [6, 4]], np.int8)
    found = compare(floats, int8, 0.5, 2)
    assert found.clips == 4
    assert found.agreement == 0.75
    assert found.logit_rmse == pytest.approx(np.sqrt(4 / 8))
    assert found.logit_std == 0.5


def test_exact_steps_have_no_error(rng: np.random.Generator) -> None:
    int8 = rng.integers(-128, 128, (20, 5)).astype(np.int8)
    floats = ((int8.astype(np.float32) + 3) * 0.25).astype(np.float32)
    found = compare(floats, int8, 0.25, -3)
    assert (found.agreement, found.logit_rmse) == (1.0, 0.0)
    assert found.logit_std == pytest.approx(floats.std())


def test_saturated_scores_are_an_error_even_where_the_winner_stays() -> None:
    found = compare(np.array([[100.0, 0.0]], np.float32), np.array([[127, 0]], np.int8), 0.5, 0)
    assert found.agreement == 1.0
    assert found.logit_rmse == pytest.approx((100 - 63.5) / np.sqrt(2))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        compare(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.int8), 1.0, 0)


def test_as_json() -> None:
    data = compare(np.zeros((2, 3), np.float32), np.zeros((2, 3), np.int8), 1.0, 0).as_dict()
    assert json.loads(json.dumps(data)) == {
        "clips": 2,
        "agreement": 1.0,
        "logit_rmse": 0.0,
        "logit_std": 0.0,
    }
