"""C and Python find the same frames and the same faults in any stream of bytes."""

from __future__ import annotations

import itertools
import zlib
from typing import Any

import numpy as np
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.protocol import LIMITS, TABLE, Fault, Frame, FrameDecoder, FrameFault, encode_frame
from firmware_bridge.protocol.framing import LONGEST_ENCODED

FAULTS = (None, Fault.ENCODING, Fault.SHORT, Fault.OVERSIZED, Fault.CHECKSUM, Fault.VERSION)
frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=LIMITS["payload_bytes"])
)


def c_frame(wire: Any, frame: Frame, version: int = TABLE.version) -> bytes:
    payload = wire.ffi.from_buffer(frame.payload)
    made = wire.ffi.new("ut_frame *", (version, frame.kind, frame.sequence, payload, len(frame.payload)))
    out = wire.ffi.new("uint8_t[]", LONGEST_ENCODED + 1)
    return bytes(wire.ffi.buffer(out, wire.lib.ut_frame_encode(made, out)))


def c_push(wire: Any, data: bytes) -> list[Frame | tuple[Fault, int, int]]:
    decoder = wire.ffi.new("ut_decoder *")
    frame, fault = wire.ffi.new("ut_frame *"), wire.ffi.new("int *")
    found: list[Frame | tuple[Fault, int, int]] = []
    for byte in data:
        if not wire.lib.ut_decoder_take(decoder, byte, frame, fault):
            continue
        name = FAULTS[fault[0]]
        if name is None:
            found.append(
                Frame(frame.kind, frame.sequence, bytes(wire.ffi.buffer(frame.payload, frame.count)))
            )
        else:
            trusted = name is Fault.VERSION
            found.append((name, frame.version * trusted, frame.sequence * trusted))
    return found


def python_push(data: bytes) -> list[Frame | tuple[Fault, int, int]]:
    found = FrameDecoder().push(data)
    return [(one.fault, one.detail, one.sequence) if isinstance(one, FrameFault) else one for one in found]


@settings(max_examples=150, deadline=None)
@given(frames, st.integers(0, 255))
def test_frames_are_written_alike(wire: Any, frame: Frame, version: int) -> None:
    assert c_frame(wire, frame, version) == encode_frame(frame, version)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Whole, damaged, cut, oversized and foreign frames, and noise."""
    parts = []
    for _ in range(draw(st.integers(0, 5))):
        frame = bytearray(encode_frame(draw(frames), draw(st.sampled_from([1, 1, 1, 0, 2, 255]))))
        match draw(st.sampled_from(["whole", "bit", "cut", "noise", "long"])):
            case "bit":
                frame[draw(st.integers(0, len(frame) - 1))] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                frame = frame[: draw(st.integers(0, len(frame)))]
            case "noise":
                frame = bytearray(draw(st.binary(max_size=80)))
            case "long":
                frame = bytearray([draw(st.integers(0, 255))]) * draw(st.integers(1030, 1045))
        parts.append(bytes(frame) + b"\0" * draw(st.integers(0, 2)))
    return b"".join(parts)


@settings(max_examples=300, deadline=None)
@given(streams())
def test_any_stream_is_read_alike(wire: Any, data: bytes) -> None:
    assert c_push(wire, data) == python_push(data)


def test_the_longest_frames_are_read_alike(wire: Any) -> None:
    """COBS blocks one byte below, at and above what a frame may have, decoded and encoded."""
    most = LIMITS["payload_bytes"]
    for size, least in itertools.product(range(most - 2, most + 8), (0, 1)):
        # Without zeros COBS adds a byte per 254; with zeros, one in all, so that more fits what is held.
        body = np.random.default_rng(size).integers(least, 256, size + 4, np.uint8).tobytes()
        body = bytes([TABLE.version]) + body[1:]
        data = cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0"
        assert c_push(wire, data) == python_push(data), size


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=5), st.integers(250, 260).map(lambda n: b"\x07" * n)), max_size=5)
)
def test_cobs_is_cobs(wire: Any, parts: list[bytes]) -> None:
    data = b"".join(parts)
    out = wire.ffi.new("uint8_t[]", len(data) + len(data) // 254 + 1)
    count = wire.lib.ut_cobs_encode(wire.ffi.from_buffer(data), len(data), out)
    assert bytes(wire.ffi.buffer(out, count)) == cobs.encode(data)
    assert wire.lib.ut_cobs_decode(out, count) == len(data)
    assert bytes(wire.ffi.buffer(out, len(data))) == data


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_what_is_not_cobs_is_refused_alike(wire: Any, data: bytes) -> None:
    block = wire.ffi.new("uint8_t[]", data)
    count = wire.lib.ut_cobs_decode(block, len(data))
    try:
        wanted = bytes(cobs.decode(data))
    except cobs.DecodeError:
        assert count == -1
    else:
        assert bytes(wire.ffi.buffer(block, count)) == wanted


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_the_checksum_is_zlibs_in_any_pieces(wire: Any, data: bytes, at: int) -> None:
    first, second = data[:at], data[at:]
    before = wire.lib.ut_crc32(0, wire.ffi.from_buffer(first), len(first))
    assert wire.lib.ut_crc32(before, wire.ffi.from_buffer(second), len(second)) == zlib.crc32(data)
