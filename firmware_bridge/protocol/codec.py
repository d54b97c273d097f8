"""Messages to payload bytes and back, by the layouts of the table."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from firmware_bridge.base.errors import DeviceError, UnknownName
from firmware_bridge.protocol import messages
from firmware_bridge.protocol.message import Message
from firmware_bridge.protocol.table import TABLE, Field, Layout

_BY_ID = {layout.id: layout for layout in TABLE.layouts.values()}
_CLASSES: Mapping[int, type[Message]] = {one.kind: one for one in messages.ALL}


class MalformedMessage(DeviceError):
    """A payload that does not match its kind's layout, or fields that do not fit it."""


def layout_of(name: str) -> Layout:
    """Return the layout of the message called `name`; `UnknownName` lists the valid ones."""
    if name not in TABLE.layouts:
        raise UnknownName("message", name, TABLE.layouts)
    return TABLE.layouts[name]


def encode(name: str, **fields: Any) -> bytes:
    """Return the payload of the message `name`.

    Args:
        name: A message of the table.
        **fields: Exactly its fields. Arrays: anything that NumPy takes; out-of-range values are refused.

    Raises:
        UnknownName: No such message.
        MalformedMessage: Fields are missing, unknown, too long or out of range.
    """
    layout = layout_of(name)
    expected = [field.name for field in layout.fields]
    if set(fields) != set(expected):
        raise MalformedMessage(
            f"message '{name}' has not the fields {sorted(fields)}",
            f"give exactly: {', '.join(expected) or 'none'}",
        )
    return b"".join(_encode_field(name, field, fields[field.name]) for field in layout.fields)


def encode_message(message: Message) -> bytes:
    """Return the payload of a message; see `encode`."""
    return encode(message.name, **message.fields)


def _encode_field(name: str, field: Field, value: Any) -> bytes:
    if not field.most:
        try:
            return struct.pack("<" + field.code, value)
        except struct.error as error:
            raise MalformedMessage(
                f"{name}.{field.name} = {value!r} does not fit {field.item}", str(error)
            ) from error
    if field.is_text:
        data = str(value).encode()
        count = len(data)
    else:
        dtype = np.dtype("<" + np.dtype(field.code).str[1:])
        values = np.asarray(value)
        array = values.astype(dtype)
        if values.ndim != 1 or not np.array_equal(array, values):
            raise MalformedMessage(
                f"{name}.{field.name} does not fit a row of {field.item}", "check shape and range"
            )
        data, count = array.tobytes(), len(array)
    if count > field.most:
        raise MalformedMessage(f"{name}.{field.name} has {count} elements", f"at most {field.most} fit")
    return struct.pack("<" + field.count_code, count) + data


def decode(kind: int, payload: bytes) -> Message:
    """Return the message of kind number `kind` with this payload.

    Raises:
        UnknownName: No message has this number.
        MalformedMessage: The payload is too short or too long for the layout, or its text is not UTF-8.
    """
    if kind not in _BY_ID:
        raise UnknownName("message number", str(kind), (str(number) for number in _BY_ID))
    layout, fields, at = _BY_ID[kind], {}, 0
    try:
        for field in layout.fields:
            fields[field.name], at = _decode_field(field, payload, at)
    except (struct.error, ValueError) as error:
        raise MalformedMessage(
            f"a damaged '{layout.name}' message ({len(payload)} bytes)", str(error)
        ) from error
    if at != len(payload):
        raise MalformedMessage(
            f"a '{layout.name}' message with {len(payload) - at} bytes too many", "see protocol.toml"
        )
    return _CLASSES[kind](**fields)


def _decode_field(field: Field, payload: bytes, at: int) -> tuple[Any, int]:
    if not field.most:
        (value,) = struct.unpack_from("<" + field.code, payload, at)
        return value, at + struct.calcsize("<" + field.code)
    (count,) = struct.unpack_from("<" + field.count_code, payload, at)
    at += struct.calcsize("<" + field.count_code)
    end = at + count * struct.calcsize("<" + field.code)
    if count > field.most or end > len(payload):
        raise ValueError(f"{field.name} claims {count} elements")
    if field.is_text:
        return payload[at:end].decode(), end
    dtype = np.dtype("<" + np.dtype(field.code).str[1:])
    return np.frombuffer(payload[at:end], dtype).astype(np.dtype(field.code)), end
