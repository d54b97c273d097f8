"""Bytes, tiles, cycles, activations and time: by hand on small layers, against real files where they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.analyse import analyse
from edgetpu_models.cost.activations import tile_bytes
from edgetpu_models.cost.cycles import cycles
from edgetpu_models.cost.latency import Traffic, latency, reload
from edgetpu_models.cost.layout import Stored, lanes, up
from edgetpu_models.cost.macs import macs
from edgetpu_models.cost.parameters import RULES, Compiler, stored
from edgetpu_models.cost.sram import TILE_LIMIT, TILES, ParameterMemory, reported_bytes
from edgetpu_models.format.model import Tensor
from edgetpu_models.inspect import inspect
from edgetpu_models.testing import Network, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting


def _bytes(net: Network, out: int, compiler: Compiler = Compiler.CURRENT) -> list[int]:
    graph = verify_model(net.finish(out)).main
    return [stored(graph, op, compiler).file_bytes for op in graph.operators]


@pytest.mark.parametrize(
    ("outputs", "expected"), [(1, 4), (4, 4), (5, 16), (17, 32), (64, 64), (65, 128), (128, 128), (130, 192)]
)
def test_lanes(outputs: int, expected: int) -> None:
    assert lanes(outputs) == expected


def test_convolution_bytes_by_hand() -> None:
    net = Network()  # 3x3x5(->8), 20(->32) outputs, bias + zero point + scale = 12 each
    assert _bytes(net, net.conv(net.input((1, 4, 4, 5)), 20, 3)) == [(9 * 8 + 12) * 32]
    net = Network()  # per tensor: bias only
    assert _bytes(net, net.conv(net.input((1, 4, 4, 8)), 16, 1, per_channel=False)) == [up((8 + 4) * 16, 64)]


def test_a_bias_of_zeros_costs_nothing_in_int8_but_does_in_uint8() -> None:
    def build(kind: str) -> list[int]:
        net = Network()
        weights = net.tensor((16, 1, 1, 8), kind, np.ones((16, 1, 1, 8)))
        bias = net.tensor((16,), "INT32", np.zeros(16))
        data = net.input((1, 2, 2, 8), kind)
        out = net.op("CONV_2D", [data, weights, bias], (1, 2, 2, 16), kind, options="Conv2DOptions")
        return _bytes(net, out)

    assert build("INT8") == [8 * 16]
    assert build("UINT8") == [(8 + 4) * 16]


def test_depthwise_bytes_by_hand() -> None:
    net = Network()
    assert _bytes(net, net.depthwise(net.input((1, 8, 8, 6)), (5, 1))) == [up((5 * 4 + 12) * 8, 64)]


def test_dense_bytes_by_hand() -> None:
    net = Network()
    assert _bytes(net, net.dense(net.input((1, 30)), 10)) == [up((32 + 4) * 16, 64)]
    net = Network()  # a map pads z to 4 at each place: 2*2*4 rows, not up4(2*2*3)
    assert _bytes(net, net.dense(net.input((1, 2, 2, 3)), 10)) == [(16 + 4) * 16]


def test_tables_belong_to_newer_builds() -> None:
    net = Network()
    out = net.softmax(net.input((1, 10)))
    assert _bytes(net, out) == [48 * 12]
    assert _bytes(net, out, Compiler.OLD) == [0]
    net = Network()
    assert _bytes(net, net.softmax(net.input((1, 32)))) == [192]


def test_constants_are_streamed_sixteen_bytes_per_channel() -> None:
    net = Network()
    wide = net.tensor((1, 1, 1, 99), data=np.ones((1, 1, 1, 99)))
    single = net.tensor((), data=np.ones(()))
    plane = net.tensor((4, 4, 1), data=np.ones((4, 4, 1)))
    x = net.op("MUL", [net.input((1, 4, 4, 99)), wide], (1, 4, 4, 99), version=2, options="MulOptions")
    x = net.op("MUL", [x, single], (1, 4, 4, 99), version=2, options="MulOptions")
    x = net.op("MUL", [x, plane], (1, 4, 4, 99), version=2, options="MulOptions")
    assert _bytes(net, x) == [1600, 0, 64]
    found = analyse(net.finish(x))
    assert (found.on_chip_bytes, found.off_chip_bytes) == (0, 1664)
    assert found.fits  # they never stay on the chip; what matters is that layers do


def test_padding_along_z_is_a_convolution() -> None:
    net = Network()
    paddings = net.tensor((4, 2), "INT32", np.array([[0, 0], [0, 0], [0, 0], [0, 6]]), scale=None)
    x = net.op("PAD", [net.input((1, 8, 8, 42)), paddings], (1, 8, 8, 48), version=2, options="PadOptions")
    assert _bytes(net, x) == [44 * 48]
    assert _bytes(net, x, Compiler.OLD) == [(44 + 4) * 48]  # seen
    assert analyse(net.finish(x)).cycles == 4 * 16 * 3


def test_old_builds_keep_zero_biases_and_spread_dense_layers() -> None:
    net = Network()
    bias = net.tensor((16,), "INT32", np.zeros(16))
    weights = net.tensor((16, 1, 1, 8), data=np.ones((16, 1, 1, 8)))
    x = net.op(
        "CONV_2D", [net.input((1, 4, 4, 8)), weights, bias], (1, 4, 4, 16), version=3, options="Conv2DOptions"
    )
    assert _bytes(net, x, Compiler.OLD) == [(8 + 4) * 16]
    net = Network()
    x = net.input((1, 100))
    for _ in range(100):  # 6,656 bytes in every tile: 78 layers fit
        x = net.dense(x, 100)
    data = net.finish(x)
    assert sum(not r.on_chip for r in analyse(data, Compiler.OLD).rows) == 22
    assert analyse(data).fits


def test_gap_matrices() -> None:
    net = Network()
    assert _bytes(net, net.reshape(net.conv(net.input((1, 1, 1, 8)), 9), (1, 9)))[1] == 64
    net = Network()
    assert _bytes(net, net.reshape(net.conv(net.input((1, 3, 3, 8)), 1), (1, 9)))[1] == 64 * 9 + 64
    net = Network()
    assert _bytes(net, net.reshape(net.input((1, 3, 3, 1)), (1, 9))) == [0]  # the host sends no gaps


def test_every_parameter_rule_says_what_it_was_fitted_on() -> None:
    for rule in RULES.values():
        assert rule.fitted_on[0].isdigit()
        assert rule.stored.__doc__


def test_layers_are_taken_whole_and_in_order() -> None:
    memory = ParameterMemory()
    large = Stored(16 * TILES, 16 * TILES, TILE_LIMIT // 16 // 2)  # half of every tile
    assert memory.place(large)
    assert memory.place(large)
    assert not memory.place(large)
    assert memory.place(Stored(16, 16, 1)) is (memory.free >= 16 and min(memory.fill) + 16 <= TILE_LIMIT)
    assert memory.used <= TILES * TILE_LIMIT


def test_a_refused_layer_leaves_the_tiles_as_they_were() -> None:
    memory = ParameterMemory()
    memory.place(Stored(16 * TILES, 16 * TILES, 20_000))
    before = list(memory.fill)
    assert not memory.place(Stored(16 * TILES * 2, 512, 20_000))
    assert memory.fill == before


def test_dense_blocks_of_64_share_a_tile() -> None:
    assert not ParameterMemory().place(Stored(10, 16, 9504, block=64))  # seen streamed
    assert ParameterMemory().place(Stored(2, 16, 6912, block=64))  # seen cached


def test_the_log_pads_outputs_to_64() -> None:
    assert reported_bytes(Stored(33, 48, 100)) == 6400


def test_cycles_by_hand() -> None:
    net = Network()
    x = net.conv(net.input((1, 8, 8, 8)), 32, 3)
    x = net.mean(x)
    graph = verify_model(net.finish(x)).main
    conv, mean = graph.operators
    assert cycles(graph, conv) == 4 * max(16, 9 * 2) * 2
    assert cycles(graph, conv, 64) == 4 * 18 * 4
    assert cycles(graph, mean) == 1 * (64 // 4) * 2
    assert macs(graph, conv) == 64 * 32 * 9 * 8
    assert macs(graph, mean) == 0
    net = Network()  # few inputs: 16 cycles at least for each output tile
    assert analyse(net.finish(net.conv(net.input((1, 8, 8, 4)), 16))).cycles == 4 * 16


def test_a_convolution_of_a_single_place_counts_no_cycles() -> None:
    net = Network()
    assert analyse(net.finish(net.conv(net.input((1, 1, 1, 256)), 1001))).cycles == 0


def test_activation_tiles() -> None:
    assert tile_bytes(Tensor(0, "x", "INT8", (1, 64, 64, 30))) == 16 * 16 * 32
    assert tile_bytes(Tensor(0, "x", "INT8", (1, 63, 63, 30)), 2, 2) == 18 * 18 * 32
    assert tile_bytes(Tensor(0, "x", "INT8", (1, 10))) == 12


def test_a_waiting_branch_is_counted() -> None:
    def build(waits: bool) -> int:
        net = Network()
        x = net.conv(net.input((1, 16, 16, 16)), 16)
        y = net.conv(net.conv(x, 64), 16)
        if waits:
            y = net.op("ADD", [x, y], (1, 16, 16, 16), version=2, options="AddOptions")
        return analyse(net.finish(y)).activation_bytes_per_tile

    assert build(False) == 16 * (64 + 16)
    assert build(True) == 16 * (64 + 16 + 16)


def test_latency_grows_with_what_is_moved_and_its_interval_holds_it() -> None:
    base = Traffic(50_000, True, 6144, 528, 0, 0, 100_000, 30, 4_000_000)
    streaming = Traffic(50_000, True, 6144, 528, 0, 1_000_000, 100_000, 30, 4_000_000)
    a, b = latency(base), latency(streaming)
    assert a.interval is not None
    assert a.interval[0] < a.value < a.interval[1]
    assert b.value - a.value == pytest.approx(1_000_000 / 30_000)
    assert 3.0 < a.value < 4.5  # YAMNet on this board: 3 to 4 ms and its computation
    assert reload(base).value == pytest.approx(133.3, abs=0.1)
    assert latency(Traffic(0, False, 0, 0, 0, 0, 0, 0, 0)).value == 0
    assert a.evidence == "estimated"


def test_analysis_of_one_and_of_two_networks() -> None:
    one = analyse(small_network())
    two = analyse([small_network(), small_network(1)])
    assert one.fits
    assert one.advice == []
    assert one.ops_on_cpu == 0
    assert one.off_chip_bytes == 0
    assert two.on_chip_bytes == 2 * one.on_chip_bytes
    assert two.parameters == 2 * one.parameters
    assert two.latency.value == pytest.approx(2 * one.latency.value)
    assert sum(two.memory) == 2 * sum(one.memory)
    assert {row["network"] for row in two.ops} == {0, 1}


def test_the_second_network_gets_what_the_first_leaves() -> None:
    def wide(seed: int) -> bytes:
        net = Network(seed)
        return net.finish(net.conv(net.input((1, 4, 4, 2048)), 2560))

    both = analyse([wide(0), wide(1)])
    assert [n.off_chip_bytes > 0 for n in both.networks] == [False, True]
    assert not both.fits
    assert "outputs instead of 2560 would fit" in both.advice[0]
    fewer = int(both.advice[0].split(": ")[1].split()[0])
    net = Network()
    assert analyse([wide(0), net.finish(net.conv(net.input((1, 4, 4, 2048)), fewer))]).fits
    net = Network()
    assert not analyse([wide(0), net.finish(net.conv(net.input((1, 4, 4, 2048)), fewer + 1))]).fits


def test_advice_for_a_dense_layer_that_can_never_fit() -> None:
    net = Network()
    advice = analyse(net.finish(net.dense(net.input((1, 9504)), 10))).advice
    assert "must share a tile" in advice[0]


def test_the_json_has_the_promised_keys_and_round_trips() -> None:
    data = json.loads(json.dumps(analyse(small_network()).as_dict()))
    promised = {
        "ops",
        "on_chip_bytes",
        "off_chip_bytes",
        "latency_ms",
        "fits",
        "parameters",
        "cycles",
        "ops_on_cpu",
    }
    assert promised <= set(data)
    assert {"name", "target", "reason", "evidence"} <= set(data["ops"][0])
    assert data["latency_ms"]["evidence"] == "estimated"
    assert len(data["latency_ms"]["interval"]) == 2


def test_bad_settings_are_refused() -> None:
    with pytest.raises(InvalidSetting, match="no model"):
        analyse([])
    with pytest.raises(InvalidSetting, match="unknown compiler"):
        analyse(small_network(), compiler="99")


@pytest.mark.corpus
def test_parameter_bytes_of_real_pairs(pairs: list) -> None:
    """At least 92 % exact and 96 % within 1 %, each by the storage rules of the build that wrote the file."""
    exact = close = total = 0
    for pair in pairs:
        if pair.original is None:
            continue
        found = analyse(pair.original, inspect(pair.compiled).build)
        miss = abs(found.on_chip_bytes + found.off_chip_bytes - pair.parameter_bytes)
        exact += miss == 0
        close += miss <= 0.01 * pair.parameter_bytes
        total += 1
    assert total >= 26
    assert exact / total >= 0.92
    assert close / total >= 0.96


def test_both_builds_are_told() -> None:
    found = analyse(small_network())
    assert found.by_compiler["16.0"] == found.on_chip_bytes + found.off_chip_bytes
    assert found.by_compiler["1.0"] == analyse(small_network(), "1.0").on_chip_bytes
    assert found.by_compiler["1.0"] < found.by_compiler["16.0"]  # no table for SOFTMAX


@pytest.mark.corpus
def test_cycles_of_real_programs_that_tell_them(pairs: list) -> None:
    told = [p for p in pairs if p.original and int(p.truth["estimated_cycles"])]
    assert len(told) >= 3
    for pair in told:
        expected = int(pair.truth["estimated_cycles"])
        assert analyse(pair.original).cycles == pytest.approx(expected, rel=0.01), pair.compiled.name


@pytest.mark.corpus
def test_cached_and_streamed_split_of_real_pairs(pairs: list) -> None:
    for pair in (p for p in pairs if p.original and p.alone):
        streamed = int(pair.truth["off_chip_bytes"])
        found = analyse(pair.original).off_chip_bytes
        assert abs(found - streamed) <= max(3000, 0.02 * pair.parameter_bytes), pair.compiled.name


@pytest.mark.corpus
def test_activation_memory_of_real_programs(pairs: list) -> None:
    ratios = []
    for pair in (p for p in pairs if p.original):
        truth = int(pair.truth["narrow_memory_per_tile_bytes"])
        if truth > 2000:
            ratios.append(analyse(pair.original).activation_bytes_per_tile / truth)
    assert 0.85 < float(np.median(ratios)) < 1.15


@pytest.mark.corpus
def test_a_real_model_of_4_mb(data_root: Path) -> None:
    path = data_root / "models" / "yamnet_spectra_in.tflite"
    if not path.is_file():
        pytest.skip("no YAMNet at hand")
    found = analyse(path)
    assert found.ops_on_cpu == 2
    assert found.fits
