"""The microphone: live scores over any length of time, and captured samples without a silent loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.protocol import LIMITS, ErrorCode
from firmware_bridge.reference.device import WindowScores, mean_score

OFF, LIVE, CAPTURE = 0, 1, 2
RING = 32_000
CHUNK = LIMITS["chunk_samples"]


def speech(samples: int, seed: int = 0) -> np.ndarray:
    dice = np.random.default_rng([samples, seed])
    loudness = np.repeat(dice.integers(10, 9000, samples // 1500 + 1), 1500)[:samples]
    return np.clip(dice.normal(0, 1, samples) * loudness, -32768, 32767).astype(np.int16)


def pieces(pcm: np.ndarray, seed: int, longest: int = 5000) -> Iterator[np.ndarray]:
    """Cut sound as polls find it: sometimes nothing, sometimes a lot."""
    dice, at = np.random.default_rng(seed), 0
    while at < len(pcm):
        count = int(dice.choice([0, 1, 160, 480, 1024, longest]))
        yield pcm[at : at + count]
        at += count


def expected(pair: Any, pcm: np.ndarray) -> list[WindowScores]:
    """Every window of a stream that never ends, computed at once from its start."""
    device, windowing = pair.reference, pair.reference.windowing
    stream = device.frontend.process(pcm)
    count = max(0, 1 + (len(pcm) - windowing.window_samples) // windowing.hop_samples)
    starts = [device.hop_frames * window for window in range(count)]
    return [device.score_features(stream[start : start + device.window_frames]) for start in starts]


def assert_live(live: Any, wanted: list[WindowScores]) -> None:
    assert live.windows == len(wanted)
    if not wanted:
        assert [len(getattr(live, name)) for name in ("acoustic", "keyword", "fused", "smoothed")] == [
            0,
            0,
            0,
            0,
        ]
        return
    for branch in ("acoustic", "keyword", "fused"):
        assert np.array_equal(getattr(live, branch), getattr(wanted[-1], branch))
    recent = [one.fused for one in wanted[-LIMITS["smoothed_windows"] :]]
    assert np.array_equal(live.smoothed, mean_score(recent))


@pytest.mark.parametrize(
    "name",
    [
        "micro_speech",
        "notch, hop longer than window",
        "odd",
        "a window at every frame",
        "a minute",
        "yamnet, five seconds",
    ],
)
def test_live_scores_are_those_of_one_long_stream(pairs: Callable[[str], Any], name: str) -> None:
    """Longer than the store of features: old frames made room, nothing was computed twice."""
    pair = pairs(name)
    windowing = pair.reference.windowing
    stores = 3 if windowing.hop_samples > 1000 else 1.1
    pcm, bench = speech(int(stores * 960_000)), pair.bench(microphone=True)
    wanted = expected(pair, pcm)
    bench.answer("listen", mode=LIVE)
    assert bench.counts["on"] == 1
    heard = 0
    for turn, piece in enumerate(pieces(pcm, 4)):
        bench.hear(piece)
        heard += len(piece)
        if turn % 50 == 0 or heard == len(pcm):
            complete = max(0, 1 + (heard - windowing.window_samples) // windowing.hop_samples)
            assert_live(bench.answer("get_live"), wanted[:complete])
    counts, spec = bench.counts, pair.reference.frontend.spec
    assert counts["frames"] == spec.frames(len(pcm))
    assert counts["samples"] == len(pcm)
    assert bench.answer("get_stats").windows_scored == len(wanted)


def test_before_the_first_window_there_are_no_scores(pair: Any) -> None:
    bench, pcm = pair.bench(microphone=True), speech(25_000)
    wanted = expected(pair, pcm)
    bench.answer("listen", mode=LIVE)
    heard = 0
    for upto in (0, 9000, 15_999, 16_000, 19_199, 19_200, 22_400, 25_000):
        bench.hear(pcm[heard:upto])
        heard = upto
        complete = 0 if upto < 16_000 else 1 + (upto - 16_000) // 3200
        assert_live(bench.answer("get_live"), wanted[:complete])


def test_listening_again_starts_afresh(pair: Any) -> None:
    bench = pair.bench(microphone=True)
    for seed in range(3):
        pcm = speech(30_000, seed)
        assert bench.answer("listen", mode=LIVE).mode == LIVE
        bench.hear(pcm, lost=seed)
        live = bench.answer("get_live")
        assert_live(live, expected(pair, pcm[: 32 * CHUNK]))
        assert live.lost_samples == seed
        assert bench.answer("listen", mode=OFF).mode == OFF
        assert bench.counts["on"] == 0
        while bench.counts["waiting"]:
            bench.answer("listen", mode=CAPTURE)
            bench.hear(pcm[:0])
        bench.answer("listen", mode=OFF)


def test_the_same_mode_again_changes_nothing(pair: Any) -> None:
    bench, pcm = pair.bench(microphone=True), speech(40_000)
    wanted = expected(pair, pcm)
    for at in range(0, len(pcm), 4000):
        assert bench.answer("listen", mode=LIVE).mode == LIVE
        bench.hear(pcm[at : at + 4000])
    assert_live(bench.answer("get_live"), wanted)


def test_one_poll_takes_a_bounded_amount(pair: Any) -> None:
    bench = pair.bench(microphone=True)
    bench.answer("listen", mode=LIVE)
    bench.hear(speech(50_000))
    assert bench.counts["samples"] == 32 * CHUNK
    assert bench.counts["waiting"] == 50_000 - 32 * CHUNK


def test_lost_samples_are_counted_and_told(pair: Any) -> None:
    bench = pair.bench(microphone=True)
    bench.answer("listen", mode=LIVE)
    for lost in (0, 7, 0, 500):
        bench.hear(speech(400), lost)
    assert bench.answer("get_live").lost_samples == 507
    assert bench.answer("get_stats").microphone_overruns == 2


@pytest.mark.parametrize("first", [0, 1, 2, 5])
def test_a_window_that_fails_is_told_and_left_out(pair: Any, first: int) -> None:
    bench, pcm = pair.bench(microphone=True), speech(16_000 + 4 * 3200)
    wanted = expected(pair, pcm)
    bench.answer("listen", mode=LIVE)
    bench.fail(first)
    del wanted[first // 2]
    seen = []
    bench.hear(pcm[:12_800])
    for at in range(12_800, len(pcm), 3200):
        bench.hear(pcm[at : at + 3200])
        reply = bench.answer("get_live")
        seen.append(reply.code if reply.name == "error" else 0)
    assert seen == [ErrorCode.INTERNAL if window == first // 2 else 0 for window in range(5)]
    assert_live(bench.answer("get_live"), wanted)


def test_a_segment_ends_live_listening_and_listening_ends_a_segment(pair: Any) -> None:
    bench, pcm = pair.bench(microphone=True), speech(20_000)
    bench.answer("listen", mode=LIVE)
    bench.hear(pcm[:9000])
    assert np.array_equal(bench.score(pcm).fused, pair.reference.score_segment(pcm).fused)
    assert bench.counts["on"] == 0
    assert bench.refused("get_live")[0] == ErrorCode.NOT_LISTENING
    bench.send(pcm[:5000], segment=3)
    bench.answer("listen", mode=LIVE)
    assert bench.refused("audio", segment=3, offset=0, pcm=pcm[:1])[0] == ErrorCode.NO_SEGMENT
    bench.answer("listen", mode=LIVE)
    bench.hear(pcm)
    assert_live(bench.answer("get_live"), expected(pair, pcm[: 32 * CHUNK]))


def test_capture_goes_on_beside_a_segment(pair: Any) -> None:
    bench, sent, heard = pair.bench(microphone=True), speech(20_000, 1), speech(6000, 2)
    bench.answer("listen", mode=CAPTURE)
    bench.hear(heard[:3000])
    result = bench.score(sent)
    bench.hear(heard[3000:])
    assert np.array_equal(result.fused, pair.reference.score_segment(sent).fused)
    assert np.array_equal(fetched(bench, 0), heard)


def fetched(bench: Any, offset: int) -> np.ndarray:
    """Return what a host gets that fetches until nothing is left."""
    got: list[np.ndarray] = []
    while True:
        part = bench.answer("get_capture", offset=offset & 0xFFFFFFFF)
        assert part.name == "captured", part
        assert len(part.pcm) == min(part.available, CHUNK)
        if not len(part.pcm):
            return np.concatenate(got) if got else np.zeros(0, np.int16)
        assert part.offset == offset & 0xFFFFFFFF
        got.append(part.pcm)
        offset += len(part.pcm)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 40), st.integers(0, 30)), max_size=25))
def test_captured_samples_arrive_or_are_counted(
    pairs: Callable[[str], Any], turns: list[tuple[int, int, int]]
) -> None:
    """Every sample that the microphone gave is fetched once, or counted as lost; so are those that it lost."""
    bench = pairs("odd").bench(microphone=True)
    bench.answer("listen", mode=CAPTURE)
    pcm = speech(9000 * max(1, len(turns)))
    heard = offset = lost = 0
    for samples, dropped, fetches in turns:
        bench.hear(pcm[heard : heard + samples], dropped)
        heard, lost = heard + samples, lost + dropped
        for _ in range(fetches):
            part = bench.answer("get_capture", offset=offset)
            lost += part.offset - offset
            assert np.array_equal(part.pcm, pcm[part.offset : part.offset + len(part.pcm)])
            assert part.available == heard - part.offset <= RING
            assert part.lost_samples == lost
            offset = part.offset + len(part.pcm)


def test_a_host_that_keeps_up_loses_nothing(pair: Any) -> None:
    """Over several rings; then it pauses, and what it missed is counted to the sample."""
    bench, pcm = pair.bench(microphone=True), speech(5 * RING)
    bench.answer("listen", mode=CAPTURE)
    got: list[np.ndarray] = []
    for at in range(0, 4 * RING, 4000):
        bench.hear(pcm[at : at + 4000])
        got.append(fetched(bench, at))
    assert np.array_equal(np.concatenate(got), pcm[: 4 * RING])
    assert bench.answer("get_capture", offset=4 * RING).lost_samples == 0
    for at in range(4 * RING, 5 * RING, 8000):
        bench.hear(pcm[at : at + 8000])
    bench.hear(pcm[:777])
    part = bench.answer("get_capture", offset=4 * RING)
    assert (part.offset, part.available, part.lost_samples) == (4 * RING + 777, RING, 777)


def test_a_request_that_is_repeated_gets_the_same_samples(pair: Any) -> None:
    bench, pcm = pair.bench(microphone=True), speech(40_000)
    bench.answer("listen", mode=CAPTURE)
    for at in range(0, len(pcm), 8000):
        bench.hear(pcm[at : at + 8000])
    for _ in range(10):
        part = bench.answer("get_capture", offset=0)
        assert (part.offset, part.available, part.lost_samples) == (8000, RING, 8000)
        assert np.array_equal(part.pcm, pcm[8000:8480])


def test_counters_may_wrap(pair: Any) -> None:
    """After 74 hours of capture the count of samples starts again; nothing is lost by that."""
    bench, pcm = pair.bench(microphone=True), speech(20_000)
    bench.answer("listen", mode=CAPTURE)
    bench.age(2**32 - 10_000)
    start = 2**32 - 10_000
    bench.hear(pcm[:8000])
    assert np.array_equal(fetched(bench, start), pcm[:8000])
    bench.hear(pcm[8000:])
    assert np.array_equal(fetched(bench, start + 8000), pcm[8000:])
    assert bench.answer("get_capture", offset=10_000).lost_samples == 0


def test_each_refusal_says_why(pair: Any) -> None:
    deaf = pair.bench()
    no_microphone = (ErrorCode.NOT_CAPABLE, "this device has no microphone")
    assert deaf.refused("listen", mode=LIVE) == no_microphone
    assert deaf.refused("get_live") == no_microphone
    assert deaf.refused("get_capture", offset=0) == no_microphone
    bench = pair.bench(microphone=True)
    off = (ErrorCode.NOT_LISTENING, "the device listens in mode 0, not 1")
    assert bench.refused("get_live") == off
    assert bench.refused("get_capture", offset=0)[0] == ErrorCode.NOT_LISTENING
    unknown = (ErrorCode.OUT_OF_RANGE, "no way to listen has number 3; the last is 2")
    assert bench.refused("listen", mode=3) == unknown
    bench.answer("listen", mode=CAPTURE)
    assert bench.refused("get_live") == (ErrorCode.NOT_LISTENING, "the device listens in mode 2, not 1")
    bench.hear(speech(100))
    assert bench.refused("get_capture", offset=101) == (ErrorCode.OUT_OF_RANGE, "sample 101 of 100")
    assert bench.refused("listen", mode=200)[0] == ErrorCode.OUT_OF_RANGE
    assert bench.counts["on"] == 1, "a refused request changes nothing"


def test_without_a_bundle_only_capture_works(pair: Any) -> None:
    bench = pair.bench(microphone=True, image=b"")
    assert bench.refused("listen", mode=LIVE)[0] == ErrorCode.NO_BUNDLE
    bench.answer("listen", mode=CAPTURE)
    bench.hear(speech(700))
    assert np.array_equal(fetched(bench, 0), speech(700))


@pytest.mark.parametrize("request_", [("reset", {}), ("hello", {"session": 9})])
def test_a_new_session_and_a_reset_turn_the_microphone_off(pair: Any, request_: tuple[str, Any]) -> None:
    bench = pair.bench(microphone=True)
    bench.answer("hello", session=8)
    bench.answer("listen", mode=LIVE)
    bench.answer(request_[0], **request_[1])
    assert bench.counts["on"] == 0
    bench.hear(speech(500))
    assert bench.counts["waiting"] == 500, "a poll takes nothing"
