"""What is encoded is decoded again; what does not fit is refused, never cut."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firmware_bridge.base.errors import UndertoneError, UnknownName
from firmware_bridge.protocol import TABLE, MalformedMessage, decode, encode
from firmware_bridge.protocol.table import Field


def values_of(field: Field) -> st.SearchStrategy[Any]:
    if field.is_text:
        return st.text(max_size=field.most).filter(lambda text: len(text.encode()) <= field.most)
    if field.item == "f32":
        return st.floats(width=32, allow_nan=False)
    info = np.iinfo(np.dtype(field.code))
    if not field.most:
        return st.integers(int(info.min), int(info.max))
    return hnp.arrays(np.dtype(field.code), st.integers(0, field.most))


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(sorted(TABLE.layouts)))
    return name, {field.name: draw(values_of(field)) for field in TABLE.layouts[name].fields}


@settings(max_examples=150, deadline=None)
@given(messages())
def test_every_message_comes_back(message: tuple[str, dict[str, Any]]) -> None:
    name, fields = message
    payload = encode(name, **fields)
    assert len(payload) <= TABLE.layouts[name].most_bytes
    back = decode(TABLE.layouts[name].id, payload)
    assert back.name == name
    for key, value in fields.items():
        assert np.array_equal(getattr(back, key), value), key


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 300), st.binary(max_size=200))
def test_any_payload_is_decoded_or_refused(kind: int, payload: bytes) -> None:
    try:
        message = decode(kind, payload)
    except UndertoneError as error:
        assert error.what
    else:
        assert (
            np.isnan(list(floats(message.fields.values()))).any()
            or encode(message.name, **message.fields) == payload
        )


def floats(values: Any) -> Any:
    return (value for value in values if isinstance(value, float))


def test_the_wire_layout_is_little_endian_with_counts() -> None:
    payload = encode("audio", segment=0x01020304, offset=5, pcm=np.array([1, -2], np.int16))
    assert payload == struct.pack("<IIHhh", 0x01020304, 5, 2, 1, -2)
    assert encode("error", code=3, request=1, sentence="no") == b"\x03\x01\x02no"


@pytest.mark.parametrize(
    "fields",
    [
        {"segment": 1, "offset": 0},
        {"segment": 1, "offset": 0, "pcm": [0], "more": 1},
        {"segment": -1, "offset": 0, "pcm": [0]},
        {"segment": 1, "offset": 1 << 32, "pcm": [0]},
        {"segment": 1, "offset": 0, "pcm": [40000]},
        {"segment": 1, "offset": 0, "pcm": [0.5]},
        {"segment": 1, "offset": 0, "pcm": [[1, 2]]},
        {"segment": 1, "offset": 0, "pcm": np.zeros(481, np.int16)},
    ],
)
def test_fields_that_do_not_fit_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        encode("audio", **fields)


def test_unknown_names_list_the_valid_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        encode("helo")
    assert "hello" in caught.value.remedy
    with pytest.raises(UnknownName):
        decode(99, b"")


def test_a_count_beyond_the_payload_or_the_limit_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="damaged"):
        decode(TABLE.layouts["audio"].id, struct.pack("<IIH", 1, 0, 9))
    with pytest.raises(MalformedMessage, match="damaged"):
        decode(TABLE.layouts["error"].id, b"\x01\x01\xa1" + b"x" * 161)
    with pytest.raises(MalformedMessage, match="1 bytes too many"):
        decode(TABLE.layouts["hello"].id, bytes(5))
