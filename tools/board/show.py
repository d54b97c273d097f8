"""What was seen on a port, for people (80 columns) and for programs (one JSON object a line)."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import numpy as np

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.protocol import TABLE, Message, decode
from tools.board.sniffer import Seen, What

WIDTH = 80
MOST_SHOWN = 8
_NAMES = {layout.id: layout.name for layout in TABLE.layouts.values()}
_CODES = {number: name for name, number in TABLE.errors.items()}


def message_of(seen: Seen) -> Message | None:
    """Return the message inside a frame, None where its payload cannot be read."""
    if seen.frame is None:
        return None
    try:
        return decode(seen.frame.kind, seen.frame.payload)
    except UndertoneError:
        return None


def as_line(seen: Seen, at: float) -> str:
    """Return what was seen as text: one line, or more where the fields need it.

    Args:
        seen: A frame, text or noise.
        at: Seconds since the start.
    """
    stamp = f"{at:9.3f} "
    if seen.what is What.TEXT:
        return stamp + seen.text
    if seen.what is What.NOISE:
        why = f", {seen.fault}" if seen.fault else ""
        return _wrap(f"{stamp}? {len(seen.data)} bytes{why}: {_hex(seen.data)}")
    if seen.frame is None:
        return f"{stamp}! a frame of protocol version {seen.version}, {len(seen.data)} bytes"
    message, frame = message_of(seen), seen.frame
    mark = "<" if frame.kind >= 128 else ">"
    name = _NAMES.get(frame.kind, f"kind {frame.kind}")
    head = f"{stamp}{mark} {name} #{frame.sequence}"
    if message is None:
        return _wrap(f"{head}: {len(frame.payload)} bytes that do not fit it: {_hex(frame.payload)}")
    return _wrap(
        " ".join([head, *(f"{field}={_value(field, value)}" for field, value in message.fields.items())])
    )


def as_json(seen: Seen, at: float) -> str:
    """Return what was seen as one line of JSON; the keys are stable."""
    found: dict[str, Any] = {"at": round(at, 6), "what": seen.what.value, "bytes": len(seen.data)}
    if seen.what is What.TEXT:
        found["text"] = seen.text
    elif seen.what is What.NOISE:
        found |= {"hex": seen.data.hex(), "fault": seen.fault.value if seen.fault else None}
    elif seen.frame is None:
        found |= {"version": seen.version}
    else:
        message = message_of(seen)
        found |= {"version": TABLE.version, "kind": seen.frame.kind, "sequence": seen.frame.sequence}
        found |= {"message": _NAMES.get(seen.frame.kind), "payload": seen.frame.payload.hex()}
        found["fields"] = None if message is None else {k: _plain(v) for k, v in message.fields.items()}
    return json.dumps(found, sort_keys=True, ensure_ascii=False)


def as_hex(data: bytes, at: float) -> str:
    """Return raw bytes as they came: hexadecimal and characters, sixteen a line."""
    lines = []
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:9.3f} {row.hex(' '):<47}  {text}")
    return "\n".join(lines)


def _value(field: str, value: Any) -> str:
    if isinstance(value, np.ndarray):
        rest = f" … {len(value)}" if len(value) > MOST_SHOWN else ""
        return f"[{' '.join(str(one) for one in value[:MOST_SHOWN])}{rest}]"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return f"{value:g}"
    if field == "code":
        return f"{value} ({_CODES.get(value, 'unknown')})"
    return str(value)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _hex(data: bytes) -> str:
    return data[:24].hex(" ") + (" …" if len(data) > 24 else "")


def _wrap(line: str) -> str:
    return "\n".join(
        textwrap.wrap(line, WIDTH, subsequent_indent=" " * 12, break_on_hyphens=False, drop_whitespace=True)
    )
