"""Agreement of executors: layers by themselves, end to end, winners; and the searches that rest on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edgetpu_models.bisect import bisect
from edgetpu_models.numeric.agreement import CAP, agree, layer_counts
from edgetpu_models.numeric.chip_arithmetic import ALTERNATIVES, Halves, Tables, Unknowns
from edgetpu_models.numeric.edgetpu_model import EdgeTpuModel, read_constants
from edgetpu_models.numeric.executors import Kernels, Recorded, random_inputs
from edgetpu_models.program.constants import Requant
from edgetpu_models.program.formulas import expected
from edgetpu_models.program.matching import Explained, Matching, Stray
from edgetpu_models.program.stream import Record
from edgetpu_models.testing.network import Network, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid


def single(scale_out: float = 0.05) -> bytes:
    """Return one QUANTIZE to another scale."""
    net = Network(0)
    return net.finish(
        net.op("QUANTIZE", [net.input((1, 256), scale=0.05)], (1, 256), version=2, scale=scale_out)
    )


EVERY = [[np.arange(-128, 128, dtype=np.int8)[None]]]


def test_a_layer_that_is_the_same_everywhere_has_no_differences() -> None:
    found = agree(single(), EVERY)
    (layer,) = found.layers
    assert layer.shares == [1.0] + [0.0] * CAP
    assert (layer.worst, layer.differing) == ((0, 0), (0.0, 0.0))
    assert found.flip_interval == (0, 0)


def test_halves_are_the_only_difference_of_a_factor_of_one_half() -> None:
    """From 0.05 to 0.1 every odd value is a half: rounding decides half of all elements."""
    data = single(0.1)
    up, even = (EdgeTpuModel(data, Unknowns(h)) for h in (Halves.UP, Halves.EVEN))
    out = up.graph.outputs[0]
    a, b = (chip.tensors(EVERY[0])[out].astype(int).ravel() for chip in (up, even))
    odd = np.arange(-128, 128) % 2 != 0
    assert np.array_equal(a[~odd], b[~odd])
    assert set((a - b)[odd].tolist()) == {0, 1}


def test_counts_are_of_elements_and_end_at_the_cap() -> None:
    data = single()
    reference = Kernels(data)
    wrong = EdgeTpuModel(data, records={(0, "rescaled 0"): Requant(1.0, 255.0, -255.0, 0, 128 + 40)})
    counts = layer_counts(reference, wrong, EVERY)
    assert counts[0].sum() == 256
    assert counts[0][CAP] >= 256 - 40  # all that do not meet the end of the range
    assert len(counts[0]) == CAP + 1


def test_layers_are_judged_from_the_references_tensors() -> None:
    """A wrong first layer does not make the layers behind it wrong."""
    data = small_network()
    graph = verify_model(data).main
    right = next(e for e in expected(graph, graph.operators[0]) if e.tag == "weighted").requant
    off = Requant(right.m, right.hi, right.lo, right.x + 0, right.zero + 9)
    chip = EdgeTpuModel(data, records={(0, "weighted"): off})
    counts = layer_counts(Kernels(data), chip, random_inputs(verify_model(data), 1))
    assert counts[0][0] < counts[0].sum()
    assert all(not row[2:].any() for index, row in counts.items() if index)


def test_float_layers_are_left_out() -> None:
    net = Network(0)
    first = net.op("QUANTIZE", [net.input((1, 4), "FLOAT32", scale=None)], (1, 4), scale=0.5)
    data = net.finish(net.op("DEQUANTIZE", [first], (1, 4), "FLOAT32", version=2, scale=None))
    inputs = random_inputs(verify_model(data), 2)
    found = agree(data, inputs)
    assert [layer.index for layer in found.layers] == [0]
    assert found.inputs == 2


def test_alternatives_give_the_ends_of_the_interval() -> None:
    data = small_network(2)
    inputs = random_inputs(verify_model(data), 4)
    found = agree(data, inputs)
    chips = {u.name: EdgeTpuModel(data, u) for u in ALTERNATIVES}
    assert set(found.flips) == {"fast kernels", *(f"edgetpu-model ({name})" for name in chips)}
    counts = [n for name, n in found.flips.items() if name != "fast kernels"]
    assert found.flip_interval == (min(counts), max(counts))
    only = agree(data, inputs, alternatives=[Unknowns(tables=Tables.FLOOR)])
    assert only.flip_interval[0] == only.flip_interval[1]
    assert list(only.end_to_end) == ["fast kernels", "edgetpu-model (halves even, tables floor)"]


def test_the_largest_difference_end_to_end_is_by_hand_the_same() -> None:
    data = small_network(1)
    inputs = random_inputs(verify_model(data), 3)
    found = agree(data, inputs, alternatives=ALTERNATIVES[:1])
    reference, chip = Kernels(data), EdgeTpuModel(data, ALTERNATIVES[0])
    out = reference.model.main.outputs[0]
    gaps = [np.abs(reference.tensors(v)[out].astype(int) - chip.tensors(v)[out].astype(int)) for v in inputs]
    worst, mean = found.end_to_end[chip.name]
    assert worst == max(int(g.max()) for g in gaps)
    assert mean == pytest.approx(float(np.mean([g.mean() for g in gaps])), abs=1e-5)


class Off:
    """The chip's arithmetic with one layer's output moved by some LSB, and everything behind it as it follows."""

    def __init__(self, data: bytes, layer: int, by: int) -> None:
        self.name = "off"
        self._chip, self._layer, self._by = EdgeTpuModel(data), layer, by

    def tensors(self, inputs: Sequence[Any]) -> dict[int, Any]:
        known = {**self._chip.tensors(inputs), **dict(zip(self._chip.graph.inputs, inputs, strict=True))}
        out = self._chip.graph.operators[self._layer].outputs[0]
        known[out] = np.clip(known[out].astype(int) + self._by, -128, 127).astype(np.int8)
        for op in self._chip.graph.operators[self._layer + 1 :]:
            known[op.outputs[0]] = self._chip.layer(op, known)
        return {t: known[t] for op in self._chip.graph.operators for t in op.outputs}


@pytest.mark.parametrize("layer", [0, 2, 5])
def test_bisect_names_the_first_layer_that_is_off(layer: int) -> None:
    data = small_network()
    model = verify_model(data)
    verdict = bisect(model, EdgeTpuModel(data), Off(data, layer, 3), random_inputs(model, 1))
    assert not verdict.agrees
    assert verdict.first is not None
    assert (verdict.first.op_index, verdict.first.worst) == (layer, 3)
    assert verdict.suspects == (layer,)


def test_records_of_a_file_are_read_by_operation_and_formula() -> None:
    def record(word: int, m: float) -> Record:
        return Record(word, 0, m, 255.0, 0.0, 0, 7, 0, 0)

    matching = Matching(
        explained=[
            Explained(0, record(1, 0.5), ((3, "weighted"), (4, "weighted"))),
            Explained(0, record(9, 0.7), ((3, "weighted"),)),
        ],
        strays=[Stray(0, record(5, 0.25), 4, ("m", 0.25, 0.5)), Stray(0, record(6, 9.0))],
    )
    found = read_constants(matching)
    assert found[3, "weighted"].m == 0.5, "the first record of an operation counts"
    assert found[4, "weighted"].m == 0.25, (
        "a near miss takes its operation's place: so a wrong constant shows"
    )
    assert len(found) == 2


def test_recorded_tensors_come_in_their_order() -> None:
    recorded = Recorded("a board", [{3: np.array([1])}, {3: np.array([2])}])
    assert [int(recorded.tensors([])[3][0]) for _ in range(2)] == [1, 2]
    with pytest.raises(StopIteration):
        recorded.tensors([])


def test_random_inputs_fill_the_range_of_their_type() -> None:
    net = Network(0)
    a, b, c = net.input((1, 4000)), net.input((1, 4000), "UINT8"), net.input((1, 4000), "FLOAT32", scale=None)
    outs = [
        net.reshape(a, (4000,)),
        net.op("RESHAPE", [b], (4000,), "UINT8"),
        net.op("RESHAPE", [c], (4000,), "FLOAT32"),
    ]
    model = verify_model(net.finish(*outs))
    ((one, two, three),) = random_inputs(model, 1, 5)
    assert (one.dtype, one.min(), one.max()) == (np.int8, -128, 127)
    assert (two.dtype, two.min(), two.max()) == (np.uint8, 0, 255)
    assert three.dtype == np.float32
    again = random_inputs(model, 1, 5)[0]
    assert all(np.array_equal(x, y) for x, y in zip((one, two, three), again, strict=True))
    odd = Network(0)
    made = odd.op("RESHAPE", [odd.input((1, 4), "INT32", scale=None)], (4,), "INT32", scale=None)
    with pytest.raises(ModelInvalid, match="input t0 is INT32"):
        random_inputs(verify_model(odd.finish(made)), 1)
