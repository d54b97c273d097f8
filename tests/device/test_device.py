"""What every device must do, whatever it is made of: `pytest tests/device` runs it on the host port and the twin,

    pytest tests/device -p hil.pytest_plugin --dut board:socket://10.10.10.1:7000 --bundle build/bundle

on a board that carries that bundle. The answers are those of the Python specification, byte for byte, except for
the fields that `[transcript]` in protocol.toml names. So two devices that pass give equal transcripts.
"""

from __future__ import annotations

import time
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol import LIMITS, TABLE, Frame, Kind, decode, encode, encode_frame
from firmware_bridge.protocol.framing import FrameDecoder
from firmware_bridge.protocol.transcript import mask
from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.reference.engine import reference_server
from hil.client.client import DeviceClient
from hil.devices.base import Device
from hil.link.link import Link

Segments = dict[str, NDArray[np.int16]]
PATIENCE_S = 60.0
KINDS = (
    "one sample",
    "shorter than a window",
    "exactly a window",
    "four windows and a rest",
    "silence",
    "squares at full scale",
)


def request(name: str, sequence: int, version: int = TABLE.version, **fields: Any) -> bytes:
    return encode_frame(Frame(int(Kind[name.upper()]), sequence, encode(name, **fields)), version)


def conversation(segment: int, pcm: NDArray[np.int16]) -> list[bytes]:
    """A host's whole talk about one segment, from hello to the last frame of its last window."""
    size = LIMITS["chunk_samples"]
    said = [request("hello", 1, session=segment), request("begin", 2, segment=segment, samples=len(pcm))]
    for count, at in enumerate(range(0, len(pcm), size)):
        said.append(request("audio", 3 + count, segment=segment, offset=at, pcm=pcm[at : at + size]))
    checksum = zlib.crc32(pcm.astype("<i2").tobytes())
    said.append(request("end", 60_000, segment=segment, checksum=checksum))
    said += [
        request("get_features", 60_001 + first, segment=segment, window=0, first_frame=first)
        for first in (0, 7, 47)
    ]
    return said


def answers(link: Link, said: list[bytes], expected: bytes) -> bytes:
    """Send bytes and return the masked answers; as many of them as the specification gives."""
    link.purge()
    deadline = link.now() + PATIENCE_S
    heard = b""
    for part in said:
        link.write(part, deadline)
    while heard.count(b"\0") < expected.count(b"\0") and link.now() < deadline:
        heard += link.read(deadline)
    return mask(heard + link.read(link.now() + 0.2))


def test_it_runs_the_bundle_that_was_asked_for(device: Device, bundle: Bundle) -> None:
    identity = DeviceClient(device.link()).hello()
    manifest = bundle.manifest
    assert identity.bundle == bundle.id
    assert identity.frontend == manifest.table_hash
    assert (identity.labels, identity.keywords) == (len(manifest.labels), len(manifest.keywords))


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_the_references_to_the_bit(
    device: Device, reference: ReferenceDevice, segments: Segments, kind: str
) -> None:
    theirs = DeviceClient(device.link()).features(segments[kind])
    ours = reference.segment_features(segments[kind])
    assert len(theirs) == len(ours)
    for window, expected in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(window, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_the_int8_kernels_and_the_fusion_heads(
    device: Device, reference: ReferenceDevice, segments: Segments, kind: str
) -> None:
    theirs = DeviceClient(device.link()).score_segment(segments[kind])
    ours = reference.score_segment(segments[kind])
    assert theirs.windows == ours.windows
    for branch in ("acoustic", "keyword", "fused"):
        np.testing.assert_array_equal(getattr(theirs, branch), getattr(ours, branch), err_msg=branch)


@pytest.mark.parametrize("kind", KINDS)
def test_the_transcript_is_the_specifications_byte_for_byte(
    device: Device, bundle: Bundle, segments: Segments, kind: str
) -> None:
    said = conversation(0xBEEF0000 + KINDS.index(kind), segments[kind])
    expected = reference_server(bundle).push(b"".join(said))
    assert answers(device.link(), said, expected) == mask(expected)


def bad_input(pcm: NDArray[np.int16]) -> list[bytes]:
    """Everything that a line or another program can send."""
    good = conversation(7, pcm)
    begin, first, second = good[1:4]
    return [
        good[0],
        begin,
        b"boot log of something else\r\n\0",
        first,
        first,  # repeated
        second[: len(second) // 2] + b"\0",  # truncated
        bytes([second[0], second[1] ^ 0x55]) + second[2:],  # wrong checksum
        request("hello", 9, version=TABLE.version + 1, session=7),
        b"\x01" * 5000 + b"\0",  # longer than any frame
        good[4],  # out of order: `second` never came
        request("audio", 70, segment=99, offset=0, pcm=pcm[:480]),  # of a segment that was not begun
        encode_frame(Frame(99, 71, b"")),  # no such message
        encode_frame(Frame(int(Kind.BEGIN), 72, b"\0")),  # too short for its layout
        encode_frame(Frame(int(Kind.IDENTITY), 73, b"")),  # a reply is no request
        request("end", 74, segment=7, checksum=0),  # incomplete
        *good[3:-4],
        request("end", 75, segment=7, checksum=12345),  # wrong checksum of the samples
        request("begin", 76, segment=8, samples=0),
        request("begin", 77, segment=8, samples=LIMITS["segment_samples"] + 1),
        request("get_features", 78, segment=7, window=0, first_frame=0),
        request("reset", 79),
    ]


def test_bad_input_is_answered_as_the_specification_does_and_nothing_is_lost(
    device: Device, bundle: Bundle, reference: ReferenceDevice, segments: Segments
) -> None:
    pcm = segments["four windows and a rest"]
    said = bad_input(pcm)
    expected = reference_server(bundle).push(b"".join(said))
    codes = [
        decode(frame.kind, frame.payload).code
        for frame in FrameDecoder().push(expected)
        if isinstance(frame, Frame) and frame.kind == Kind.ERROR
    ]
    assert len(set(codes)) >= 8, "the specification refuses in at least eight ways"
    assert answers(device.link(), said, expected) == mask(expected)
    after = DeviceClient(device.link()).score_segment(pcm)
    np.testing.assert_array_equal(after.fused, reference.score_segment(pcm).fused)


def test_audio_faster_than_it_can_be_taken_is_held_back_or_asked_for_again(
    device: Device, reference: ReferenceDevice, segments: Segments
) -> None:
    """A host that ignores the credit floods the device; whatever did not fit is asked for, never lost in silence."""
    pcm, link = np.tile(segments["four windows and a rest"], 4), device.link()
    link.write(b"".join(conversation(21, pcm)), link.now() + PATIENCE_S)
    time.sleep(0.2)
    client = DeviceClient(link)
    result, stats = client.score_segment(pcm), client.stats()
    np.testing.assert_array_equal(result.fused, reference.score_segment(pcm).fused)
    assert stats.receive_overruns == 0 or stats.audio_gaps + stats.frames_bad > 0


def test_counters_tell_what_it_did(device: Device, segments: Segments) -> None:
    client = DeviceClient(device.link())
    before = client.stats()
    windows = client.score_segment(segments["four windows and a rest"]).windows
    after = client.stats()
    assert after.segments_scored == before.segments_scored + 1
    assert after.windows_scored == before.windows_scored + windows
    assert after.frames_bad == before.frames_bad
    assert after.uptime_ms >= before.uptime_ms
