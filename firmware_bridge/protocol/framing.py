"""Frames on a byte stream: COBS between zero bytes, CRC-32, version and sequence number."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum

from cobs import cobs

from firmware_bridge.protocol.table import LIMITS, TABLE

HEADER = struct.Struct("<BBH")
CHECKSUM = struct.Struct("<I")
LONGEST = HEADER.size + LIMITS["payload_bytes"] + CHECKSUM.size
# COBS adds at most one byte per 254, and one.
LONGEST_ENCODED = LONGEST + LONGEST // 254 + 1


class Fault(StrEnum):
    """What can be wrong with the bytes between two zero bytes."""

    ENCODING = "encoding"  # not COBS: noise, a boot log, bytes lost
    SHORT = "short"  # too short to be a frame
    OVERSIZED = "oversized"  # longer than any frame; dropped while it came
    CHECKSUM = "checksum"  # bytes changed on the way
    VERSION = "version"  # whole, but of another protocol version


@dataclass(frozen=True)
class Frame:
    """A whole frame: kind of message, sequence number (0..65535) and payload."""

    kind: int
    sequence: int
    payload: bytes


@dataclass(frozen=True)
class FrameFault:
    """Bytes that were not a frame.

    Attributes:
        fault: What was wrong.
        size: How many bytes were dropped.
        detail: The other side's version, where that was the fault; else 0.
        sequence: The frame's sequence number where it can be trusted (`VERSION`); else 0.
    """

    fault: Fault
    size: int
    detail: int = 0
    sequence: int = 0


def encode_frame(frame: Frame, version: int = TABLE.version) -> bytes:
    """Return the frame's bytes on the wire, the closing zero byte included."""
    body = HEADER.pack(version, frame.kind, frame.sequence) + frame.payload
    if len(frame.payload) > LIMITS["payload_bytes"]:
        raise ValueError(
            f"a payload of {len(frame.payload)} bytes; at most {LIMITS['payload_bytes']} fit a frame"
        )
    return bytes(cobs.encode(body + CHECKSUM.pack(zlib.crc32(body)))) + b"\0"


class FrameDecoder:
    """Finds frames in a byte stream that may start anywhere and may be damaged.

    A zero byte always ends a frame, so one damaged frame never costs the next.
    Holds at most `LONGEST_ENCODED` bytes, whatever comes.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._dropping = 0

    def push(self, data: bytes) -> list[Frame | FrameFault]:
        """Take the next bytes of the stream; return the frames and faults that they complete, in order."""
        found: list[Frame | FrameFault] = []
        *closed, rest = data.split(b"\0")
        for part in closed:
            self._take(part)
            if self._dropping:
                found.append(FrameFault(Fault.OVERSIZED, self._dropping))
            elif self._held:
                found.append(_decode(bytes(self._held)))
            self._held.clear()
            self._dropping = 0
        self._take(rest)
        return found

    @property
    def pending(self) -> int:
        """Bytes of a frame that has not ended yet."""
        return self._dropping or len(self._held)

    def _take(self, part: bytes) -> None:
        if self._dropping:
            self._dropping += len(part)
        elif len(self._held) + len(part) > LONGEST_ENCODED:
            self._dropping = len(self._held) + len(part)
            self._held.clear()
        else:
            self._held += part


def _decode(encoded: bytes) -> Frame | FrameFault:
    try:
        body = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        return FrameFault(Fault.ENCODING, len(encoded))
    if len(body) < HEADER.size + CHECKSUM.size:
        return FrameFault(Fault.SHORT, len(encoded))
    if len(body) > LONGEST:
        return FrameFault(Fault.OVERSIZED, len(encoded))
    (checksum,) = CHECKSUM.unpack_from(body, len(body) - CHECKSUM.size)
    body = body[: -CHECKSUM.size]
    if zlib.crc32(body) != checksum:
        return FrameFault(Fault.CHECKSUM, len(encoded))
    version, kind, sequence = HEADER.unpack_from(body)
    if version != TABLE.version:
        return FrameFault(Fault.VERSION, len(encoded), version, sequence)
    return Frame(kind, sequence, body[HEADER.size :])
