"""What the host says to a device, and what it hears."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from firmware_bridge.protocol import TABLE, Frame, FrameDecoder, Kind, Message, decode, encode, encode_frame

SLOT_BYTES = 64 * 1024
_MISTAKES = """
    check_memory overflow_stack read_outside write_outside write_code write_null call_null call_data
    call_undefined call_service read_register write_register read_part send_nothing take_into_code give_up
    command_nonsense read_system hang
"""
MISTAKES = _MISTAKES.split()


def wire(name: str, sequence: int, version: int = TABLE.version, **fields: Any) -> bytes:
    return encode_frame(Frame(int(Kind[name.upper()]), sequence, encode(name, **fields)), version)


def segment(number: int, pcm: np.ndarray, chunk: int = 480) -> list[bytes]:
    """Return the frames that send a segment, with sequence numbers from 100 on."""
    starts = range(0, len(pcm), chunk)
    audio = [
        wire("audio", 101 + i, segment=number, offset=at, pcm=pcm[at : at + chunk])
        for i, at in enumerate(starts)
    ]
    end = wire("end", 102 + len(audio), segment=number, checksum=zlib.crc32(pcm.tobytes()))
    return [wire("begin", 100, segment=number, samples=len(pcm)), *audio, end]


def messages(stream: bytes) -> list[Message]:
    """Return what a device said; all of it must be whole frames."""
    found = FrameDecoder().push(stream)
    assert all(isinstance(frame, Frame) for frame in found)
    return [decode(frame.kind, frame.payload) for frame in found if isinstance(frame, Frame)]


def noise(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-20000, 20001, count).astype(np.int16)
