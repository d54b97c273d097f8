"""Properties that hold for any layer and any graph, not only for the examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.analyse import analyse
from edgetpu_models.compiler.log import parse_log
from edgetpu_models.cost.activations import tile_bytes
from edgetpu_models.cost.cycles import cycles
from edgetpu_models.cost.layout import ROW, Stored, dense_lanes, lanes, up
from edgetpu_models.cost.macs import macs
from edgetpu_models.cost.parameters import Compiler, stored
from edgetpu_models.cost.partition import place
from edgetpu_models.cost.sram import TILE_LIMIT, TILES, ParameterMemory
from edgetpu_models.format.model import Operator, Quantization, SubGraph, Tensor
from edgetpu_models.testing import Network
from edgetpu_models.verify import verify_model

quick = settings(max_examples=60, deadline=None)
QUANTISED = Quantization((0.5,), (0,))
LAYERS = st.builds(
    Stored,
    outputs=st.integers(1, 3000),
    lanes=st.integers(1, 3000),
    lane_bytes=st.integers(1, 9000),
    block=st.sampled_from([16, 64]),
)


@given(st.integers(0, 10**6), st.integers(1, 512))
def test_rounding_up(value: int, multiple: int) -> None:
    found = up(value, multiple)
    assert found % multiple == 0
    assert value <= found < value + multiple


@given(st.integers(1, 5000))
def test_lanes_hold_every_output_and_never_shrink(outputs: int) -> None:
    assert lanes(outputs) >= outputs
    assert lanes(outputs + 1) >= lanes(outputs)
    assert dense_lanes(outputs) >= lanes(outputs)


@quick
@given(st.integers(1, 70), st.integers(1, 140), st.sampled_from([1, 3, 5]), st.booleans())
def test_a_convolution_stores_at_least_its_weights(
    inputs: int, outputs: int, kernel: int, per_channel: bool
) -> None:
    net = Network()
    out = net.conv(net.input((1, 6, 6, inputs)), outputs, kernel, per_channel)
    graph = verify_model(net.finish(out)).main
    op = graph.operators[0]
    new, old = (stored(graph, op, build) for build in Compiler)
    assert new.file_bytes % ROW == 0
    assert new.file_bytes >= kernel * kernel * inputs * outputs + 4 * outputs
    assert old.file_bytes == new.file_bytes  # its bias is not zero
    assert cycles(graph, op, 64) >= cycles(graph, op) > 0
    assert macs(graph, op) == 36 * kernel * kernel * inputs * outputs


@quick
@given(st.lists(LAYERS, max_size=12))
def test_no_tile_is_ever_overfilled(layers: list[Stored]) -> None:
    memory = ParameterMemory()
    for layer in layers:
        before = list(memory.fill)
        kept = memory.place(layer)
        taken = memory.used - sum(before)
        blocks = -(-layer.outputs // layer.block)
        assert taken == (blocks * layer.block * layer.lane_bytes if kept else 0)
        assert all(now >= was for now, was in zip(memory.fill, before, strict=True))
    assert max(memory.fill) <= TILE_LIMIT
    assert memory.used + memory.free == TILES * TILE_LIMIT


@quick
@given(LAYERS)
def test_a_layer_that_fits_a_used_memory_fits_an_empty_one(layer: Stored) -> None:
    used = ParameterMemory([TILE_LIMIT // 3] * TILES)
    if used.place(layer):
        assert ParameterMemory().place(layer)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300))
def test_sixteen_tiles_hold_the_whole_map(y: int, x: int, z: int) -> None:
    found = tile_bytes(Tensor(0, "t", "INT8", (1, y, x, z)))
    assert found * TILES >= y * x * z or y * x == 1
    assert tile_bytes(Tensor(0, "t", "INT8", (1, y, x, z)), 2, 2) >= found


@st.composite
def graphs(draw: st.DrawFn) -> SubGraph:
    """A random graph of RELU (mapped) and ABS (not) with one or two inputs each."""
    count = draw(st.integers(1, 14))
    operators = []
    for i in range(count):
        sources = draw(st.lists(st.integers(0, i), min_size=1, max_size=2))
        operators.append(Operator(i, draw(st.sampled_from(["RELU", "ABS"])), 1, tuple(sources), (i + 1,)))
    tensors = [Tensor(i, f"t{i}", "INT8", (1, 4), quantization=QUANTISED) for i in range(count + 1)]
    return SubGraph("g", tuple(tensors), (0,), (count,), tuple(operators))


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_partition_is_the_largest_one_without_a_way_back(graph: SubGraph) -> None:
    """Against the definition: on the TPU if mappable and no path TPU, CPU, this operation exists."""
    placed = [p.on_tpu for p in place(graph)]
    parents = [[graph.producers[t] for t in op.inputs if t in graph.producers] for op in graph.operators]

    def ancestors(i: int) -> set[int]:
        found: set[int] = set()
        for parent in parents[i]:
            found |= {parent} | ancestors(parent)
        return found

    for i, op in enumerate(graph.operators):
        behind = ancestors(i)
        way_back = any(not placed[c] and any(placed[t] for t in ancestors(c)) for c in behind)
        assert placed[i] is (op.op == "RELU" and not way_back)


@quick
@given(st.text(max_size=400))
def test_any_log_is_read(text: str) -> None:
    log = parse_log(text)
    assert log.unread <= len(text.splitlines())


@quick
@given(st.floats(0, 9999, allow_nan=False), st.sampled_from(["B", "KiB", "MiB"]), st.integers(0, 10**6))
def test_sizes_in_a_log_come_back(size: float, unit: str, operations: int) -> None:
    text = (
        f"Input model: x.tflite\nOn-chip memory used for caching model parameters: {size:.2f}{unit}\n"
        f"Total number of operations: {operations}\n"
    )
    found = parse_log(text).models[0]
    factor = {"B": 1, "KiB": 1024, "MiB": 2**20}[unit]
    assert found.sizes["on_chip_used"] == pytest.approx(size * factor, abs=0.006 * factor + 1)
    assert found.counts["operations"] == operations


@quick
@given(st.integers(1, 40), st.integers(0, 3))
def test_the_order_of_networks_decides_who_is_kept(width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def chain(layers: int) -> bytes:
        net = Network(seed)
        x = net.input((1, 2, 2, 64))
        for _ in range(layers):
            x = net.conv(x, 64)
        return net.finish(x)

    a, b = chain(int(rng.integers(1, 5))), chain(1 + width % 5)
    forth, back = analyse([a, b]), analyse([b, a])
    assert forth.on_chip_bytes == back.on_chip_bytes  # all fits, so the order does not matter
    assert forth.networks[0].on_chip_bytes == back.networks[1].on_chip_bytes
