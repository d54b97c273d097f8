"""Sentences: numbers in their places, cut where the field ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.protocol import ErrorCode, Kind


def refuse(wire: Any, sentence: str, first: int = 0, second: int = 0) -> str:
    reply = wire.ffi.new("struct ut_msg_error *")
    assert wire.lib.ut_refuse(reply, ErrorCode.INTERNAL, sentence.encode(), first, second) == Kind.ERROR
    assert reply.code == ErrorCode.INTERNAL
    return bytes(wire.ffi.buffer(reply.sentence, reply.sentence_count)).decode()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_numbers_take_their_places(wire: Any, first: int, second: int) -> None:
    assert refuse(wire, "% of % came", first, second) == f"{first} of {second} came"


@pytest.mark.parametrize("length", [150, 155, 159, 160, 161, 200])
def test_a_long_sentence_is_cut(wire: Any, length: int) -> None:
    text = "x" * length
    assert refuse(wire, text + "%", 4294967295) == (text + "4294967295")[:160]


def test_texts_and_digests(wire: Any) -> None:
    room = wire.ffi.new("char[]", 64)
    assert wire.lib.ut_text_copy(room, 4, b"abcdef") == 4
    assert wire.lib.ut_text_copy(room, 64, b"") == 0
    digest = bytes(range(0, 256, 8))
    wire.lib.ut_text_hex(room, digest)
    assert bytes(wire.ffi.buffer(room, 64)).decode() == digest.hex()
