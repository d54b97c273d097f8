"""What was said, without what may differ between two ports of one firmware: times, memory, who speaks."""

from __future__ import annotations

from typing import Any

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.protocol.codec import decode, encode
from firmware_bridge.protocol.framing import Frame, FrameDecoder, FrameFault, encode_frame
from firmware_bridge.protocol.table import TABLE, Field


def mask(stream: bytes) -> bytes:
    """Return a device's bytes with the fields of `[transcript]` in protocol.toml set to nothing.

    Two devices that hold the same bundle and were sent the same bytes give equal masked streams.

    Args:
        stream: Whole frames. Bytes that are not a frame, and messages that cannot be read, stay as they are.
    """
    return b"".join(_mask_part(part + b"\0") for part in _parts(stream))


def _parts(stream: bytes) -> list[bytes]:
    *whole, rest = stream.split(b"\0")
    return [*whole, rest] if rest else whole


def _mask_part(part: bytes) -> bytes:
    found = FrameDecoder().push(part)
    if len(found) != 1 or isinstance(found[0], FrameFault):
        return part
    frame = found[0]
    try:
        message = decode(frame.kind, frame.payload)
    except UndertoneError:
        return part
    fields: dict[str, Any] = dict(message.fields)
    varying = TABLE.transcript.get(message.name, [])
    for field in TABLE.layouts[message.name].fields:
        if field.name in varying:
            fields[field.name] = _nothing(field)
    return encode_frame(Frame(frame.kind, frame.sequence, encode(message.name, **fields)))


def _nothing(field: Field) -> Any:
    if field.is_text:
        return ""
    return [] if field.most else 0
