"""The chip's arithmetic: against the reference kernels, against records, and its own choices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.bisect import bisect
from edgetpu_models.numeric.agreement import agree, layer_counts
from edgetpu_models.numeric.chip_arithmetic import ALTERNATIVES, Halves, Unknowns, requantise, rounded
from edgetpu_models.numeric.edgetpu_model import EdgeTpuModel
from edgetpu_models.numeric.executors import Kernels, random_inputs
from edgetpu_models.numeric.named import EXECUTORS, executor, with_records
from edgetpu_models.program.constants import Requant
from edgetpu_models.program.stream import ZERO, write_field
from edgetpu_models.provenance.check import study
from edgetpu_models.testing import small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, UnknownName


def test_halves_are_rounded_as_named() -> None:
    values = np.array([-1.5, -0.5, 0.5, 1.5, 2.5])
    assert rounded(values, Halves.EVEN).tolist() == [-2, -0, 0, 2, 2]
    assert rounded(values, Halves.UP).tolist() == [-1, 0, 1, 2, 3]
    assert rounded(values, Halves.AWAY).tolist() == [-2, -1, 1, 2, 3]


def test_requantisation_follows_the_record() -> None:
    constants = Requant(0.5, 100.0, -3.0, -2, 10)
    found = requantise(np.array([2.0, 12.0, 1000.0, -1000.0]), constants, None, Unknowns())
    assert found.tolist() == [10, 15, 110, 7]


@pytest.mark.parametrize("seed", range(4))
def test_small_networks_differ_by_one_at_most(seed: int) -> None:
    data = small_network(seed)
    reference, chip = Kernels(data), EdgeTpuModel(data)
    counts = layer_counts(reference, chip, random_inputs(reference.model, 4, seed))
    for index, row in counts.items():
        assert not row[2:].any(), (index, row.tolist())


def test_real_networks_differ_by_one_at_most(pairs: list) -> None:
    judged = 0
    for pair in pairs:
        if pair.original is None or pair.original.stat().st_size > 600_000:
            continue
        data = pair.original.read_bytes()
        try:
            chip = EdgeTpuModel(data)
        except InvalidSetting:
            continue
        reference = Kernels(data)
        for index, row in layer_counts(reference, chip, random_inputs(reference.model, 1)).items():
            assert not row[2:].any(), (pair.original.name, index)
        judged += 1
    assert judged >= 10


def test_what_is_not_known_gives_an_interval() -> None:
    data = small_network()
    found = agree(data, random_inputs(verify_model(data), 3))
    assert found.evidence == "modelled"
    assert len(found.end_to_end) == 1 + len(ALTERNATIVES)
    assert found.flip_interval[0] <= found.flip_interval[1]
    for layer in found.layers:
        assert layer.differing[0] <= layer.differing[1]
        assert abs(sum(layer.shares) - 1) < 1e-5


def test_a_wrong_zero_point_in_a_record_is_found_in_one_call(data_root: Path) -> None:
    folder = data_root / "edgetpu_same_architecture"
    original = (folder / "color_red_64x64.tflite").read_bytes()
    compiled = bytearray((folder / "color_red_64x64_edgetpu.tflite").read_bytes())
    inputs = random_inputs(verify_model(original), 2)
    assert bisect(verify_model(original), *with_records(original, bytes(compiled)), inputs).agrees
    pair = study(original, bytes(compiled))
    chosen = next(e for e in pair.matching.explained if (4, "weighted") in e.owners)
    span = pair.compiled.programs[chosen.program].stream
    stream = bytearray(span.of(compiled))
    write_field(stream, chosen.record.word, ZERO, 91)
    compiled[span.start : span.end] = stream
    verdict = bisect(verify_model(original), *with_records(original, bytes(compiled)), inputs)
    assert verdict.first is not None
    assert (verdict.first.op_index, verdict.first.worst) == (4, 5.0)


def test_operations_without_known_arithmetic_are_refused(pairs: list) -> None:
    lstm = next(p for p in pairs if "lstm" in p.compiled.name)
    with pytest.raises(InvalidSetting, match="UNIDIRECTIONAL_SEQUENCE_LSTM is not known"):
        EdgeTpuModel(lstm.original.read_bytes())


def test_executors_have_names() -> None:
    data = small_network()
    assert {executor(name, data).name.split()[0] for name in EXECUTORS} == {
        "reference",
        "fast",
        "edgetpu-model",
    }
    with pytest.raises(UnknownName):
        executor("abacus", data)
