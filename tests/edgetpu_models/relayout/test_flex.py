"""A FlexBuffer with a blob of another size, against the public builder."""

from __future__ import annotations

import pytest
from flatbuffers import flexbuffers

from edgetpu_models.relayout.flex import replace_blob
from firmware_bridge.base.errors import ModelInvalid


def _map(blob: bytes, chips: tuple[int, ...] = (17, 18, 20), extra: object = None) -> bytes:
    fbb = flexbuffers.Builder()
    with fbb.Map():
        fbb.Key("1")
        fbb.Int(0)
        fbb.Key("4")
        fbb.Blob(blob)
        fbb.Key("5")
        fbb.Int(-1)
        fbb.Key("6")
        fbb.VectorFromElements(list(chips))
        fbb.Key("7")
        with fbb.Vector():
            pass
        if extra is not None:
            fbb.Key("8")
            with fbb.Vector():
                fbb.String(str(extra))
    return bytes(fbb.Finish())


@pytest.mark.parametrize(
    ("before", "after"), [(4096, 8192), (8192, 4096), (69632, 73728), (131072, 66048), (400, 408)]
)
def test_a_blob_of_another_size_gives_what_the_public_builder_makes_of_it(before: int, after: int) -> None:
    old, new = bytes(range(1, 251)) * 600, bytes(range(2, 252)) * 600
    assert replace_blob(_map(old[:before]), "4", new[:after]) == _map(new[:after])


def test_a_blob_of_the_same_size_is_put_in_its_place() -> None:
    assert replace_blob(_map(b"abcd" * 9), "4", b"efgh" * 9) == _map(b"efgh" * 9)


def test_a_size_that_needs_wider_numbers_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="stored in another way"):
        replace_blob(_map(b"a" * 4096 * 15), "4", b"a" * 4096 * 16)


def test_a_size_that_would_move_what_follows_out_of_line_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="stored in another way"):
        replace_blob(_map(b"a" * 4096), "4", b"a" * 4100)


def test_an_entry_with_offsets_inside_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="an entry of type"):
        replace_blob(_map(b"a" * 4096, extra="name"), "4", b"a" * 8192)


def test_a_map_without_the_entry_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="no program at 9"):
        replace_blob(_map(b"a" * 64), "9", b"b" * 64)
