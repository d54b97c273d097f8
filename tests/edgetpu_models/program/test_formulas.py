"""What records must say, operation by operation, from numbers that are worked out here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.constants import INFINITE, bounds
from edgetpu_models.program.formulas import EXP_RANGE, SIGMOID_RANGE, Expected, expected, mean_taps
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model

F = np.float32


def graph_of(build: Any) -> SubGraph:
    net = Network(2)
    return verify_model(net.finish(build(net))).main


def of(graph: SubGraph, place: int = -1) -> dict[str, Expected]:
    return {e.tag: e for e in expected(graph, graph.operators[place])}


def inverse(y: float) -> Any:
    return F(F(1) / F(y))


def test_a_layer_with_one_scale_has_its_factor_in_the_record() -> None:
    graph = graph_of(
        lambda n: n.conv(n.input((1, 4, 4, 4), scale=0.031, zero_point=-7), 8, per_channel=False)
    )
    w = graph.tensors[1].quantization.scale
    found = of(graph)["weighted"]
    assert found.requant.m == float(F(F(F(0.031) * F(w)) * inverse(0.05)))
    assert (found.requant.hi, found.requant.lo) == bounds(F(0.05), 128)
    assert (found.requant.x, found.requant.zero) == (0, 128)
    assert found.required
    assert (found.weight_zero, found.input_zero) == (128, -7 + 128)


def test_a_layer_with_several_scales_has_the_factor_one() -> None:
    graph = graph_of(lambda n: n.conv(n.input((1, 4, 4, 4)), 8))
    assert of(graph)["weighted"].requant.m == 1.0


@pytest.mark.parametrize(
    ("activation", "high", "low"), [(0, 127 * 0.05, -128 * 0.05), (1, 127 * 0.05, 0.0), (3, 6.0, 0.0)]
)
def test_an_activation_narrows_the_bounds(activation: int, high: float, low: float) -> None:
    def build(n: Network) -> int:
        made = n.conv(n.input((1, 4, 4, 4)), 8)
        n.graph.operators[-1].builtinOptions.fusedActivationFunction = activation
        return made

    found = of(graph_of(build))["weighted"].requant
    assert found.hi == pytest.approx(high / 0.05, abs=1e-4)
    assert found.lo == pytest.approx(low / 0.05, abs=1e-4)


def test_a_concatenation_has_one_record_per_input() -> None:
    def build(n: Network) -> int:
        parts = [n.input((1, 4), scale=s, zero_point=z) for s, z in ((0.05, 0), (0.02, 9), (0.1, -3))]
        return n.op("CONCATENATION", parts, (1, 12), options="ConcatenationOptions", scale=0.1, zero_point=-3)

    found = of(graph_of(build))
    assert sorted(found) == ["rescaled 0", "rescaled 1", "rescaled 2"]
    assert [found[f"rescaled {i}"].requant.m for i in range(3)] == [
        float(F(F(s) * inverse(0.1))) for s in (0.05, 0.02, 0.1)
    ]
    assert [found[f"rescaled {i}"].input_zero for i in range(3)] == [128, 137, 125]


def pool(kind: str, taps: tuple[int, int]) -> SubGraph:
    settings = {"filterHeight": taps[0], "filterWidth": taps[1], "strideW": 1, "strideH": 1, "padding": 1}
    shape = (1, 9 - taps[0], 9 - taps[1], 4)
    return graph_of(
        lambda n: n.op(
            kind,
            [n.input((1, 8, 8, 4), zero_point=-28)],
            shape,
            options="Pool2DOptions",
            scale=0.04,
            settings=settings,
        )
    )


def test_an_average_has_its_window_in_the_factor_and_comes_with_and_without_bounds() -> None:
    graph = pool("AVERAGE_POOL_2D", (3, 5))
    found = of(graph)
    m = float(F(F(F(0.05) * F(1 / 15)) * inverse(0.04)))
    assert {e.requant.m for e in found.values()} == {m}
    assert (found["averaged, unbounded"].requant.hi, found["averaged, unbounded"].requant.lo) == (
        INFINITE,
        -INFINITE,
    )
    assert (found["averaged"].requant.hi, found["averaged"].requant.lo) == bounds(F(0.04), 128)
    assert found["averaged"].weight_zero == 100
    assert mean_taps(graph.operators[0], graph) == 15


def test_a_mean_counts_what_it_joins() -> None:
    graph = graph_of(lambda n: n.mean(n.input((1, 4, 8, 3))))
    assert mean_taps(graph.operators[0], graph) == 32
    assert of(graph)["averaged"].requant.m == float(F(F(F(0.05) * F(1 / 32)) * inverse(0.05)))
    assert mean_taps(graph_of(lambda n: n.conv(n.input((1, 4, 4, 4)), 8)).operators[0], graph) == 0


def test_dividing_by_a_power_of_two_rounds_nothing() -> None:
    """So a mean over 2^n values has one factor in whatever order its steps are taken."""
    rng = np.random.default_rng(0)
    for _ in range(500):
        x, y = (F(v) for v in np.exp(rng.uniform(-8, 0, 2)))
        for taps in (2, 16, 32, 1024):
            orders = {
                float(F(F(x * F(1 / taps)) * inverse(y))),
                float(F(F(x * inverse(y)) * F(1 / taps))),
                float(F(x * F(F(1 / taps) * inverse(y)))),
                float(F(F(x * inverse(y)) / F(taps))),
            }
            assert len(orders) == 1


def test_orders_differ_for_other_windows() -> None:
    rng = np.random.default_rng(0)
    differ = 0
    for _ in range(500):
        x, y = (F(v) for v in np.exp(rng.uniform(-8, 0, 2)))
        differ += float(F(F(x * F(1 / 49)) * inverse(y))) != float(F(F(x * inverse(y)) * F(1 / 49)))
    assert differ > 50


def test_a_maximum_shifts_by_its_zero_point() -> None:
    found = of(pool("MAX_POOL_2D", (2, 2)))
    assert found["largest"].requant.x == -100
    assert (found["largest"].requant.hi, found["largest"].requant.lo) == (INFINITE, -INFINITE)
    assert found["largest, rescaled"].requant.m == float(F(F(0.05) * inverse(0.04)))


def test_a_sum_shifts_by_both_zero_points() -> None:
    def build(n: Network) -> int:
        a, b = n.input((1, 4), scale=0.05, zero_point=3), n.input((1, 4), scale=0.025, zero_point=-8)
        return n.op("ADD", [a, b], (1, 4), options="AddOptions", scale=0.06, zero_point=1)

    found = of(graph_of(build))["added"].requant
    assert found.x == -(131 * 2 + 120 * 1)
    assert found.m == float(F(F(float(F(0.05)) / 2) * inverse(0.06)))
    assert found.zero == 129


def test_a_product_names_both_zero_points() -> None:
    def build(n: Network) -> int:
        a, b = n.input((1, 4), scale=0.05, zero_point=3), n.input((1, 4), scale=0.025, zero_point=-8)
        return n.op("MUL", [a, b], (1, 4), options="MulOptions", scale=0.06)

    found = of(graph_of(build))["multiplied"]
    assert found.requant.m == float(F(F(F(0.05) * F(0.025)) * inverse(0.06)))
    assert (found.weight_zero, found.input_zero) == (131, 120)


def test_softmax_and_sigmoid_end_at_their_ranges() -> None:
    soft = of(graph_of(lambda n: n.softmax(n.input((1, 4), scale=0.125, zero_point=17))))
    assert (soft["softmax exponent"].requant.m, soft["softmax exponent"].requant.lo) == (0.125, EXP_RANGE)
    assert soft["softmax exponent, scaled before"].requant.m == 1.0
    assert soft["softmax largest"].requant.x == -145
    assert soft["softmax result"].requant.zero == 0
    wide = {"scale": 1 / 256, "zero_point": -128}
    gate = of(
        graph_of(lambda n: n.op("LOGISTIC", [n.input((1, 4), scale=0.125, zero_point=17)], (1, 4), **wide))
    )
    assert (gate["sigmoid"].requant.hi, gate["sigmoid"].requant.lo) == (SIGMOID_RANGE, -SIGMOID_RANGE)
    assert gate["sigmoid"].input_zero == 145


@pytest.mark.parametrize("kind", ["TANH", "RELU"])
def test_an_operation_that_is_not_understood_expects_nothing(kind: str) -> None:
    assert of(graph_of(lambda n: n.op(kind, [n.input((1, 4))], (1, 4)))) == {}


def test_float_tensors_expect_nothing() -> None:
    graph = graph_of(lambda n: n.op("QUANTIZE", [n.input((1, 4), "FLOAT32", scale=None)], (1, 4)))
    assert of(graph) == {}
    one = graph_of(lambda n: n.op("ADD", [n.input((1, 4)), n.tensor((1, 4), data=np.ones(4))], (1, 4)))
    assert of(one) == {}, "an addition of a constant stores it in a way that is not understood"
