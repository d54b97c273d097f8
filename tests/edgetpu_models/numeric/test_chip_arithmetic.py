"""The chip's arithmetic, operation by operation, against formulas that are written out here once more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgetpu_models.numeric.chip_arithmetic import (
    ALTERNATIVES,
    Halves,
    Tables,
    Unknowns,
    constants_of,
    requantise,
    rounded,
)
from edgetpu_models.numeric.edgetpu_model import EdgeTpuModel
from edgetpu_models.numeric.executors import Kernels
from edgetpu_models.program.constants import Requant
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid

F = np.float32


def one(build: Any, *shapes: tuple[int, ...], kind: str = "INT8", **settings: Any) -> bytes:
    """Return a network of inputs and what `build(net, inputs)` makes of them."""
    net = Network(1)
    inputs = [net.input(shape, kind, **settings) for shape in shapes]
    return net.finish(build(net, inputs))


def run(data: bytes, *inputs: Any, unknowns: Unknowns | None = None) -> Any:
    chip = EdgeTpuModel(data, unknowns)
    found = chip.tensors([np.asarray(i, np.int8) for i in inputs])
    return found[chip.graph.outputs[0]].astype(np.int64)


VALUES = np.arange(-128, 128, dtype=np.int8)


def test_halves_differ_only_where_values_are_in_the_middle() -> None:
    values = np.array([-2.5, -1.2, -0.5, 0.49999, 0.5, 1.5, 2.5, 3.7])
    results = {h: rounded(values, h).tolist() for h in Halves}
    assert results[Halves.EVEN] == [-2, -1, 0, 0, 0, 2, 2, 4]
    assert results[Halves.UP] == [-2, -1, 0, 0, 1, 2, 3, 4]
    assert results[Halves.AWAY] == [-3, -1, -1, 0, 1, 2, 3, 4]


def test_alternatives_are_all_choices_and_have_names() -> None:
    assert len(ALTERNATIVES) == len(Halves) * len(Tables) == len({u.name for u in ALTERNATIVES})
    assert ALTERNATIVES[0] == Unknowns()
    assert Unknowns(Halves.UP, Tables.FLOOR).name == "halves up, tables floor"


def test_requantisation_clips_before_it_adds_the_zero_point() -> None:
    constants = Requant(m=1.0, hi=10.0, lo=-5.0, x=0, zero=100)
    found = requantise(np.array([-50.0, -5, 0, 9.6, 300]), constants, None, Unknowns())
    assert found.tolist() == [95, 95, 100, 110, 110]
    full = requantise(
        np.array([400.0, -400]), Requant(1.0, float("inf"), -float("inf"), 0, 100), None, Unknowns()
    )
    assert full.tolist() == [255, 0]


def test_scales_of_the_blob_stand_for_the_factor() -> None:
    scales = np.array([0.5, 2.0], F)
    found = requantise(np.array([[10.0, 10.0]]), Requant(1.0, 255.0, 0.0, 0, 0), scales, Unknowns())
    assert found.tolist() == [[5, 20]]


def test_the_accumulator_is_rounded_to_float32_once() -> None:
    """2^24 + 1 is no float32: the chip's float path loses the one, an exact path would not."""
    total = np.array([float(2**24 + 1)])
    found = requantise(total, Requant(2.0**-24, 255.0, 0.0, 0, 7), None, Unknowns())
    assert found.tolist() == [8]


@pytest.mark.parametrize(("scale", "zero"), [(0.05, 0), (0.02, -20), (0.3, 100)])
def test_quantize_is_one_float32_factor(scale: float, zero: int) -> None:
    data = one(
        lambda n, i: n.op("QUANTIZE", i, (1, 256), version=2, scale=0.07, zero_point=5),
        (1, 256),
        scale=scale,
        zero_point=zero,
    )
    m = F(F(scale) * F(F(1) / F(0.07)))
    wanted = np.clip(5 + np.rint(((VALUES.astype(np.float32) - F(zero)) * m).astype(np.float64)), -128, 127)
    assert np.array_equal(run(data, VALUES[None])[0], wanted)


def test_addition_goes_through_the_ratio_of_whole_numbers() -> None:
    net = Network(0)
    a = net.input((1, 256), scale=0.05, zero_point=3)
    b = net.input((1, 256), scale=0.02, zero_point=-7)
    data = net.finish(
        net.op("ADD", [a, b], (1, 256), version=2, options="AddOptions", scale=0.06, zero_point=1)
    )
    x, y = VALUES[None], VALUES[None, ::-1]
    found = run(data, x, y)[0]
    real = 0.05 * (x.astype(float) - 3) + 0.02 * (y.astype(float) + 7)
    exact = np.clip(1 + real / 0.06, -128, 127)
    assert np.abs(found - exact).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("zeros", [(0, 0), (12, -128), (-100, 90)])
def test_multiplication_takes_both_zero_points_off_first(zeros: tuple[int, int]) -> None:
    net = Network(0)
    a = net.input((1, 256), scale=0.05, zero_point=zeros[0])
    b = net.input((1, 256), scale=1 / 256, zero_point=zeros[1])
    data = net.finish(
        net.op("MUL", [a, b], (1, 256), version=2, options="MulOptions", scale=0.03, zero_point=2)
    )
    x, y = VALUES, np.roll(VALUES, 77)
    m = F(F(F(0.05) * F(1 / 256)) * F(F(1) / F(0.03)))
    products = (x.astype(np.int64) - zeros[0]) * (y.astype(np.int64) - zeros[1])
    wanted = np.clip(2 + np.rint((products.astype(F) * m).astype(np.float64)), -128, 127)
    assert np.array_equal(run(data, x[None], y[None])[0], wanted)


def test_the_sigmoid_stays_inside_its_table() -> None:
    """Beyond +-10.3967 the chip's table ends: the first and last values are all equal."""
    data = one(
        lambda n, i: n.op("LOGISTIC", i, (1, 256), version=2, scale=1 / 256, zero_point=-128),
        (1, 256),
        scale=0.2,
    )
    found = run(data, VALUES[None])[0]
    real = 1 / (1 + np.exp(-0.2 * VALUES.astype(float)))
    assert np.abs(found + 128 - np.clip(256 * real, 0, 255)).max() <= 0.51
    assert len(set(found[: 128 - 52].tolist())) == 1
    assert np.all(np.diff(found) >= 0)


def test_tables_that_cut_are_never_above_those_that_round() -> None:
    data = one(
        lambda n, i: n.op("LOGISTIC", i, (1, 256), version=2, scale=1 / 256, zero_point=-128),
        (1, 256),
        scale=0.05,
    )
    near = run(data, VALUES[None])[0]
    floor = run(data, VALUES[None], unknowns=Unknowns(tables=Tables.FLOOR))[0]
    assert set((near - floor).tolist()) == {0, 1}


def test_a_softmax_sums_to_one_and_ends_at_its_range() -> None:
    data = one(lambda n, i: n.softmax(i[0]), (1, 4), scale=0.1)
    found = run(data, np.array([[127, 127, -128, 0]]))[0] + 128
    assert found.tolist() == [128, 128, 0, 0]
    spread = run(one(lambda n, i: n.softmax(i[0]), (1, 4), scale=0.01), np.array([[10, 20, 30, 40]]))[0] + 128
    real = np.exp(0.01 * np.array([10, 20, 30, 40]))
    assert np.abs(spread - 256 * real / real.sum()).max() <= 0.5


@pytest.mark.parametrize("taps", [(2, 2), (3, 5)])
def test_an_average_is_its_sum_times_one_factor(taps: tuple[int, int]) -> None:
    settings = {"filterHeight": taps[0], "filterWidth": taps[1], "strideW": 1, "strideH": 1, "padding": 1}
    shape = (1, 8 - taps[0] + 1, 8 - taps[1] + 1, 2)
    data = one(
        lambda n, i: n.op("AVERAGE_POOL_2D", i, shape, version=2, options="Pool2DOptions", settings=settings),
        (1, 8, 8, 2),
    )
    x = np.random.default_rng(2).integers(-128, 128, (1, 8, 8, 2)).astype(np.int8)
    found = run(data, x)
    m = F(F(F(0.05) * F(1 / (taps[0] * taps[1]))) * F(F(1) / F(0.05)))
    part = x[0, : taps[0], : taps[1]].astype(np.int64).sum(axis=(0, 1))
    assert found[0, 0, 0].tolist() == np.rint((part.astype(F) * m).astype(np.float64)).tolist()


def test_a_mean_over_a_map_keeps_its_channels_apart() -> None:
    data = one(lambda n, i: n.mean(i[0]), (1, 4, 4, 3))
    x = np.zeros((1, 4, 4, 3), np.int8)
    x[..., 1], x[..., 2] = 64, -32
    assert run(data, x).ravel().tolist() == [0, 64, -32]


def test_a_maximum_and_a_reshape_move_values_as_they_are() -> None:
    settings = {"filterHeight": 2, "filterWidth": 2, "strideW": 2, "strideH": 2, "padding": 1}
    data = one(
        lambda n, i: n.reshape(
            n.op("MAX_POOL_2D", i, (1, 2, 2, 1), version=2, options="Pool2DOptions", settings=settings),
            (1, 4),
        ),
        (1, 4, 4, 1),
    )
    x = np.arange(-8, 8, dtype=np.int8).reshape(1, 4, 4, 1)
    assert run(data, x)[0].tolist() == [-3, -1, 5, 7]


def test_a_dense_layer_and_a_relu_have_the_bounds_of_their_record() -> None:
    net = Network(3)
    data = net.finish(net.conv(net.input((1, 1, 1, 8)), 4, relu=True))
    low = run(data, np.full((1, 1, 1, 8), -128))
    kernels = Kernels(data)
    wanted = kernels.tensors([np.full((1, 1, 1, 8), -128, np.int8)])[kernels.model.main.outputs[0]]
    assert np.abs(low - wanted.astype(np.int64)).max() <= 1
    assert low.min() >= 0


def test_constants_of_a_file_take_the_place_of_the_scales() -> None:
    net = Network(3)
    data = net.finish(net.conv(net.input((1, 1, 1, 8)), 4, per_channel=False))
    graph = verify_model(data).main
    own = constants_of(graph, graph.operators[0], {})
    assert set(own) == {"weighted"}
    other = Requant(9.0, 1.0, -1.0, 0, 5)
    assert constants_of(graph, graph.operators[0], {(0, "weighted"): other})["weighted"] == other
    found = EdgeTpuModel(data, records={(0, "weighted"): other}).tensors([np.full((1, 1, 1, 8), 9, np.int8)])
    assert set(found[graph.outputs[0]].ravel().tolist()) <= {4 - 128, 6 - 128}


def test_float_ends_are_quantised_on_the_cpu() -> None:
    net = Network(0)
    first = net.op(
        "QUANTIZE", [net.input((1, 5), "FLOAT32", scale=None)], (1, 5), version=1, scale=0.5, zero_point=1
    )
    data = net.finish(net.op("DEQUANTIZE", [first], (1, 5), "FLOAT32", version=2, scale=None))
    chip = EdgeTpuModel(data)
    found = chip.tensors([np.array([[-100.0, -0.26, 0.25, 0.7, 100.0]], np.float32)])
    assert found[chip.graph.outputs[0]].ravel().tolist() == [-64.5, -0.5, 0.0, 0.5, 63.0]


def test_what_is_not_known_is_refused_by_name() -> None:
    net = Network(0)
    data = net.finish(net.op("TANH", [net.input((1, 4))], (1, 4)))
    with pytest.raises(InvalidSetting, match="the chip's arithmetic of TANH is not known"):
        EdgeTpuModel(data)
    mixed = Network(0)
    data = mixed.finish(mixed.op("RESHAPE", [mixed.input((1, 4))], (4,), "UINT8", options="ReshapeOptions"))
    with pytest.raises(ModelInvalid, match="mixes types"):
        run(data, np.zeros((1, 4)))
