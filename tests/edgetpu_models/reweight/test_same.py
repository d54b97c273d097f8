"""What keeps one network from being another with new values: every reason, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.reweight.same import differences, ratio
from edgetpu_models.testing.network import Network, small_network
from edgetpu_models.verify import verify_model

Change = Callable[[Any], None]


def network(
    scale: float = 0.05,
    zero: int = 3,
    seed: int = 0,
    bias: bool = True,
    add: float = 0.05,
    per_channel: bool = True,
) -> bytes:
    """Return conv, quantize, a sum of two branches, and a pooling that keeps its scale."""
    net = Network(seed)
    x = net.input((1, 8, 8, 4), scale=0.05, zero_point=zero)
    a = net.conv(x, 8, 3, per_channel=per_channel)
    if not bias:
        tensor = net.graph.tensors[net.graph.operators[0].inputs[2]]
        net.model.buffers[tensor.buffer].data = np.zeros(32, np.uint8)
    b = net.op("QUANTIZE", [a], (1, 8, 8, 8), version=2, scale=scale, zero_point=1)
    c = net.op("QUANTIZE", [a], (1, 8, 8, 8), version=2, scale=add, zero_point=2)
    d = net.op("ADD", [b, c], (1, 8, 8, 8), version=2, options="AddOptions", scale=0.09, zero_point=4)
    return net.finish(d)


def reasons(a: bytes, b: bytes) -> list[str]:
    return list(differences(verify_model(a), verify_model(b)))


def test_other_weights_scales_and_zero_points_are_the_same_network() -> None:
    first = network(scale=0.07, add=0.03)
    assert reasons(first, first) == []
    assert reasons(first, network(scale=0.06, zero=-9, seed=5, add=0.02)) == []
    assert reasons(small_network(0), small_network(4)) == []


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"bias": False}, "a bias that is zero everywhere in one network and not in the other"),
        ({"scale": 0.03}, "inputs of equal scale in one network and not in the other"),
        ({"zero": -128}, "one of them is 0 in the chip"),
        ({"scale": 1e-12}, "a degenerate scale"),
        ({"scale": 1e7}, "a degenerate scale"),
        ({"per_channel": False}, "quantised with 1 scales instead of 8"),
    ],
)
def test_values_on_which_the_structure_depends_are_named(other: dict[str, Any], says: str) -> None:
    base = {"scale": 0.07, "add": 0.03}
    found = reasons(network(**base), network(**{**base, **other}))  # type: ignore[arg-type]
    assert any(says in text for text in found), found
    back = reasons(network(**{**base, **other}), network(**base))  # type: ignore[arg-type]
    if "degenerate" not in says:  # the template's own scales were judged when it was taken
        assert back, "a change out of a special value counts like one into it"


def test_a_change_of_scale_that_becomes_none_is_named() -> None:
    """QUANTIZE from 0.05 to 0.05 with the same zero point leaves values as they are: the compiler may drop it."""
    idle, busy = network(scale=0.07, add=0.03), network(scale=0.07, add=0.03)

    def make_idle(model: Any) -> None:
        tensors, op = model.subgraphs[0].tensors, model.subgraphs[0].operators[1]
        tensors[op.outputs[0]].quantization = tensors[op.inputs[0]].quantization

    opened = open_model(idle)
    make_idle(opened)
    assert any("quantised alike in one network" in r for r in reasons(pack(opened), busy))


def changed(change: Change) -> bytes:
    opened = open_model(small_network())
    change(opened)
    return pack(opened)


def _version(model: Any) -> None:
    model.operatorCodes[0].version += 1


def _settings(model: Any) -> None:
    model.subgraphs[0].operators[0].builtinOptions.fusedActivationFunction = 3


def _wiring(model: Any) -> None:
    op = next(o for o in model.subgraphs[0].operators if len(o.inputs) == 2)
    op.inputs = list(reversed(list(op.inputs)))


def _outputs(model: Any) -> None:
    model.subgraphs[0].outputs = [model.subgraphs[0].operators[-2].outputs[0]]


def _constant(model: Any) -> None:
    graph = model.subgraphs[0]
    reshape = next(op for op in graph.operators if op.builtinOptionsType == 17)  # ReshapeOptions
    model.buffers[graph.tensors[reshape.inputs[1]].buffer].data = np.array([4, 1], "<i4").view(np.uint8)


def _fewer(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.operators = graph.operators[:-1]
    graph.outputs = [graph.operators[-1].outputs[0]]


def _shape(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.outputs[0]].shape = [2, 2]


def _alike(model: Any) -> None:
    graph = model.subgraphs[0]
    weights = graph.tensors[graph.operators[0].inputs[1]]
    weights.quantization.scale = np.full(len(weights.quantization.scale), 0.01, np.float32)


def _zeros(model: Any) -> None:
    graph = model.subgraphs[0]
    weights = graph.tensors[graph.operators[0].inputs[1]]
    weights.quantization.zeroPoint = np.ones(len(weights.quantization.scale), np.int64)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_version, "instead of version"),
        (_settings, "it has other settings"),
        (_wiring, "it is connected in another way"),
        (_outputs, "inputs or outputs are other tensors"),
        (_constant, "a constant that is no weight has another value"),
        (_fewer, "operations and"),
        (_shape, "instead of INT8[1, 4]"),
        (_alike, "scales that are all equal in one network and differ in the other"),
        (_zeros, "zero points per channel that are not 0"),
    ],
)
def test_another_structure_is_named(change: Change, says: str) -> None:
    found = reasons(small_network(), changed(change))
    assert any(says in text for text in found), found


def test_names_do_not_count() -> None:
    def rename(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.name = b"other/" + tensor.name

    assert reasons(small_network(), changed(rename)) == []


def test_the_ratio_of_an_addition_is_its_scales() -> None:
    graph = verify_model(network(scale=0.0625, add=0.03125)).main
    assert ratio(graph, graph.operators[3]) == (2, 1)
