"""Names, scales and constants outside the instructions: where they are written, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.container import Span, open_compiled
from edgetpu_models.provenance.check import Study, study
from edgetpu_models.relayout.file import rename
from edgetpu_models.reweight.outer import Rename, rename_all, rewrite_outer
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid, ReweightRefused

RED_INPUT = "serving_default_keras_tensor_6:0"


@pytest.fixture(scope="module")
def pair(red_pair: tuple[bytes, bytes]) -> Study:
    return study(*red_pair)


def other(original: bytes, change: Callable[[Any], None]) -> Any:
    opened = open_model(original)
    change(opened.subgraphs[0])
    return verify_model(pack(opened)).main


def test_the_same_network_changes_nothing(red_pair: tuple[bytes, bytes], pair: Study) -> None:
    data = bytearray(red_pair[1])
    assert rewrite_outer(pair, pair.graph, data) == []
    assert bytes(data) == red_pair[1]


def test_scales_go_into_the_tensor_and_into_every_port(red_pair: tuple[bytes, bytes], pair: Study) -> None:
    def change(graph: Any) -> None:
        quantization = graph.tensors[graph.outputs[0]].quantization
        quantization.scale, quantization.zeroPoint = np.array([0.75], np.float32), np.array([-5], np.int64)

    data = bytearray(red_pair[1])
    rewrite_outer(pair, other(red_pair[0], change), data)
    opened = open_compiled(bytes(data))
    outer = opened.model.main.tensors[opened.model.main.outputs[0]]
    assert (outer.quantization.scale, outer.quantization.zero_point) == (0.75, -5)
    port = opened.running.ports[-1]
    assert (port.scale, port.zero_point) == (0.75, -5 + 128)
    assert sum(a != b for a, b in zip(data, red_pair[1], strict=True)) <= 4 + 8 + 4 + 4


def test_a_value_that_is_not_stored_cannot_be_written(red_pair: tuple[bytes, bytes], pair: Study) -> None:
    """FlatBuffers leave out zeros: a zero point that is 0 in the chip's form has no place in the file."""
    program = pair.compiled.running
    bare = replace(program, ports=(replace(program.ports[0], zero_point_at=0), *program.ports[1:]))
    lacking = replace(pair, compiled=replace(pair.compiled, programs=(bare, *pair.compiled.programs[1:])))

    def change(graph: Any) -> None:
        graph.tensors[0].quantization.zeroPoint = np.array([50], np.int64)

    with pytest.raises(ReweightRefused, match="changes a value into or out of 0, which is not stored"):
        rewrite_outer(lacking, other(red_pair[0], change), bytearray(red_pair[1]))


def test_names_are_collected_everywhere_and_written_nowhere_yet(
    red_pair: tuple[bytes, bytes], pair: Study
) -> None:
    def change(graph: Any) -> None:
        graph.tensors[0].name = b"microphone"

    data = bytearray(red_pair[1])
    found = rewrite_outer(pair, other(red_pair[0], change), data)
    assert bytes(data) == red_pair[1]
    assert {r.new for r in found} == {b"microphone"}
    assert {r.at.of(red_pair[1]).decode() for r in found} == {RED_INPUT}
    assert len(found) == len({r.at for r in found}) == 5


def test_two_tensors_of_one_name_are_refused(red_pair: tuple[bytes, bytes], pair: Study) -> None:
    tensors = tuple(replace(t, name=RED_INPUT) if t.index == 3 else t for t in pair.graph.tensors)
    graph = replace(pair.original.main, tensors=tensors)
    double = replace(pair, original=replace(pair.original, subgraphs=(graph,)))
    with pytest.raises(ReweightRefused, match=f"two tensors are named {RED_INPUT}"):
        rewrite_outer(double, pair.graph, bytearray(red_pair[1]))


def renames(data: bytes, new: bytes) -> list[Rename]:
    old, found, at = RED_INPUT.encode() + b"\0", [], data.find(RED_INPUT.encode() + b"\0")
    while at >= 0:
        found.append(Rename(Span(at, len(old) - 1), new))
        at = data.find(old, at + 1)
    return found


@pytest.mark.parametrize("new", [b"x", b"another input", b"y" * 32, b"z" * 35, b"w" * 36, b"v" * 400])
def test_every_copy_of_a_name_is_written(red_pair: tuple[bytes, bytes], new: bytes) -> None:
    changes = renames(red_pair[1], new)
    made = open_compiled(rename_all(red_pair[1], changes))
    assert made.model.main.tensors[0].name == new.decode()
    assert made.running.ports[0].name == new.decode()
    texts = [n.of(made.data) for n in made.running.names]
    assert texts.count(new) == len(changes) - 1
    before = open_compiled(red_pair[1])
    for a, b in zip(before.programs, made.programs, strict=True):
        assert a.stream.of(before.data) == b.stream.of(made.data)
        assert a.parameters.of(before.data) == b.parameters.of(made.data)
        assert a.token == b.token
        assert b.parameters.start % 4096 == made.package.start % 4096 or not b.parameters.size


def test_a_name_in_a_place_that_is_not_known_is_refused(red_pair: tuple[bytes, bytes]) -> None:
    changes = renames(red_pair[1], b"other")[1:]
    with pytest.raises(ReweightRefused, match="also stands at byte"):
        rename_all(red_pair[1], changes)


def test_no_changes_change_nothing(red_pair: tuple[bytes, bytes]) -> None:
    assert rename_all(red_pair[1], []) == red_pair[1]
    assert rename(red_pair[1], {}) == red_pair[1]


def test_a_file_with_something_behind_it_is_not_laid_out_again(red_pair: tuple[bytes, bytes]) -> None:
    """As in a real file to which labels were appended."""
    longer = red_pair[1] + b"PK\x03\x04 labels"
    with pytest.raises(ModelInvalid, match="do not lie where the compiler's builder would put them"):
        rename(longer, {c.at.start - 4: b"n" * 80 for c in renames(longer, b"")})
    with pytest.raises(ReweightRefused, match="needs another room in the file than 32 characters"):
        rename_all(longer, renames(longer, b"n" * 80))
    assert rename_all(longer, renames(longer, b"n" * 32)).endswith(b" labels"), "in place it can be renamed"


def test_a_place_that_is_no_strings_is_refused(red_pair: tuple[bytes, bytes]) -> None:
    at = open_compiled(red_pair[1]).running.stream.start + 64
    with pytest.raises(ModelInvalid, match="no string begins at byte"):
        rename(red_pair[1], {at: b"lost"})
