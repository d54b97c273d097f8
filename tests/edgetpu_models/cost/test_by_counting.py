"""Costs against slow counts: every multiply-accumulate, every block dealt to a tile, every byte of a map."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.cost.activations import profile, step_bytes, tile_bytes
from edgetpu_models.cost.advice import edits
from edgetpu_models.cost.cycles import cycles
from edgetpu_models.cost.layout import Stored
from edgetpu_models.cost.macs import macs
from edgetpu_models.cost.sram import TILE_LIMIT, TILES, ParameterMemory, reported_bytes
from edgetpu_models.format.model import SubGraph, Tensor
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model


def graph_of(build: Any) -> SubGraph:
    net = Network(0)
    return verify_model(net.finish(build(net))).main


def counted(kind: str, out: tuple[int, ...], kernel: tuple[int, ...]) -> int:
    """Count multiply-accumulates one by one: for each output, each weight that it needs."""
    total = 0
    for _ in product(*(range(n) for n in out)):
        if kind == "CONV_2D":
            total += sum(1 for _ in product(*(range(n) for n in kernel[1:])))
        elif kind == "DEPTHWISE_CONV_2D":
            total += kernel[1] * kernel[2]
        else:
            total += kernel[1]
    return total


@pytest.mark.parametrize(("z", "outputs", "taps"), [(1, 4, 1), (3, 5, 3), (8, 2, 5)])
def test_a_convolutions_macs_are_counted(z: int, outputs: int, taps: int) -> None:
    graph = graph_of(lambda n: n.conv(n.input((1, 5, 4, z)), outputs, taps))
    (op,) = graph.operators
    assert macs(graph, op) == counted("CONV_2D", (5, 4, outputs), (outputs, taps, taps, z))


def test_depthwise_and_dense_macs_are_counted() -> None:
    graph = graph_of(lambda n: n.depthwise(n.input((1, 5, 4, 6)), (3, 2)))
    assert macs(graph, graph.operators[0]) == counted("DEPTHWISE_CONV_2D", (5, 4, 6), (1, 3, 2, 6))
    graph = graph_of(lambda n: n.dense(n.input((1, 40)), 7))
    assert macs(graph, graph.operators[0]) == counted("FULLY_CONNECTED", (1, 7), (7, 40))


@pytest.mark.parametrize("kind", ["LOGISTIC", "RELU", "TANH"])
def test_what_only_looks_at_values_has_no_macs(kind: str) -> None:
    graph = graph_of(lambda n: n.op(kind, [n.input((1, 8, 8, 4))], (1, 8, 8, 4)))
    assert (macs(graph, graph.operators[0]), cycles(graph, graph.operators[0])) == (0, 0)


@pytest.mark.parametrize(("size", "z", "outputs", "taps"), [(8, 4, 16, 3), (9, 5, 17, 1), (33, 1, 64, 5)])
def test_cycles_of_a_convolution_by_hand(size: int, z: int, outputs: int, taps: int) -> None:
    graph = graph_of(lambda n: n.conv(n.input((1, size, size, z)), outputs, taps))
    side = (size + 3) // 4
    inner = max(16, taps * taps * ((z + 3) // 4))
    assert cycles(graph, graph.operators[0]) == side * side * inner * ((outputs + 15) // 16)
    padded = cycles(graph, graph.operators[0], pad_outputs=64)
    assert padded == side * side * inner * 4 * ((outputs + 63) // 64)


def test_a_mean_takes_four_values_a_cycle() -> None:
    graph = graph_of(lambda n: n.mean(n.input((1, 5, 5, 20))))
    assert cycles(graph, graph.operators[0]) == 7 * 2


def dealt(layers: Sequence[Stored]) -> tuple[list[bool], list[int]]:
    """Deal blocks out one by one, each to the least full tile; a layer goes in whole or not at all."""
    fill = [0] * TILES
    kept = []
    for layer in layers:
        trial = list(fill)
        fits = True
        for _ in range(-(-layer.outputs // layer.block)):
            tile = min(range(TILES), key=lambda t: (trial[t], t))
            trial[tile] += layer.block * layer.lane_bytes
            fits = fits and trial[tile] <= TILE_LIMIT
        kept.append(fits)
        fill = trial if fits else fill
    return kept, fill


stored = st.builds(
    lambda outputs, lane, block: Stored(outputs, outputs, lane, block),
    st.integers(1, 700),
    st.integers(1, 12_000),
    st.sampled_from([16, 64]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(stored, min_size=1, max_size=8))
def test_tiles_are_filled_as_if_every_block_were_dealt_by_hand(layers: list[Stored]) -> None:
    memory = ParameterMemory()
    kept = [memory.place(layer) for layer in layers]
    wanted, fill = dealt(layers)
    assert kept == wanted
    assert sorted(memory.fill) == sorted(fill)
    assert memory.used + memory.free == TILES * TILE_LIMIT
    assert max(memory.fill) <= TILE_LIMIT


def test_a_layer_that_is_not_kept_on_principle_takes_no_room() -> None:
    memory = ParameterMemory()
    assert not memory.place(Stored(16, 16, 10, 16, cacheable=False))
    assert memory.place(Stored(0, 0, 10, 16))
    assert memory.used == 0


def test_the_log_counts_lanes_in_sixty_fours() -> None:
    assert [reported_bytes(Stored(n, n, 100, 16)) for n in (1, 64, 65)] == [6400, 6400, 12800]


@pytest.mark.parametrize("shape", [(1, 8, 8, 4), (1, 9, 7, 5), (1, 1, 1, 10), (1, 33), (64,), (1, 4, 4, 1)])
def test_a_tiles_part_of_a_map_is_the_largest_of_sixteen(shape: tuple[int, ...]) -> None:
    y, x, z = (1, 1, 1, *shape)[-3:]
    lanes = (z + 3) // 4 * 4
    if y * x == 1:
        wanted = lanes
    else:
        rows = max(len(part) for part in np.array_split(np.arange(y), 4))
        columns = max(len(part) for part in np.array_split(np.arange(x), 4))
        wanted = rows * columns * lanes
    assert tile_bytes(Tensor(0, "t", "INT8", shape)) == wanted


def test_a_convolution_needs_a_rim() -> None:
    graph = graph_of(lambda n: n.conv(n.input((1, 16, 16, 4)), 8, 3))
    (op,) = graph.operators
    assert step_bytes(graph, op) == (4 + 2) * (4 + 2) * 4 + 4 * 4 * 8


def test_what_waits_for_a_later_operation_is_held() -> None:
    def build(n: Network) -> int:
        x = n.conv(n.input((1, 16, 16, 4)), 8, 1)
        y = n.conv(n.conv(x, 8, 1), 8, 1)
        return n.op("ADD", [x, y], (1, 16, 16, 8), options="AddOptions")

    graph = graph_of(build)
    placements: Any = [SimpleNamespace(op=op, on_tpu=True) for op in graph.operators]
    found = profile(graph, placements)
    one = tile_bytes(Tensor(0, "t", "INT8", (1, 16, 16, 8)))
    plain = [step_bytes(graph, op) for op in graph.operators]
    assert found == [plain[0], plain[1], plain[2] + one, plain[3]]
    some: Any = [SimpleNamespace(op=op, on_tpu=op.index != 1) for op in graph.operators]
    assert profile(graph, some)[1] == 0


def row(**changes: Any) -> Any:
    facts = {
        "index": 3, "name": "CONV_2D", "target": "edgetpu", "reason": "", "effect": "", "cacheable": True,
        "on_chip": False, "parameter_bytes": 1000, "block": 16, "lane_bytes": 100, "outputs": 64,
    }  # fmt: skip
    return SimpleNamespace(**{**facts, **changes})


def test_advice_names_the_smallest_edit() -> None:
    assert edits([row(on_chip=True)]) == []
    wide = row(block=64, lane_bytes=9000, name="FULLY_CONNECTED")
    assert "64 of its outputs must share a tile; give it at most about 8,148 inputs" in edits([wide])[0]
    big = row(outputs=4000, lane_bytes=3000)
    (said,) = edits([big])
    most = int(said.split(": ")[1].split(" ")[0])
    assert dealt([Stored(most, most, 3000, 16)])[0] == [True]
    assert dealt([Stored(most + 16, most + 16, 3000, 16)])[0] == [False]


def test_advice_says_when_nothing_is_left() -> None:
    full = row(on_chip=True, outputs=16 * 16, lane_bytes=TILE_LIMIT // 16, index=0)
    said = edits([full, row()])
    assert said == ["CONV_2D 3 (1,000 bytes) is streamed: nothing is left for it; make the layers before it smaller by "
                    "1,000 bytes"]  # fmt: skip


def test_advice_stops_after_three_layers_and_names_what_leaves_the_chip() -> None:
    rows = [row(index=i, outputs=4000, lane_bytes=3000) for i in range(5)]
    away = row(index=9, name="GELU", target="cpu", reason="not known", effect="breaks", cacheable=False)
    border = row(index=10, target="cpu", effect="border", cacheable=False)
    said = edits([*rows, away, border])
    assert len(said) == 5
    assert said[3] == "and 2 more layers are streamed"
    assert said[4] == "GELU 9 leaves the Edge TPU: not known"
