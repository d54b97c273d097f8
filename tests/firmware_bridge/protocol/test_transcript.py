"""Masking takes away what may vary, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.protocol import TABLE, Frame, FrameDecoder, Kind, decode, encode, encode_frame
from firmware_bridge.protocol.table import Field
from firmware_bridge.protocol.transcript import mask


def some(field: Field, number: int) -> Any:
    if field.is_text:
        return f"text {number}"
    return [number] if field.most else number


def message(name: str, number: int, changed: str = "") -> bytes:
    fields = {f.name: some(f, number + (f.name == changed)) for f in TABLE.layouts[name].fields}
    return encode_frame(Frame(int(Kind[name.upper()]), 7, encode(name, **fields)))


def test_only_the_fields_of_the_table_may_vary() -> None:
    for name, layout in TABLE.layouts.items():
        for field in layout.fields:
            equal = mask(message(name, 1)) == mask(message(name, 1, field.name))
            assert equal == (field.name in TABLE.transcript.get(name, [])), (name, field.name)


def test_masked_streams_are_streams() -> None:
    stream = message("result", 3) + message("identity", 4) + message("ack", 5)
    frames = FrameDecoder().push(mask(stream))
    assert len(frames) == 3
    assert isinstance(frames[1], Frame)
    identity = decode(frames[1].kind, frames[1].payload)
    assert (identity.build, identity.capabilities, identity.bundle) == ("", 0, "text 4")
    assert frames[1].sequence == 7
    assert mask(mask(stream)) == mask(stream)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_what_is_no_frame_stays(noise: bytes) -> None:
    masked = mask(noise + b"\0" + message("stats", 1))
    assert masked.startswith(noise)
    assert masked.endswith(mask(message("stats", 1)))
