"""Dimensions that operations must have: each wrong one is named with its tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgetpu_models.format.edit import open_model
from edgetpu_models.format.ranks import RANKS
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid

Build = Callable[[Network], int]


def conv(n: Network) -> int:
    return n.conv(n.input((1, 4, 4, 4)), 8, 3)


def depthwise(n: Network) -> int:
    return n.depthwise(n.input((1, 4, 4, 4)))


def dense(n: Network) -> int:
    return n.dense(n.input((1, 12)), 5)


def packed(build: Build, change: Callable[[Any], None]) -> bytes:
    """Return a network that was changed after it was built, past all checks of its builder."""
    net = Network(0)
    out = build(net)
    change(net.graph)
    return net.finish(out)


def shape_of(place: int, shape: list[int], output: bool = False) -> Callable[[Any], None]:
    def change(graph: Any) -> None:
        op = graph.operators[0]
        graph.tensors[(op.outputs if output else op.inputs)[place]].shape = shape

    return change


@pytest.mark.parametrize(
    ("build", "change", "says"),
    [
        (conv, shape_of(0, [4, 4, 4]), "has 3 dimensions, 4 expected"),
        (conv, shape_of(1, [8, 36]), "has 2 dimensions, 4 expected"),
        (conv, shape_of(2, [1, 8]), "has 2 dimensions, 1 expected"),
        (conv, shape_of(0, [1, 128], output=True), "has 2 dimensions, 4 expected"),
        (conv, shape_of(0, [1, 4, 4, 7], output=True), "has weights for 8 channels and an output of 7"),
        (depthwise, shape_of(0, [1, 4, 4, 3], output=True), "has weights for 4 channels and an output of 3"),
        (dense, shape_of(1, [5, 3, 4]), "has 3 dimensions, 2 expected"),
        (dense, shape_of(0, [1, 6], output=True), "has weights for 5 channels and an output of 6"),
        (lambda n: n.softmax(n.input((1, 4))), shape_of(0, []), "has 0 dimensions, at least 1 expected"),
    ],
)
def test_a_wrong_number_of_dimensions_is_named(
    build: Build, change: Callable[[Any], None], says: str
) -> None:
    with pytest.raises(ModelInvalid, match=says):
        verify_model(packed(build, change))


@pytest.mark.parametrize("build", [conv, depthwise, dense])
def test_good_ones_pass(build: Build) -> None:
    data = packed(build, lambda graph: None)
    assert verify_model(data).main.operators[0].op in RANKS
    assert open_model(data).subgraphs[0].operators


def test_a_layer_without_bias_is_fine() -> None:
    def drop(graph: Any) -> None:
        graph.operators[0].inputs[2] = -1

    assert (
        verify_model(packed(conv, drop)).main.ins(verify_model(packed(conv, drop)).main.operators[0])[2]
        is None
    )


def test_a_custom_operation_of_a_known_name_is_not_judged() -> None:
    net = Network(0)
    out = net.op("MyConv", [net.input((2, 3))], (5,))
    assert verify_model(net.finish(out)).main.operators[0].custom
