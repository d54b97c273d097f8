"""What single layers store, with every byte counted by hand, and what the rules leave out on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgetpu_models.cost import layout
from edgetpu_models.cost.cycles import cycles
from edgetpu_models.cost.layout import NOTHING, Stored
from edgetpu_models.cost.macs import macs
from edgetpu_models.cost.parameters import Compiler, stored
from edgetpu_models.format.model import SubGraph
from edgetpu_models.format.reader import parse
from edgetpu_models.testing import Network
from edgetpu_models.verify import verify_model


def _graph(net: Network, *outputs: int) -> SubGraph:
    return verify_model(net.finish(*outputs)).main


def _last(net: Network, out: int, compiler: Compiler = Compiler.CURRENT) -> Stored:
    graph = _graph(net, out)
    return stored(graph, graph.operators[-1], compiler)


def _joined(channels: Sequence[int]) -> Stored:
    net = Network()
    data = net.input((1, 2, 2, 4))
    parts = [net.conv(data, z) for z in channels]
    out = net.op("CONCATENATION", parts, (1, 2, 2, sum(channels)), options="ConcatenationOptions")
    return _last(net, out)


@pytest.mark.parametrize(("size", "lane"), [(1, 4), (64, 4), (65, 8), (192, 12), (0, 0)])
def test_a_table_is_whole_rows_shared_by_sixteen_lanes(size: int, lane: int) -> None:
    assert layout.table(size).lane_bytes == lane
    assert layout.table(size).file_bytes == 16 * lane


@pytest.mark.parametrize(
    ("scales", "bias", "bytes_beside"),
    [
        (0.5, [1, 0], 4),  # the bias
        (0.5, [0, 0], 0),  # a bias of zeros is dropped
        ([0.5, 0.5], [1, 0], 8),  # bias and zero point: equal scales are stored once
        ([0.5, 0.25], [1, 0], 12),  # bias, zero point and scale
        ([0.5, 0.25], None, 8),  # no bias at all
    ],
)
def test_what_stands_beside_the_weights_of_an_output(
    scales: float | list[float], bias: list[int] | None, bytes_beside: int
) -> None:
    net = Network()
    data = net.input((1, 2, 2, 4))
    inputs = [data, net.tensor((2, 1, 1, 4), data=np.ones((2, 1, 1, 4)), scale=scales)]
    if bias is not None:
        inputs.append(net.tensor((2,), "INT32", np.array(bias), scale=scales))
    found = _last(net, net.op("CONV_2D", inputs, (1, 2, 2, 2), options="Conv2DOptions"))
    assert (found.outputs, found.lanes, found.lane_bytes) == (2, 4, 4 + bytes_beside)


def test_a_bias_that_is_computed_is_no_stored_bias() -> None:
    net = Network()
    inputs = [net.input((1, 2, 2, 4)), net.tensor((2, 1, 1, 4), data=np.ones((2, 1, 1, 4)))]
    inputs.append(net.input((2,), "INT32"))
    out = net.op("CONV_2D", inputs, (1, 2, 2, 2), options="Conv2DOptions")
    graph = _graph(net, out)
    for old in (False, True):
        assert layout.conv(graph, graph.operators[0], old).lane_bytes == 4


def test_depthwise_on_one_channel_has_the_lanes_of_a_convolution() -> None:
    net = Network()  # 1 input channel, 6 outputs: 16 lanes; on 6 channels it would be up4(6) = 8
    weights = net.tensor((1, 3, 3, 6), data=np.ones((1, 3, 3, 6)))
    inputs = [net.input((1, 4, 4, 1)), weights]
    out = net.op(
        "DEPTHWISE_CONV_2D",
        inputs,
        (1, 4, 4, 6),
        options="DepthwiseConv2DOptions",
        settings={"depthMultiplier": 6},
    )
    assert _last(net, out) == Stored(6, 16, 36)
    net = Network()
    assert _last(net, net.depthwise(net.input((1, 4, 4, 6)), (3, 3))).lanes == 8


def test_a_dense_layer_keeps_blocks_of_64_and_old_builds_spread_it() -> None:
    net = Network()
    out = net.dense(net.input((1, 10)), 70)
    assert _last(net, out) == Stored(70, 128, 16, block=64)
    assert _last(net, out, Compiler.OLD) == Stored(1024, 128, 16, block=64)


def test_joining_parts_costs_a_row_only_where_one_ends_between_fours() -> None:
    assert _joined([4, 8]) == NOTHING
    assert _joined([6, 8]).file_bytes == 64
    assert _joined([6, 3]).file_bytes == 64


def test_joining_vectors_costs_nothing() -> None:
    net = Network()
    parts = [net.dense(net.input((1, 4)), 3), net.dense(net.input((1, 4)), 5)]
    out = net.op("CONCATENATION", parts, (1, 8), options="ConcatenationOptions")
    assert _last(net, out) == NOTHING


@pytest.mark.parametrize(
    ("shape", "channels", "size"),
    [
        ((1, 1, 1, 8), 1, 0),  # one value
        ((1, 1, 1, 8), 7, 64),  # one place
        ((1, 2, 2, 8), 1, 64 * 4 + 64),
        ((1, 5, 5, 8), 1, 64 * 16 + 64),  # at most 16 places are counted
        ((1, 5, 5, 8), 8, 0),  # no gaps
        ((1, 5, 5, 8), 3, 0),  # not known, so not claimed
    ],
)
def test_flattening_closes_gaps_where_the_cost_is_known(
    shape: tuple[int, ...], channels: int, size: int
) -> None:
    net = Network()
    data = net.conv(net.input(shape), channels)
    out = net.reshape(data, (1, shape[1] * shape[2] * channels))
    assert _last(net, out).file_bytes == size
    assert _last(net, out, Compiler.OLD) == NOTHING


def test_an_input_whose_type_was_changed_still_comes_from_the_host() -> None:
    net = Network()
    data = net.op("QUANTIZE", [net.input((1, 3, 3, 1), "UINT8")], (1, 3, 3, 1))
    assert _last(net, net.reshape(data, (1, 9))) == NOTHING
    net = Network()
    data = net.op("QUANTIZE", [net.conv(net.input((1, 3, 3, 1)), 1)], (1, 3, 3, 1))
    assert _last(net, net.reshape(data, (1, 9))).file_bytes == 64 * 9 + 64


def test_padding_rows_and_columns_stores_nothing() -> None:
    net = Network()
    sides = net.tensor((4, 2), "INT32", np.array([[0, 0], [1, 1], [1, 1], [0, 0]]), scale=None)
    out = net.op("PAD", [net.input((1, 4, 4, 5)), sides], (1, 6, 6, 5), options="PadOptions")
    graph = _graph(net, out)
    assert _last(net, out) == NOTHING
    assert cycles(graph, graph.operators[0]) == 0


def test_a_transposed_convolution_counts_each_input_times_its_taps_and_outputs() -> None:
    net = Network()
    weights = net.tensor((5, 3, 3, 2), data=np.ones((5, 3, 3, 2)))
    inputs = [net.ints([1, 8, 8, 5]), weights, net.input((1, 4, 4, 2))]
    out = net.op("TRANSPOSE_CONV", inputs, (1, 8, 8, 5), options="TransposeConvOptions")
    graph = _graph(net, out)
    assert macs(graph, graph.operators[0]) == (4 * 4 * 2) * (5 * 3 * 3)


@pytest.mark.parametrize(("window", "expected"), [((2, 2), 1 * 1 * 2), ((3, 3), 3 * 1 * 2), ((1, 5), 2 * 2)])
def test_an_average_takes_four_taps_a_cycle(window: tuple[int, int], expected: int) -> None:
    net = Network()  # 4 x 4 outputs are one tile each, 20 channels are two blocks of 16
    out = net.op(
        "AVERAGE_POOL_2D",
        [net.input((1, 8, 8, 20))],
        (1, 4, 4, 20),
        options="Pool2DOptions",
        settings={"filterWidth": window[1], "filterHeight": window[0], "strideW": 2, "strideH": 2},
    )
    graph = _graph(net, out)
    assert cycles(graph, graph.operators[0]) == expected


def test_a_layer_without_weights_is_refused_and_not_guessed() -> None:
    net = Network()
    out = net.conv(net.input((1, 2, 2, 4)), 4)
    net.graph.operators[0].inputs[1] = -1
    graph = parse(memoryview(net.finish(out))).main
    with pytest.raises(ValueError, match="operation 0 has no weights"):
        layout.conv(graph, graph.operators[0], False)
