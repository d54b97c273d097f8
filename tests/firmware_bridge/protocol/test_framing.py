"""Frames survive any chunking; damage costs the damaged frame and no other."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.protocol import LIMITS, Fault, Frame, FrameDecoder, FrameFault, encode_frame
from firmware_bridge.protocol.framing import LONGEST_ENCODED

frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=LIMITS["payload_bytes"])
)


def pieces(data: bytes, seed: int) -> list[bytes]:
    dice, at, parts = random.Random(seed), 0, []
    while at < len(data):
        size = dice.randint(1, 700)
        parts.append(data[at : at + size])
        at += size
    return parts


@settings(max_examples=100, deadline=None)
@given(st.lists(frames, max_size=5), st.integers(0, 1000))
def test_frames_come_back_whatever_the_chunking(sent: list[Frame], seed: int) -> None:
    decoder, found = FrameDecoder(), []
    for part in pieces(b"".join(map(encode_frame, sent)), seed):
        found += decoder.push(part)
    assert found == sent
    assert decoder.pending == 0


@settings(max_examples=200, deadline=None)
@given(frames, frames, st.binary(max_size=100), st.integers(0, 10**6))
def test_damage_costs_one_frame(first: Frame, second: Frame, noise: bytes, where: int) -> None:
    bad = bytearray(encode_frame(first))
    bad[where % (len(bad) - 1)] ^= 1 + where % 255
    found = FrameDecoder().push(noise + b"\0" + bytes(bad) + b"\0" + encode_frame(second))
    assert found[-1] == second
    assert first not in found[:-1] or first == second


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=4))
def test_any_bytes_are_taken_in_bounded_memory(chunks: list[bytes]) -> None:
    decoder = FrameDecoder()
    for chunk in chunks:
        decoder.push(chunk)
        assert len(decoder._held) <= LONGEST_ENCODED
    decoder.push(b"\0")
    whole = Frame(1, 2, b"three")
    assert decoder.push(encode_frame(whole)) == [whole]


def kinds(data: bytes) -> list[Fault]:
    return [found.fault for found in FrameDecoder().push(data) if isinstance(found, FrameFault)]


def test_faults_are_told_apart() -> None:
    good = encode_frame(Frame(1, 7, bytes(range(1, 40))))
    assert kinds(b"U-Boot 2020.01 starting\r\n\0") == [Fault.ENCODING]
    assert kinds(b"\x03ab\0") == [Fault.SHORT]
    assert kinds(good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]) == [Fault.CHECKSUM]
    assert kinds(b"\x01" * (LONGEST_ENCODED + 1) + b"\0") == [Fault.OVERSIZED]
    other = FrameDecoder().push(encode_frame(Frame(1, 7, b""), version=9))
    assert other == [FrameFault(Fault.VERSION, 9, detail=9, sequence=7)]


def test_an_oversized_frame_counts_all_its_bytes() -> None:
    decoder = FrameDecoder()
    for _ in range(10):
        decoder.push(b"\x01" * 500)
        assert len(decoder._held) <= LONGEST_ENCODED, "counted, not kept"
    assert decoder.pending == 5000
    assert decoder.push(b"\0") == [FrameFault(Fault.OVERSIZED, 5000)]


def test_a_payload_too_long_is_refused() -> None:
    try:
        encode_frame(Frame(1, 1, bytes(LIMITS["payload_bytes"] + 1)))
    except ValueError as error:
        assert "1025" in str(error)
    else:
        raise AssertionError("taken")
