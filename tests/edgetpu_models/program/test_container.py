"""Where the parts of a compiled file lie: every place, read back from the file."""

from __future__ import annotations

import copy
import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.format.executable import ExecutableType
from edgetpu_models.inspect import inspect
from edgetpu_models.program.container import NOWHERE, Span, open_compiled
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import ModelInvalid


def test_spans_cut_what_they_say() -> None:
    span = Span(2, 3)
    assert (span.end, span.of(b"abcdefg"), span.of(bytearray(b"abcdefg"))) == (5, b"cde", b"cde")
    assert NOWHERE.of(b"abc") == b""


def test_every_stored_value_is_where_it_is_said_to_be(pairs: list[Any]) -> None:
    for pair in pairs:
        data = pair.compiled.read_bytes()
        opened = open_compiled(data)
        for program in opened.programs:
            if program.token_at:
                assert struct.unpack_from("<Q", data, program.token_at)[0] == program.token
            assert program.stream.size % 16 == 0
            for port in program.ports:
                assert port.name_at.of(data).decode() == port.name
                assert struct.unpack_from("<I", data, port.name_at.start - 4)[0] == port.name_at.size
                if port.scale_at:
                    assert struct.unpack_from("<f", data, port.scale_at)[0] == port.scale
                if port.zero_point_at:
                    assert struct.unpack_from("<i", data, port.zero_point_at)[0] == port.zero_point
            for name in program.names:
                assert data[name.end] == 0, "a string ends with a zero"


def test_sizes_agree_with_what_inspect_reads(pairs: list[Any]) -> None:
    for pair in pairs:
        opened, seen = open_compiled(pair.compiled.read_bytes()), inspect(pair.compiled)
        assert opened.runtime == seen.min_runtime_version
        assert opened.running.stream.size == seen.instruction_bytes
        caching = [p for p in opened.programs if p.type is ExecutableType.PARAMETER_CACHING]
        assert sum(p.parameters.size for p in caching) == seen.on_chip_bytes
        assert opened.running.parameters.size == seen.off_chip_bytes


def test_parts_do_not_overlap(pairs: list[Any]) -> None:
    for pair in pairs:
        opened = open_compiled(pair.compiled.read_bytes())
        spans = [s for p in opened.programs for s in (p.stream, p.parameters) if s.size]
        spans.sort(key=lambda s: s.start)
        for a, b in pairwise(spans):
            assert a.end <= b.start
        assert all(opened.package.start <= s.start and s.end <= opened.package.end for s in spans)


def test_a_change_at_a_place_is_seen_by_the_reader(red_compiled: bytes) -> None:
    opened = open_compiled(red_compiled)
    port = opened.running.ports[0]
    data = bytearray(red_compiled)
    struct.pack_into("<f", data, port.scale_at, 0.125)
    struct.pack_into("<Q", data, opened.running.token_at, 42)
    data[port.name_at.start] = ord("X")
    again = open_compiled(bytes(data))
    assert again.running.ports[0].scale == 0.125
    assert again.running.token == 42
    assert again.running.ports[0].name == "X" + port.name[1:]
    assert inspect(bytes(data)).token == f"{42:016x}"


def test_a_made_up_container_is_opened() -> None:
    opened = open_compiled(compiled(cached=128, streamed=64))
    assert [p.type.name for p in opened.programs] == ["EXECUTION_ONLY", "PARAMETER_CACHING"]
    assert [p.parameters.size for p in opened.programs] == [64, 128]
    assert opened.running is opened.programs[0]
    assert not opened.running.ports
    alone = open_compiled(compiled(cached=0, streamed=64))
    assert [p.type.name for p in alone.programs] == ["STAND_ALONE"]


def test_files_without_exactly_one_program_are_refused() -> None:
    with pytest.raises(ModelInvalid, match="holds 0 Edge TPU operations"):
        open_compiled(small_network())
    opened = open_model(compiled())
    graph = opened.subgraphs[0]
    first = graph.operators[0]
    second = copy.deepcopy(first)
    graph.tensors.append(copy.deepcopy(graph.tensors[first.outputs[0]]))
    second.outputs = [len(graph.tensors) - 1]
    graph.operators = [first, second]
    with pytest.raises(ModelInvalid, match="holds 2 Edge TPU operations"):
        open_compiled(pack(opened))


def test_custom_data_without_a_program_is_refused() -> None:
    opened = open_model(compiled())
    opened.subgraphs[0].operators[0].customOptions = np.zeros(0, np.uint8)
    with pytest.raises(ModelInvalid):
        open_compiled(pack(opened))


def test_a_stream_that_is_no_whole_number_of_words_is_refused(red_compiled: bytes) -> None:
    opened = open_compiled(red_compiled)
    data = bytearray(red_compiled)
    at = opened.running.stream.start - 4
    struct.pack_into("<I", data, at, opened.running.stream.size - 8)
    with pytest.raises(ModelInvalid, match="not one stream of 128-bit words"):
        open_compiled(bytes(data))


def test_an_unknown_type_of_executable_is_refused(red_compiled: bytes) -> None:
    """Every byte that could be the type is tried, so that the place need not be known here."""
    start = open_compiled(red_compiled).package.start
    seen = set()
    for at in range(start + 8192, start + 16384):
        if red_compiled[at : at + 2] != b"\1\0":
            continue
        data = bytearray(red_compiled)
        data[at] = 9
        try:
            open_compiled(bytes(data))
        except ModelInvalid as error:
            seen.add("unknown type 9" in error.what)
    assert True in seen
