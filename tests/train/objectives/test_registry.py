"""Objectives by name."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.base.errors import UnknownName
from train.objectives import OBJECTIVES
from train.objectives.registry import known


def test_the_valid_names_are_listed() -> None:
    with pytest.raises(UnknownName) as told:
        known("hope")
    assert {"ccc", "cross_entropy"} <= set(OBJECTIVES)
    assert "cross_entropy" in f"{told.value} {told.value.remedy}"
    assert known("ccc") == "ccc"


@pytest.mark.parametrize("name", ["ccc", "cross_entropy"])
def test_the_truth_costs_least(name: str) -> None:
    import tensorflow as tf

    loss = OBJECTIVES.find(name).loss
    truth = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 1]]
    sure, wrong = tf.constant(20 * truth), tf.constant(20 * truth[::-1].copy())
    even = tf.zeros((5, 4))
    assert float(loss(truth, sure)) < float(loss(truth, even)) <= float(loss(truth, wrong)) + 1
    assert float(loss(truth, sure)) < float(loss(truth, wrong))
