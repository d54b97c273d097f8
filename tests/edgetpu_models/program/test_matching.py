"""Records and their owners: explained, near misses, what is absent, and what is left alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from edgetpu_models.program.formulas import MOVED, expected
from edgetpu_models.program.matching import Matching, key, match
from edgetpu_models.program.stream import (
    HI,
    INPUT_ZERO,
    LO,
    WEIGHT_ZERO,
    WORD,
    ZERO,
    M,
    X,
    write_bits,
    write_field,
)
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model

MARKER = 0x30C000


def convolutions(count: int = 2, extra: str = "") -> Any:
    """Return a graph of convolutions with one scale each, and perhaps one more operation."""
    net = Network(0)
    outs = [net.conv(net.input((1, 4, 4, 4), zero_point=5), 8, per_channel=False) for _ in range(count)]
    if extra:
        outs.append(net.op(extra, [net.input((1, 4))], (1, 4)))
    return verify_model(net.finish(*outs)).main


def put(stream: bytearray, word: int, constants: Any, weight_zero: int = 0, input_zero: int = 0) -> None:
    write_bits(stream, word * WORD, 29, MARKER)
    for field, value in zip(
        (M, HI, LO, X, ZERO),
        (constants.m, constants.hi, constants.lo, constants.x, constants.zero),
        strict=True,
    ):
        write_field(stream, word, field, value)
    write_field(stream, word, WEIGHT_ZERO, weight_zero)
    write_field(stream, word, INPUT_ZERO, input_zero)


def matched(graph: Any, stream: bytes) -> Matching:
    compiled = SimpleNamespace(
        data=b"", programs=[SimpleNamespace(stream=SimpleNamespace(of=lambda _: bytes(stream)))]
    )
    return match(graph, compiled, [op.index for op in graph.operators])  # type: ignore[arg-type]


def wanted(graph: Any, index: int) -> Any:
    return next(iter(expected(graph, graph.operators[index])))


def test_a_record_belongs_to_the_operation_whose_constants_it_has() -> None:
    graph = convolutions()
    stream = bytearray(16 * 16)
    put(stream, 3, wanted(graph, 1).requant, 128, 133)
    put(stream, 8, wanted(graph, 0).requant)
    found = matched(graph, stream)
    assert [(e.record.word, e.owners) for e in found.explained] == [
        (3, ((1, "weighted"),)),
        (8, ((0, "weighted"),)),
    ]
    assert found.strays == []
    assert found.absent == []


def test_a_required_record_that_is_nowhere_is_absent() -> None:
    graph = convolutions()
    stream = bytearray(16 * 16)
    put(stream, 3, wanted(graph, 0).requant)
    assert matched(graph, stream).absent == [1]


def test_moved_data_has_no_owner() -> None:
    stream = bytearray(16 * 16)
    put(stream, 3, MOVED)
    found = matched(convolutions(0, "RESHAPE"), stream)
    assert [(e.moved, e.owners) for e in found.explained] == [(True, ())]


@pytest.mark.parametrize(
    ("field", "name"), [(M, "m"), (HI, "hi"), (LO, "lo"), (X, "x"), (ZERO, "output zero point")]
)
def test_one_wrong_value_is_named_with_both(field: Any, name: str) -> None:
    graph = convolutions()
    constants = wanted(graph, 0).requant
    stream = bytearray(16 * 16)
    put(stream, 3, constants)
    put(stream, 9, wanted(graph, 1).requant)
    right = {
        "m": constants.m,
        "hi": constants.hi,
        "lo": constants.lo,
        "x": 0,
        "output zero point": constants.zero,
    }[name]
    wrong = right * 1.001 if field.kind == "f" else int(right) + 1
    write_field(stream, 3, field, wrong)
    found = matched(graph, stream)
    (stray,) = found.strays
    assert (stray.near, stray.difference[0], stray.difference[2]) == (0, name, right)
    assert stray.difference[1] == pytest.approx(wrong)
    assert found.absent == [0]


@pytest.mark.parametrize(
    ("field", "says"), [(WEIGHT_ZERO, "weight zero point"), (INPUT_ZERO, "input zero point")]
)
def test_a_wrong_zero_point_beside_the_record_is_named(field: Any, says: str) -> None:
    graph = convolutions(1)
    stream = bytearray(16 * 16)
    put(stream, 3, wanted(graph, 0).requant, 128, 133)
    assert matched(graph, stream).strays == []
    write_field(stream, 3, field, 99)
    (stray,) = matched(graph, stream).strays
    assert (stray.near, stray.difference[:2]) == (0, (says, 99))


def test_a_field_without_a_zero_point_is_no_fault() -> None:
    """Layers that pad nothing, and those with several scales, leave the fields 0."""
    graph = convolutions(1)
    stream = bytearray(16 * 16)
    put(stream, 3, wanted(graph, 0).requant, 0, 0)
    assert matched(graph, stream).strays == []


def test_a_marked_word_that_is_no_record_is_passed_over() -> None:
    graph = convolutions(1)
    stream = bytearray(16 * 16)
    put(stream, 3, wanted(graph, 0).requant)
    write_bits(stream, 8 * WORD, 29, MARKER)
    write_field(stream, 8, M, -3.0e30)
    assert matched(graph, stream).strays == []


def test_a_record_without_its_marker_is_seen_by_its_factor() -> None:
    graph = convolutions(2)
    stream = bytearray(16 * 16)
    put(stream, 3, wanted(graph, 0).requant)
    put(stream, 8, wanted(graph, 1).requant)
    write_bits(stream, 8 * WORD, 29, 0)
    found = matched(graph, stream)
    assert [s.record.word for s in found.strays] == [8]
    assert found.absent == [1]


def test_a_record_of_an_operation_that_is_not_understood_contradicts_nothing() -> None:
    """TANH may have records of any kind: one that is like a convolution's but for its bound may be its own."""
    graph = convolutions(1, "TANH")
    constants = wanted(graph, 0).requant
    stream = bytearray(16 * 16)
    put(stream, 3, constants)
    put(stream, 9, constants)
    write_field(stream, 9, HI, constants.hi / 2)
    settled = matched(convolutions(1), stream)
    assert [s.near for s in settled.strays] == [0]
    unsettled = matched(graph, stream)
    assert len(unsettled.strays) == 1


def test_minus_zero_counts_as_zero() -> None:
    one, other = (SimpleNamespace(m=1.0, hi=0.0, lo=z, x=0, zero=0) for z in (0.0, -0.0))
    assert key(one) == key(other)  # type: ignore[arg-type]
    assert str(key(other)[2]) == "0.0"  # type: ignore[arg-type]
