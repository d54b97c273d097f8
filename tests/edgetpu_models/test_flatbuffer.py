"""The reader never reads outside, never loops, and always answers with `ModelInvalid`."""

from __future__ import annotations

import struct

import flatbuffers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.format.flatbuffer import MAX_TABLES, Budget, Flat
from firmware_bridge.base.errors import ModelInvalid


def _table(**vectors: list[int]) -> bytes:
    """A root table with an int32 7 in slot 0, a string in slot 1 and int32 vectors from slot 2 on."""
    b = flatbuffers.Builder(64)
    text = b.CreateString("grüße")
    offsets = [b.CreateNumpyVector(np.asarray(v, np.int32)) for v in vectors.values()]
    b.StartObject(2 + len(offsets))
    b.PrependInt32Slot(0, 7, 0)
    b.PrependUOffsetTRelativeSlot(1, text, 0)
    for slot, offset in enumerate(offsets, 2):
        b.PrependUOffsetTRelativeSlot(slot, offset, 0)
    b.Finish(b.EndObject(), b"TEST")
    return bytes(b.Output())


def _root(data: bytes) -> object:
    return Flat(memoryview(data)).root(b"TEST")


def test_reads_what_was_written() -> None:
    table = Flat(memoryview(_table(a=[3, 1, 2], b=[]))).root(b"TEST")
    assert table.integer(0) == 7
    assert table.text(1) == "grüße"
    assert table.integers(2) == (3, 1, 2)
    assert table.integers(3) == ()


def test_absent_fields_have_defaults() -> None:
    table = Flat(memoryview(_table())).root()
    assert table.integer(9, default=5) == 5
    assert table.number(9, 0.5) == 0.5
    assert table.flag(9, True) is True
    assert table.child(9) is None
    assert table.children(9) == []
    assert table.blobs(9) == []
    assert table.blob(9) is None
    assert table.array(9, np.int32) is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "too few"),
        (b"\x08\x00\x00\x00XXXX", "identifier TEST"),
        (struct.pack("<I4s", 4000, b"TEST"), "points to byte"),
        (struct.pack("<I4sI", 0, b"TEST", 0), "points to byte"),
        (struct.pack("<I4si", 8, b"TEST", -900), "outside the file|no valid field list"),
        (struct.pack("<I4si", 8, b"TEST", 900), "no valid field list"),
    ],
)
def test_damaged_heads(data: bytes, says: str) -> None:
    with pytest.raises(ModelInvalid, match=says):
        _root(data)


def test_a_vector_longer_than_the_file_is_refused() -> None:
    data = bytearray(_table(a=[1, 2, 3]))
    at = bytes(data).index(struct.pack("<IIII", 3, 1, 2, 3))
    data[at : at + 4] = struct.pack("<I", 2**31)
    table = Flat(memoryview(bytes(data))).root(b"TEST")
    with pytest.raises(ModelInvalid, match="longer than the file"):
        table.integers(2)


def test_a_misaligned_value_is_refused() -> None:
    flat = Flat(memoryview(bytes(64)))
    with pytest.raises(ModelInvalid, match="not aligned"):
        flat.unpack("i", 2)


def test_shared_tables_cannot_be_used_to_burn_time() -> None:
    flat = Flat(memoryview(_table()), Budget(tables=3))
    for _ in range(3):
        flat.root()
    with pytest.raises(ModelInvalid, match="tables"):
        flat.root()
    assert MAX_TABLES > 10_000


def test_long_lists_cannot_be_used_to_burn_memory() -> None:
    flat = Flat(memoryview(_table(a=list(range(50)))), Budget(elements=99))
    table = flat.root()
    table.integers(2)
    with pytest.raises(ModelInvalid, match="elements"):
        table.integers(2)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_any_damage_is_a_typed_error_or_data(position: int, patch: bytes) -> None:
    data = bytearray(_table(a=[1, 2, 3], b=[4]))
    position %= len(data)
    data[position : position + len(patch)] = patch
    try:
        table = Flat(memoryview(bytes(data))).root(b"TEST")
        for slot in range(4):
            table.integer(slot)
            table.text(slot)
            table.integers(slot)
            table.children(slot)
            table.blobs(slot)
    except ModelInvalid as error:
        assert error.remedy


def _with_vector(at: int) -> bytes:
    """A buffer whose root table has one field: a vector of one int64 with its length at byte `at`."""
    data = bytearray(48)
    struct.pack_into("<I", data, 0, 16)
    struct.pack_into("<HHH", data, 8, 6, 8, 4)
    struct.pack_into("<iI", data, 16, 8, at - 20)
    struct.pack_into("<Iq", data, at, 1, -5)
    return bytes(data)


def test_eight_byte_elements_at_a_multiple_of_four_are_read_and_counted() -> None:
    flat = Flat(memoryview(_with_vector(24)))  # the element stands at byte 28
    assert flat.root().integers(0, "i8") == (-5,)
    assert flat.budget.unaligned == [24]
    aligned = Flat(memoryview(_with_vector(28)))
    assert aligned.root().integers(0, "i8") == (-5,)
    assert not aligned.budget.unaligned


def test_elements_at_an_odd_place_are_refused() -> None:
    data = bytearray(_with_vector(24))
    struct.pack_into("<I", data, 20, 6)
    with pytest.raises(ModelInvalid, match="not aligned"):
        Flat(memoryview(bytes(data))).root().integers(0, "i8")
