"""C and Python put every message on the wire alike, and refuse the same payloads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.protocol import LIMITS, TABLE, decode, encode
from firmware_bridge.protocol.table import Field, Layout

Fields = dict[str, Any]


def to_struct(wire: Any, layout: Layout, fields: Fields) -> Any:
    """Return a C struct with these fields; without fields a message is its payload: nothing."""
    if not layout.fields:
        return wire.ffi.NULL
    message = wire.ffi.new(f"struct ut_msg_{layout.name} *")
    for field in layout.fields:
        value = fields[field.name]
        if not field.most:
            setattr(message, field.name, value)
            continue
        data = value.encode() if field.is_text else np.asarray(value).tobytes()
        wire.ffi.memmove(getattr(message, field.name), data, len(data))
        setattr(message, f"{field.name}_count", len(data if field.is_text else value))
    return message


def of_struct(wire: Any, layout: Layout, message: Any) -> Fields:
    """Return the fields of a C struct."""
    fields: Fields = {}
    for field in layout.fields:
        value = getattr(message, field.name)
        if field.most:
            count = getattr(message, f"{field.name}_count")
            data = bytes(wire.ffi.buffer(value))[: count * np.dtype(field.code).itemsize]
            value = data.decode() if field.is_text else np.frombuffer(data, field.code)
        fields[field.name] = value
    return fields


def c_encode(wire: Any, layout: Layout, fields: Fields) -> bytes:
    payload = wire.ffi.new("uint8_t[]", LIMITS["payload_bytes"])
    count = wire.lib.ut_encode(wire.lib.ut_layout_of(layout.id), to_struct(wire, layout, fields), payload)
    return bytes(wire.ffi.buffer(payload, count))


def c_decode(wire: Any, layout: Layout, payload: bytes) -> Fields | None:
    message = wire.ffi.new(f"struct ut_msg_{layout.name} *") if layout.fields else wire.ffi.NULL
    table = wire.lib.ut_layout_of(layout.id)
    # A buffer of exactly this length: a byte too far would be one of another object.
    data = wire.ffi.new("uint8_t[]", payload) if payload else wire.ffi.NULL
    if wire.lib.ut_decode(table, data, len(payload), message) != 0:
        return None
    return of_struct(wire, layout, message)


def same(first: Fields, second: Fields) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name], equal_nan=isinstance(first[name], float)) for name in first
    )


def extreme(field: Field, largest: bool) -> Any:
    if field.is_text:
        return "é" * (field.most // 2) if largest else ""
    if field.item == "f32":
        return float(np.finfo(np.float32).max) if largest else float(np.finfo(np.float32).smallest_subnormal)
    info = np.iinfo(np.dtype(field.code))
    value = int(info.max if largest else info.min)
    return np.full(field.most if largest else 0, value, field.code) if field.most else value


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("name", TABLE.layouts)
def test_extremes_are_alike(wire: Any, name: str, largest: bool) -> None:
    layout = TABLE.layouts[name]
    fields = {field.name: extreme(field, largest) for field in layout.fields}
    payload = encode(name, **fields)
    assert c_encode(wire, layout, fields) == payload
    if largest:
        assert len(payload) == layout.most_bytes
    back = c_decode(wire, layout, payload)
    assert back is not None and same(back, fields)


def values_of(field: Field) -> st.SearchStrategy[Any]:
    if field.is_text:
        return st.text(max_size=field.most).filter(lambda text: len(text.encode()) <= field.most)
    if field.item == "f32":
        return st.floats(width=32)
    info = np.iinfo(np.dtype(field.code))
    if not field.most:
        return st.integers(int(info.min), int(info.max))
    return hnp.arrays(np.dtype(field.code), st.integers(0, field.most))


@pytest.mark.parametrize("name", TABLE.layouts)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_message_is_alike(wire: Any, name: str, data: st.DataObject) -> None:
    layout = TABLE.layouts[name]
    fields = {field.name: data.draw(values_of(field), field.name) for field in layout.fields}
    payload = encode(name, **fields)
    assert c_encode(wire, layout, fields) == payload
    back = c_decode(wire, layout, payload)
    assert back is not None and same(back, fields)


@pytest.mark.parametrize("name", TABLE.layouts)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_they_refuse_the_same_payloads(wire: Any, name: str, data: st.DataObject) -> None:
    """Cut, lengthened, one byte changed, or nothing of ours at all."""
    layout = TABLE.layouts[name]
    fields = {field.name: data.draw(values_of(field)) for field in layout.fields}
    payload = bytearray(encode(name, **fields))
    how = data.draw(st.sampled_from(["cut", "longer", "changed", "other"]))
    if how == "cut":
        payload = payload[: data.draw(st.integers(0, len(payload)))]
    elif how == "longer":
        payload += data.draw(st.binary(max_size=3))
    elif how == "other":
        payload = bytearray(data.draw(st.binary(max_size=60)))
    elif payload:
        payload[data.draw(st.integers(0, min(40, len(payload) - 1)))] = data.draw(st.integers(0, 255))
    ours = c_decode(wire, layout, bytes(payload))
    try:
        theirs = decode(layout.id, bytes(payload))
    except UndertoneError:
        assert ours is None
    else:
        assert ours is not None and same(ours, dict(theirs.fields))


TEXTS = [
    b"\xc3\xa9",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf0\x8f\xbf\xbf",
    b"\xe2\x82",
    b"\x80",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.binary(max_size=4)), max_size=6))
def test_text_is_utf8_or_refused(wire: Any, parts: list[bytes]) -> None:
    text = b"".join(parts)
    payload = bytes([1, 2, len(text)]) + text
    try:
        text.decode()
    except UnicodeDecodeError:
        assert c_decode(wire, TABLE.layouts["error"], payload) is None
    else:
        assert c_decode(wire, TABLE.layouts["error"], payload) is not None


def test_a_count_beyond_its_field_is_taken_as_the_most(wire: Any) -> None:
    """A handler's mistake must not write past a reply's payload."""
    message = wire.ffi.new("struct ut_msg_result *")
    message.acoustic_count = 255
    payload = wire.ffi.new("uint8_t[]", LIMITS["payload_bytes"])
    count = wire.lib.ut_encode(wire.lib.ut_layout_of(TABLE.layouts["result"].id), message, payload)
    back = decode(TABLE.layouts["result"].id, bytes(wire.ffi.buffer(payload, count)))
    assert len(back.acoustic) == 64


def test_unknown_kinds_have_no_layout(wire: Any) -> None:
    known = {layout.id for layout in TABLE.layouts.values()}
    for kind in range(256):
        assert (wire.lib.ut_layout_of(kind) != wire.ffi.NULL) == (kind in known)
