"""Maps of one entry, byte by byte: every kind of value, and every place that can point astray."""

from __future__ import annotations

import pytest

from edgetpu_models.format.flexbuffer import Value, read_map
from firmware_bridge.base.errors import ModelInvalid

_MAP = 9


def _entry(value: int, packed: int, before: bytes = b"") -> bytearray:
    """Return the map {"a": value}; all numbers have one byte, and the value stands 7 bytes behind `before`."""
    keys = b"a\0" + bytes((1, 3))  # the name, how many names, and the way back to it
    head = bytes((1, 1, 1))  # the way back to the names, their width, how many entries
    return bytearray(before + keys + head + bytes((value, packed, 2, _MAP << 2, 1)))


def _read(data: bytes | bytearray) -> Value:
    found = read_map(memoryview(bytes(data)))
    assert list(found) == ["a"]
    value = found["a"]
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.mark.parametrize(
    ("kind", "byte", "expected"),
    [
        (1, 0x7F, 127),
        (1, 0x80, -128),  # a number with a sign
        (1, 0xFB, -5),
        (2, 0xFB, 251),  # one without
        (26, 1, 1),  # a truth value
        (0, 0, None),  # nothing
        (3, 9, None),  # a float: nobody needs one
        (27, 9, None),  # a kind that was invented later
    ],
)
def test_values_that_stand_in_the_map_itself(kind: int, byte: int, expected: int | None) -> None:
    assert _read(_entry(byte, kind << 2)) == expected


@pytest.mark.parametrize(
    ("kind", "before", "back", "expected"),
    [
        (4, b"", 7, b"a"),  # a name used as a value
        (5, b"\x02hi\0", 10, b"hi"),
        (25, b"\x03\0\1\2", 10, b"\0\1\2"),
        (25, b"\x00", 7, b""),
        (7, b"\xc8", 8, 200),
        (6, b"\x05", 8, 5),
        (12, b"\x03\x01\x02\xff", 10, [1, 2, 255]),
        (11, b"\x00", 7, []),
        (13, b"\x01\x07", 8, None),  # a list of floats
    ],
)
def test_values_that_the_map_points_back_to(kind: int, before: bytes, back: int, expected: Value) -> None:
    assert _read(_entry(back, kind << 2, before)) == expected


def test_a_wide_number_behind_an_offset_is_read_in_its_own_width() -> None:
    assert _read(_entry(4 + 7, 7 << 2 | 2, (70_000).to_bytes(4, "little"))) == 70_000


def test_a_list_of_wide_numbers_is_read_in_its_own_width() -> None:
    before = b"".join(n.to_bytes(2, "little") for n in (2, 300, 65_535))
    assert _read(_entry(4 + 7, 12 << 2 | 1, before)) == [300, 65_535]


@pytest.mark.parametrize(
    ("place", "byte", "says"),
    [
        (3, 99, "points before its start"),  # the way to a name
        (4, 99, "points before its start"),  # the way to the names
        (5, 3, "impossible width"),
        (5, 0, "impossible width"),
        (6, 65, "has 65 entries"),
        (6, 64, "cut off"),
        (9, 10, "points before its start"),  # the way to the map
        (9, 9, "points outside itself"),  # a map at the very start has no room for its head
        (10, 10 << 2, "not a FlexBuffer map"),
        (11, 3, "not a FlexBuffer map"),
        (11, 8, "points before its start"),
    ],
)
def test_every_number_of_the_frame_is_checked(place: int, byte: int, says: str) -> None:
    data = _entry(5, 1 << 2)
    data[place] = byte
    with pytest.raises(ModelInvalid, match=says):
        read_map(memoryview(bytes(data)))


@pytest.mark.parametrize(
    ("kind", "before", "back", "says"),
    [
        (25, b"\x0e\0", 8, "is cut off"),  # 14 bytes from place 1: one more than there are
        (25, b"", 8, "points before its start"),
        (25, b"", 7, "points outside itself"),  # no room for a size before the first byte
        (12, b"\x41", 7, "a list of 65 entries"),
        (12, b"\x40", 7, "points outside itself"),
    ],
)
def test_a_value_that_reaches_outside_is_refused(kind: int, before: bytes, back: int, says: str) -> None:
    with pytest.raises(ModelInvalid, match=says):
        _read(_entry(back, kind << 2, before))


def test_a_name_that_is_no_text_and_one_without_an_end_are_still_names() -> None:
    data = _entry(5, 1 << 2)
    data[0] = 0xFF
    assert list(read_map(memoryview(bytes(data)))) == ["\N{REPLACEMENT CHARACTER}"]
    data = _entry(5, 1 << 2, b"x" * 80)
    data[83] = 83  # the way back now leads to the 80 letters, of which 64 are a name
    assert list(read_map(memoryview(bytes(data)))) == ["x" * 64]
