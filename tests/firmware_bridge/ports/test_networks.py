"""The far side of the mailbox, with networks that are made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.ports.networks import BROKEN, LOADED, SHAPE, SimulatedNetworks


class Doubler:
    """Takes two values and gives both twice; a 99 breaks it."""

    input_shape: tuple[int, ...] = (1, 2)
    output_shape: tuple[int, ...] = (1, 4)

    def __init__(self, model: bytes) -> None:
        if not model:
            raise ModelInvalid("empty", "give it bytes")

    def run(self, features: NDArray[np.int8]) -> NDArray[np.int8]:
        if 99 in features:
            raise RuntimeError("broken")
        return np.tile(features, 2)


def test_a_network_is_loaded_computed_and_replaced_by_nothing_that_does_not_fit() -> None:
    networks = SimulatedNetworks(Doubler)
    assert networks.infer(0, b"\1\2", 4) is None, "nothing is loaded"
    assert networks.load(0, b"x", 2, 4) == LOADED
    assert networks.infer(0, b"\1\xff", 4) == b"\1\xff\1\xff"
    assert networks.load(0, b"x", 2, 5) == SHAPE
    assert networks.infer(0, b"\1\2", 4) is None, "the one before is gone"
    assert networks.load(1, b"", 2, 4) == BROKEN


def test_a_failure_gives_no_scores() -> None:
    networks = SimulatedNetworks(Doubler)
    networks.load(0, b"x", 2, 4)
    assert networks.infer(0, b"\1\x63", 4) is None
    assert networks.infer(0, b"\1\2", 3) is None, "not as many as asked for"
