"""Maps of the compiled operation's custom data."""

from __future__ import annotations

import pytest
from flatbuffers import flexbuffers
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.format.flexbuffer import read_map
from firmware_bridge.base.errors import ModelInvalid


def _map(blob: bytes = b"program") -> bytes:
    b = flexbuffers.Builder()
    with b.Map():
        b.Key("1")
        b.Int(0)
        b.Key("2")
        b.String("beagle")
        b.Key("4")
        b.Blob(blob)
        b.Key("5")
        b.Int(-1)
        b.Key("6")
        b.TypedVectorFromElements([17, 300])
        b.Key("8")
        b.Float(1.5)
        b.Key("9")
        b.Bool(True)
    return bytes(b.Finish())


def test_reads_every_kind_that_the_compiler_writes() -> None:
    found = read_map(memoryview(_map()))
    assert found["1"] == 0
    assert bytes(found["2"]) == b"beagle"  # type: ignore[arg-type]
    assert bytes(found["4"]) == b"program"  # type: ignore[arg-type]
    assert found["5"] == -1
    assert found["6"] == [17, 300]
    assert found["8"] is None
    assert found["9"] == 1


@pytest.mark.parametrize("size", [10, 200, 70_000])
def test_offsets_of_every_width(size: int) -> None:
    blob = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert bytes(read_map(memoryview(_map(blob)))["4"]) == blob  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"\x01", b"abc\x04\x01", b"\x00\x24\x01", b"\xff\xff\x24\x04"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ModelInvalid):
        read_map(memoryview(data))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_one_flipped_byte_is_data_or_a_typed_error(position: int, value: int) -> None:
    data = bytearray(_map())
    data[position % len(data)] = value
    try:
        assert isinstance(read_map(memoryview(bytes(data))), dict)
    except ModelInvalid as error:
        assert "custom data" in error.what
