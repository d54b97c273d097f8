"""The device's side, request by request: right answers, refusals with a reason, nothing twice."""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.protocol import (
    LIMITS,
    TABLE,
    DeviceServer,
    ErrorCode,
    Frame,
    FrameDecoder,
    Kind,
    MemoryMarks,
    Message,
    decode,
    encode,
    encode_frame,
)
from firmware_bridge.protocol.engine import NO_SLOT
from firmware_bridge.protocol.loopback import LoopbackEngine, LoopbackScores

ENGINE = LoopbackEngine()


class Bench:
    """Sends requests to a server and decodes its answers."""

    def __init__(self, engine: Any = ENGINE) -> None:
        self.server = DeviceServer(
            engine, ENGINE.identity, lambda: MemoryMarks(10, 20, 30), clock=lambda: 1.5
        )
        self.sequence = 0

    def ask(self, name: str, sequence: int | None = None, **fields: Any) -> Message | None:
        self.sequence = self.sequence + 1 if sequence is None else sequence
        wire = encode_frame(Frame(Kind[name.upper()], self.sequence, encode(name, **fields)))
        return self.replies(wire)

    def replies(self, wire: bytes) -> Message | None:
        found = FrameDecoder().push(self.server.push(wire))
        assert len(found) <= 1
        if not found:
            return None
        assert isinstance(found[0], Frame)
        assert found[0].sequence == self.sequence
        return decode(found[0].kind, found[0].payload)

    def send(self, pcm: np.ndarray, segment: int = 1) -> None:
        self.ask("begin", segment=segment, samples=len(pcm))
        for at in range(0, len(pcm), 480):
            self.ask("audio", segment=segment, offset=at, pcm=pcm[at : at + 480])

    def refused(self, name: str, **fields: Any) -> int:
        reply = self.ask(name, **fields)
        assert reply is not None
        assert reply.name == "error", reply
        assert reply.sentence
        return int(reply.code)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def pcm(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-32768, 32768, 3000).astype(np.int16)


def test_hello_says_who_it_is(bench: Bench) -> None:
    reply = bench.ask("hello", session=7)
    assert reply is not None
    assert (reply.session, reply.bundle, reply.labels) == (7, "00" * 16, 4)
    assert reply.chunks_in_flight == LIMITS["chunks_in_flight"]


def test_a_segment_is_scored(bench: Bench, pcm: np.ndarray) -> None:
    bench.send(pcm)
    reply = bench.ask("end", segment=1, checksum=zlib.crc32(pcm.tobytes()))
    assert reply is not None
    want = ENGINE.score_segment(pcm)
    for branch in ("acoustic", "keyword", "fused"):
        assert np.array_equal(getattr(reply, branch), getattr(want, branch))
    assert reply.windows == len(ENGINE.segment_features(pcm)) == 4
    assert (reply.ram_peak_bytes, reply.stack_peak_bytes) == (20, 30)


def test_features_come_in_parts(bench: Bench, pcm: np.ndarray) -> None:
    bench.send(pcm)
    got: list[np.ndarray] = []
    while sum(map(len, got)) < 1600:
        reply = bench.ask("get_features", segment=1, window=2, first_frame=sum(map(len, got)) // 40)
        assert reply is not None
        got.append(reply.values)
    assert len(got) == 4
    assert np.array_equal(np.concatenate(got).reshape(-1, 40), ENGINE.segment_features(pcm)[2])


def test_audio_is_acknowledged_per_batch_and_at_once_after_a_gap(bench: Bench) -> None:
    bench.ask("begin", segment=1, samples=480 * 6)
    chunk = np.ones(480, np.int16)
    answers = [bench.ask("audio", segment=1, offset=480 * i, pcm=chunk) for i in range(4)]
    assert answers[:3] == [None, None, None]
    assert answers[3] is not None
    assert answers[3].received == 480 * 4
    gap = bench.ask("audio", segment=1, offset=480 * 5, pcm=chunk)
    assert gap is not None
    assert gap.received == 480 * 4, "samples after a gap are not taken"
    repeated = bench.ask("audio", segment=1, offset=0, pcm=chunk)
    assert repeated is not None
    assert repeated.received == 480 * 4
    stats = bench.ask("get_stats")
    assert stats is not None
    assert stats.audio_gaps == 1


def test_a_repeated_request_is_answered_once(pcm: np.ndarray) -> None:
    calls: list[int] = []

    class Counting(LoopbackEngine):
        def score_segment(self, pcm: np.ndarray) -> LoopbackScores:
            calls.append(len(pcm))
            return ENGINE.score_segment(pcm)

    bench = Bench(Counting())
    bench.send(pcm)
    first = bench.ask("end", sequence=99, segment=1, checksum=zlib.crc32(pcm.tobytes()))
    again = bench.ask("end", sequence=99, segment=1, checksum=zlib.crc32(pcm.tobytes()))
    other = bench.ask("end", sequence=100, segment=1, checksum=zlib.crc32(pcm.tobytes()))
    assert first is not None and again is not None and other is not None
    assert np.array_equal(first.fused, again.fused)
    assert np.array_equal(first.fused, other.fused)
    assert calls == [3000]
    stats = bench.ask("get_stats")
    assert stats is not None
    assert (stats.replies_repeated, stats.segments_scored) == (1, 1)


def test_a_repeated_begin_keeps_what_came(bench: Bench) -> None:
    bench.ask("begin", segment=1, samples=960)
    bench.ask("audio", segment=1, offset=0, pcm=np.ones(480, np.int16))
    reply = bench.ask("begin", segment=1, samples=960)
    assert reply is not None
    assert reply.received == 480


def test_a_new_session_forgets_old_replies(bench: Bench) -> None:
    bench.ask("hello", sequence=5, session=1)
    bench.ask("begin", sequence=6, segment=1, samples=10)
    bench.ask("hello", sequence=7, session=2)
    reply = bench.ask("audio", sequence=8, segment=1, offset=0, pcm=[1])
    assert reply is not None
    assert reply.code == ErrorCode.NO_SEGMENT


def test_the_replay_store_is_bounded(bench: Bench) -> None:
    for sequence in range(100):
        bench.ask("begin", sequence=sequence, segment=sequence, samples=5)
    assert len(bench.server._replies) == LIMITS["replies_kept"]


def test_refusals_have_codes(bench: Bench, pcm: np.ndarray) -> None:
    assert bench.refused("begin", segment=1, samples=0) == ErrorCode.TOO_SHORT
    assert bench.refused("begin", segment=1, samples=LIMITS["segment_samples"] + 1) == ErrorCode.TOO_LONG
    assert bench.refused("end", segment=1, checksum=0) == ErrorCode.NO_SEGMENT
    bench.ask("begin", segment=2, samples=100)
    assert bench.refused("audio", segment=2, offset=90, pcm=np.ones(11, np.int16)) == ErrorCode.OUT_OF_RANGE
    assert bench.refused("end", segment=2, checksum=0) == ErrorCode.INCOMPLETE
    bench.send(pcm, segment=3)
    assert bench.refused("get_features", segment=3, window=9, first_frame=0) == ErrorCode.OUT_OF_RANGE
    assert bench.refused("get_features", segment=3, window=0, first_frame=40) == ErrorCode.OUT_OF_RANGE
    assert bench.refused("end", segment=3, checksum=1) == ErrorCode.WRONG_CHECKSUM
    assert bench.refused("end", segment=3, checksum=1) == ErrorCode.NO_SEGMENT, "a damaged segment is dropped"


def test_what_it_does_not_know_it_says(bench: Bench) -> None:
    for kind, payload, code in [
        (99, b"", "UNKNOWN_MESSAGE"),
        (1, b"", "MALFORMED"),
        (135, b"", "UNKNOWN_MESSAGE"),
    ]:
        reply = bench.replies(encode_frame(Frame(kind, 0, payload)))
        assert reply is not None
        assert (reply.code, reply.request) == (ErrorCode[code], kind)
    reply = bench.replies(encode_frame(Frame(1, 0, b""), version=3))
    assert reply is not None
    assert reply.code == ErrorCode.BAD_VERSION
    assert f"version {TABLE.version}" in reply.sentence
    assert bench.replies(b"noise\0") is None


def test_a_failing_engine_is_an_error_not_a_crash(pcm: np.ndarray) -> None:
    class Broken(LoopbackEngine):
        def score_segment(self, pcm: np.ndarray) -> LoopbackScores:
            raise ValueError("x" * 300)

        def segment_features(self, pcm: np.ndarray) -> list[np.ndarray]:
            raise InvalidSetting("no such window", "")

    bench = Bench(Broken())
    bench.send(pcm)
    assert bench.refused("get_features", segment=1, window=0, first_frame=0) == ErrorCode.INTERNAL
    reply = bench.ask("end", segment=1, checksum=zlib.crc32(pcm.tobytes()))
    assert reply is not None
    assert reply.code == ErrorCode.INTERNAL
    assert len(reply.sentence) == 160
    assert bench.ask("reset") is not None


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("listen", {"mode": 1}),
        ("get_live", {}),
        ("get_capture", {"offset": 0}),
        ("update_begin", {"bytes": 9, "sha256": [0] * 32}),
        ("update_data", {"offset": 0, "data": [1]}),
        ("update_end", {}),
    ],
)
def test_what_the_reference_has_not_got_is_said(bench: Bench, name: str, fields: dict[str, Any]) -> None:
    assert bench.refused(name, **fields) == ErrorCode.NOT_CAPABLE


def test_a_device_without_a_bundle_says_hello_and_refuses_audio(bench: Bench) -> None:
    empty = dataclasses.replace(ENGINE.identity, bundle="", labels=0, keywords=0, slot=NO_SLOT)
    bench.server = DeviceServer(None, empty)
    reply = bench.ask("hello", session=1)
    assert reply is not None
    assert (reply.bundle, reply.slot, reply.labels) == ("", 255, 0)
    assert bench.refused("begin", segment=1, samples=10) == ErrorCode.NO_BUNDLE
    assert bench.refused("get_features", segment=1, window=0, first_frame=0) == ErrorCode.NO_BUNDLE


@pytest.mark.parametrize(("name", "kept"), [("reset", True), ("update_data", False)])
def test_replies_to_long_requests_are_not_kept(bench: Bench, name: str, kept: bool) -> None:
    long = {"offset": 0, "data": [0] * LIMITS["request_bytes_kept"]} if name == "update_data" else {}
    for _ in range(2):
        assert bench.ask(name, sequence=5, **long) is not None
    stats = bench.ask("get_stats", sequence=6)
    assert stats is not None
    assert stats.replies_repeated == int(kept)


def test_an_answer_is_not_a_request(bench: Bench) -> None:
    for kind in (Kind.ACK, 0, 77, Kind.ERROR):
        reply = bench.replies(encode_frame(Frame(int(kind), bench.sequence, b"")))
        assert reply is not None
        assert (reply.code, reply.request) == (ErrorCode.UNKNOWN_MESSAGE, kind)
        assert str(int(kind)) in reply.sentence


requests = st.builds(Frame, st.integers(0, 255), st.integers(0, 3), st.binary(max_size=40))
places = st.integers(0, 3)
sensible = st.one_of(
    st.builds(lambda s, n: ("begin", {"segment": s, "samples": n}), places, st.integers(0, 3000)),
    st.builds(lambda s, o, n: ("audio", {"segment": s, "offset": o, "pcm": [1] * n}), places, places, places),
    st.builds(
        lambda s, w, f: ("get_features", {"segment": s, "window": w, "first_frame": f}),
        places,
        places,
        places,
    ),
    st.builds(lambda s: ("end", {"segment": s, "checksum": 0}), places),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(requests, st.binary(max_size=60), sensible), max_size=12))
def test_no_bytes_make_the_device_fall_over(sent: list[Any]) -> None:
    server = DeviceServer(ENGINE, ENGINE.identity)
    for sequence, item in enumerate(sent):
        if isinstance(item, tuple):
            name, fields = item
            item = Frame(int(Kind[name.upper()]), sequence, encode(name, **fields))
        answer = server.push(encode_frame(item) if isinstance(item, Frame) else item)
        found = FrameDecoder().push(answer)
        assert all(isinstance(one, Frame) for one in found), "what it says is always whole"
    answer = server.push(b"\0" + encode_frame(Frame(int(Kind.GET_STATS), 99, b"")))
    assert FrameDecoder().push(answer)[-1].sequence == 99, "and it still answers"
