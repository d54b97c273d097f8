"""What keeps a file from being proved: each doubt and each contradiction in its own words, and the first one first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.matching import Stray
from edgetpu_models.program.stream import Record
from edgetpu_models.provenance.check import Study, Verdict, check, provenance_of, study
from edgetpu_models.verify import verify_model


@pytest.fixture(scope="module")
def pair(red_pair: tuple[bytes, bytes]) -> Study:
    return study(*red_pair)


def edited(original: bytes, change: Callable[[Any], None]) -> bytes:
    opened = open_model(original)
    change(opened.subgraphs[0])
    return pack(opened)


def record(m: float) -> Record:
    return Record(50, 0x30C000, m, 255.0, 0.0, 0, 0, 0, 0)


def test_a_proved_pair_has_no_reason_and_a_row_per_operation(pair: Study) -> None:
    found = provenance_of(pair)
    assert (found.verdict, found.reason, found.contradictions, found.not_understood) == (
        Verdict.PROVED,
        "",
        (),
        (),
    )
    assert [row.op for row in found.layers] == [op.op for op in pair.graph.operators]
    assert {row.where for row in found.layers} == {"chip"}
    weighted = [row for row in found.layers if row.parameters]
    assert [row.parameters for row in weighted] == ["exact"] * found.weighted_layers
    assert all(row.size > 0 and row.offset > 0 for row in weighted)
    told = found.as_dict()
    assert told["verdict"] == "proved"
    assert told["layers"][0]["index"] == 0


def test_a_stray_record_is_a_doubt_and_equal_ones_are_counted_together(pair: Study) -> None:
    strays = [Stray(0, record(0.3)), Stray(0, record(0.3)), Stray(1, record(0.7))]
    found = provenance_of(replace(pair, matching=replace(pair.matching, strays=strays)))
    assert found.verdict is Verdict.CONSISTENT
    assert found.not_understood == (
        "record m 0.3, 0.0 to 255.0 (2 times) follows from no operation",
        "record m 0.7, 0.0 to 255.0 (1 times) follows from no operation",
    )
    assert found.records == found.explained_records + 3


def test_a_near_miss_contradicts_with_both_values(pair: Study) -> None:
    stray = Stray(0, record(0.3), near=4, difference=("m", 0.3, 0.25))
    found = provenance_of(replace(pair, matching=replace(pair.matching, strays=[stray])))
    assert found.verdict is Verdict.NOT
    assert (
        found.reason == "operation 4 (FULLY_CONNECTED): record at word 50: m is 0.3, the original gives 0.25"
    )
    assert [row.index for row in found.layers if row.problem] == [4]


def test_an_absent_record_contradicts_with_what_was_expected(pair: Study) -> None:
    found = provenance_of(replace(pair, matching=replace(pair.matching, absent=[4])))
    assert found.verdict is Verdict.NOT
    assert found.reason.startswith("operation 4 (FULLY_CONNECTED): m ")
    assert found.reason.endswith("expected: no such record")


def test_contradictions_come_in_the_order_of_execution(pair: Study) -> None:
    strays = [Stray(0, record(0.3), near=n, difference=("m", 0.3, 0.25)) for n in (5, 1)]
    found = provenance_of(replace(pair, matching=replace(pair.matching, strays=strays, absent=[4])))
    assert [text.split(" (")[0] for text in found.contradictions[:3]] == [
        "operation 1",
        "operation 4",
        "operation 5",
    ]
    assert found.not_understood == (), "what contradicts needs no doubts"


def test_layers_that_are_not_looked_for_are_a_doubt(pair: Study) -> None:
    fewer = replace(pair.placement, placed=pair.placement.placed[1:])
    found = provenance_of(replace(pair, placement=fewer))
    assert found.verdict is Verdict.CONSISTENT
    assert found.reason == "operation 1 (CONV_2D) has weights of a kind that is not understood"


def test_a_changed_scale_of_the_input_is_found_outside_and_inside(red_pair: tuple[bytes, bytes]) -> None:
    def change(graph: Any) -> None:
        graph.tensors[0].quantization.scale = np.array([0.003], np.float32)

    found = check(edited(red_pair[0], change), red_pair[1])
    assert found.verdict is Verdict.NOT
    assert any("serving_default" in text and "scale" in text for text in found.contradictions)


def test_every_weighted_layer_is_named_when_its_weights_change(
    red_pair: tuple[bytes, bytes], pair: Study
) -> None:
    for placed in pair.placement.placed:
        index = placed.layer.op
        opened = open_model(red_pair[0])
        graph = opened.subgraphs[0]
        buffer = opened.buffers[graph.tensors[graph.operators[index].inputs[1]].buffer]
        values = np.array(buffer.data)
        values[len(values) // 2] ^= 4
        buffer.data = values
        found = check(pack(opened), red_pair[1])
        named = [row.index for row in found.layers if row.problem]
        shared = {
            p.layer.op
            for p in pair.placement.placed
            if graph.operators[p.layer.op].inputs[1] == graph.operators[index].inputs[1]
        }
        assert found.verdict is Verdict.NOT
        assert set(named) == shared
        assert "a weight of channel" in found.reason


def test_models_without_weights_on_the_chip_are_never_proved(data_root: Path) -> None:
    folder = data_root / "edgetpu_pairs"
    original = next(folder.glob("5bb128c7*"), None)
    if original is None:
        pytest.skip("no compiled models at hand")
    found = check(original, next(folder.glob("8e3eaee8*")))
    assert found.verdict is Verdict.CONSISTENT
    assert found.reason == "no weighted layer is on the chip: nothing ties the file to these weights"
    assert found.weighted_layers == 0
    assert verify_model(original.read_bytes()).main.operators
