"""Segments in C against the executable specification: the same answers to anything, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_bridge.protocol import LIMITS, DeviceServer, ErrorCode
from firmware_bridge.protocol.transcript import mask
from firmware_bridge.reference.device import ReferenceDevice, SegmentScores
from tests.support.scoring.bench import crc, requests, segment_requests

SPEECH = np.random.default_rng(9).normal(0, 3000, 40_000).astype(np.int16)


def begin(samples: int, segment: int = 1) -> tuple[str, dict[str, Any]]:
    return "begin", {"segment": segment, "samples": samples}


def audio(offset: int, count: int, segment: int = 1) -> tuple[str, dict[str, Any]]:
    pcm = SPEECH[offset % 20_000 : offset % 20_000 + count]
    return "audio", {"segment": segment, "offset": offset, "pcm": pcm}


def end(checksum: int, segment: int = 1) -> tuple[str, dict[str, Any]]:
    return "end", {"segment": segment, "checksum": checksum}


def features(window: int, first_frame: int, segment: int = 1) -> tuple[str, dict[str, Any]]:
    return "get_features", {"segment": segment, "window": window, "first_frame": first_frame}


STATS, RESET = ("get_stats", {}), ("reset", {})
SMALL = st.integers(0, 3)
REQUESTS = st.one_of(
    st.builds(begin, st.sampled_from([0, 1, 480, 700, 5760, 960_000, 960_001, 2**32 - 1]), SMALL),
    st.builds(
        audio, st.sampled_from([0, 1, 480, 960, 5280, 2**32 - 1]), st.sampled_from([0, 1, 220, 480]), SMALL
    ),
    st.builds(end, st.sampled_from([0, crc(SPEECH[:480]), crc(SPEECH[:700]), crc(SPEECH[:5760])]), SMALL),
    st.builds(features, st.sampled_from([0, 1, 65535]), st.sampled_from([0, 8, 9, 65535]), SMALL),
    st.just(STATS),
    st.just(RESET),
    st.just(("hello", {"session": 1})),
)
# All of a segment at once, or the parts of one in order: else nearly every request would be refused.
WHOLE = st.sampled_from([480, 700, 5760]).flatmap(
    lambda n: st.just(
        [begin(n), *(audio(at, min(480, n - at)) for at in range(0, n, 480)), end(crc(SPEECH[:n]))]
    )
)
CONVERSATIONS = st.lists(st.one_of(REQUESTS.map(lambda one: [one]), WHOLE), max_size=25).map(
    lambda parts: [request for part in parts for request in part]
)


def assert_same_answers(pair: Any, messages: list[Any]) -> bytes:
    wire = requests(*messages)
    said = mask(pair.bench().talk(wire))
    assert said == mask(pair.server().push(wire))
    return said


@settings(max_examples=150, deadline=None)
@given(CONVERSATIONS)
@example([begin(480), audio(0, 480), features(0, 0), STATS, end(7), STATS, end(7)])
@example([begin(0), begin(960_001), audio(0, 1), end(0), features(0, 0)])
def test_any_conversation(pairs: Callable[[str], Any], messages: list[Any]) -> None:
    assert_same_answers(pairs("odd"), messages)


@settings(max_examples=60, deadline=None)
@given(CONVERSATIONS, st.randoms(use_true_random=False))
def test_a_line_that_loses_repeats_and_damages(
    pairs: Callable[[str], Any], messages: list[Any], dice: Any
) -> None:
    pair = pairs("odd")
    frames = [requests(message, first=i + 1) for i, message in enumerate(messages)]
    wire = bytearray()
    for frame in frames:
        fate = dice.randrange(8)
        if fate == 0:
            continue
        wire += frame * (2 if fate == 1 else 1)
        if fate == 2:
            wire[dice.randrange(len(wire))] ^= 1 << dice.randrange(8)
        if fate == 3:
            wire += dice.randbytes(dice.randrange(9))
    bench, server = pair.bench(), pair.server()
    at = 0
    while at < len(wire):
        piece = bytes(wire[at : at + dice.randrange(1, 2000)])
        assert mask(bench.talk(piece)) == mask(server.push(piece))
        at += len(piece)


@pytest.mark.parametrize("name", ["micro_speech", "notch, hop longer than window"])
def test_a_whole_segment_with_features_and_stats(pairs: Callable[[str], Any], name: str) -> None:
    pair = pairs(name)
    pcm = SPEECH[:22_000]
    sent = segment_requests(pcm, [5, 7000, 16_001])
    asked = [features(window, frame) for window in (0, 1, 2, 5) for frame in (0, 12, 27, 48, 49)]
    said = assert_same_answers(
        pair, [*sent, STATS, *asked, end(crc(pcm)), end(crc(pcm)), STATS, RESET, end(0)]
    )
    assert len(said) > 3000


def test_each_refusal_says_why(pair: Any) -> None:
    """The sentences themselves; that they are the specification's is proved above."""
    bench = pair.bench()
    most = LIMITS["segment_samples"]
    assert bench.refused("begin", segment=5, samples=0) == (ErrorCode.TOO_SHORT, "a segment without samples")
    long = bench.refused("begin", segment=5, samples=most + 1)
    assert long == (ErrorCode.TOO_LONG, f"{most + 1} samples; at most {most} fit")
    missing = (ErrorCode.NO_SEGMENT, "segment 5 was not begun")
    assert bench.refused("audio", segment=5, offset=0, pcm=SPEECH[:1]) == missing
    assert bench.refused("end", segment=5, checksum=0) == missing
    assert bench.refused("get_features", segment=5, window=0, first_frame=0) == missing
    bench.send(SPEECH[:1000], segment=5)
    past = (ErrorCode.OUT_OF_RANGE, "audio at 999 runs past the end at 1000")
    assert bench.refused("audio", segment=5, offset=999, pcm=SPEECH[:2]) == past
    far = (ErrorCode.OUT_OF_RANGE, "audio at 4294967295 runs past the end at 1000")
    assert bench.refused("audio", segment=5, offset=2**32 - 1, pcm=SPEECH[:480]) == far
    window = bench.refused("get_features", segment=5, window=1, first_frame=0)
    assert window == (ErrorCode.OUT_OF_RANGE, "window 1 of 1")
    frame = bench.refused("get_features", segment=5, window=0, first_frame=49)
    assert frame == (ErrorCode.OUT_OF_RANGE, "frame 49 of 49")
    wrong = bench.refused("end", segment=5, checksum=1)
    assert wrong == (ErrorCode.WRONG_CHECKSUM, "the samples do not match their checksum; send them again")
    assert bench.refused("end", segment=5, checksum=crc(SPEECH[:1000])) == missing, "it was forgotten"
    bench.answer("begin", segment=6, samples=10)
    assert bench.refused("end", segment=6, checksum=0) == (ErrorCode.INCOMPLETE, "0 of 10 samples came")


def test_gaps_and_repeats_change_nothing(pair: Any) -> None:
    pcm = SPEECH[:20_000]
    bench = pair.bench()
    bench.answer("begin", segment=1, samples=len(pcm))
    at = 0
    for turn in range(10_000):
        if at >= len(pcm):
            break
        chunk = pcm[at : at + 480]
        if turn % 3 == 0:
            ahead = bench.answer("audio", segment=1, offset=min(at + 480, len(pcm) - 1), pcm=pcm[-1:])
            assert ahead.received == at
        bench.ask("audio", segment=1, offset=at, pcm=chunk)
        if turn % 4 == 0:
            again = bench.answer("audio", segment=1, offset=max(0, at - 480), pcm=pcm[:480])
            assert again.received == at + len(chunk)
        if turn % 5 == 0:
            assert bench.answer("begin", segment=1, samples=len(pcm)).received == at + len(chunk)
        at += len(chunk)
    result = bench.end(pcm)
    assert np.array_equal(result.fused, pair.reference.score_segment(pcm).fused)
    assert bench.answer("get_stats").audio_gaps == 14
    assert bench.counts["samples"] == len(pcm), "each sample is worked on once"


def test_an_end_that_is_repeated_computes_nothing(pair: Any) -> None:
    bench, pcm = pair.bench(), SPEECH[:17_000]
    first, before = bench.score(pcm), bench.counts
    for _ in range(12):  # more than the replay cache holds
        assert bench.end(pcm).fields.keys() == first.fields.keys()
    assert bench.counts == before
    assert bench.answer("get_stats").segments_scored == 1


def test_without_a_bundle_segments_are_refused(pair: Any) -> None:
    messages = [begin(0), begin(10), audio(0, 10), end(0), features(0, 0), STATS]
    wire = requests(*messages)
    bench = pair.bench(image=b"")
    assert not bench.counts["has_bundle"]
    server = DeviceServer(None, pair.identity, clock=lambda: 1.5)
    assert mask(bench.talk(wire)) == mask(server.push(wire))
    code, sentence = bench.refused("begin", segment=1, samples=10)
    assert (code, sentence) == (ErrorCode.NO_BUNDLE, "neither slot holds a bundle that this firmware can run")


class Failing(ReferenceDevice):
    """A device whose networks give no scores, told in the firmware's words."""

    def __init__(self, whole: ReferenceDevice) -> None:
        self.__dict__ = whole.__dict__.copy()

    def score_segment(self, pcm: np.ndarray) -> SegmentScores:
        raise RuntimeError("a network gave no scores")


@pytest.mark.parametrize("first", [0, 1, 4, 7])
def test_a_network_that_fails_is_told_and_forgotten_with_its_segment(pair: Any, first: int) -> None:
    """Whichever call of whichever window fails: the acoustic network's, the keyword network's, the last."""
    pcm = SPEECH[: 16_000 + 3 * 3200]
    bench = pair.bench()
    bench.fail(first)
    sent = [*segment_requests(pcm, []), end(crc(pcm)), features(3, 0), end(crc(pcm))]
    wire = requests(*sent, first=100)
    assert mask(bench.talk(wire)) == mask(pair.server(Failing(pair.reference)).push(wire))
    assert bench.refused("end", segment=1, checksum=crc(pcm))[0] == ErrorCode.INTERNAL
    again = bench.score(pcm, segment=2)
    assert np.array_equal(again.fused, pair.reference.score_segment(pcm).fused)
    stats = bench.answer("get_stats")
    assert stats.segments_scored == 1
    assert stats.windows_scored == 4 + first // 2


def test_a_new_session_forgets_the_segment(pair: Any) -> None:
    bench = pair.bench()
    bench.answer("hello", session=1)
    bench.send(SPEECH[:1000])
    bench.answer("hello", session=1)
    assert bench.end(SPEECH[:1000]).name == "result"
    bench.answer("hello", session=2)
    assert bench.refused("end", segment=1, checksum=0)[0] == ErrorCode.NO_SEGMENT
