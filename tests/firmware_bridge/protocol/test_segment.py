"""The segment that a device holds: counted as it comes, refused with a reason."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.protocol.engine import MemoryMarks
from firmware_bridge.protocol.loopback import LoopbackEngine, LoopbackScores
from firmware_bridge.protocol.segment import LATENCY_STAGES, NO_BUNDLE, STAGES, Refusal, SegmentStore
from firmware_bridge.protocol.table import LIMITS, TABLE, ErrorCode

ENGINE = LoopbackEngine()


def store_with(pcm: np.ndarray, engine: LoopbackEngine = ENGINE) -> SegmentStore:
    store = SegmentStore(engine, engine.identity)
    store.begin(1, len(pcm))
    for at in range(0, len(pcm), 480):
        store.audio(1, at, pcm[at : at + 480])
    return store


def speech(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).integers(-32768, 32768, samples).astype(np.int16)


def test_a_result_holds_scores_scales_and_the_marks_after_the_scoring() -> None:
    """Each branch beside its own scale: values that differ show a field that was swapped."""
    scored: list[int] = []

    class Watched(LoopbackEngine):
        def score_segment(self, pcm: np.ndarray) -> LoopbackScores:
            scored.append(len(pcm))
            return super().score_segment(pcm)

    pcm, engine = speech(2500), Watched()
    scales = {"acoustic": (0.5, 1), "keyword": (0.25, 2), "fused": (0.125, 3)}
    store = SegmentStore(engine, replace(engine.identity, scales=scales))
    store.begin(1, len(pcm))
    for at in range(0, len(pcm), 480):
        store.audio(1, at, pcm[at : at + 480])

    def marks() -> MemoryMarks:
        return MemoryMarks(ram_bytes=1, ram_peak_bytes=100 * len(scored), stack_peak_bytes=7)

    result = store.end(1, zlib.crc32(pcm.tobytes()), marks)
    assert set(result.fields) == {field.name for field in TABLE.layouts["result"].fields}
    assert (result.ram_peak_bytes, result.stack_peak_bytes) == (100, 7)
    want = engine.score_segment(pcm)
    for branch, (scale, zero_point) in scales.items():
        assert np.array_equal(getattr(result, branch), getattr(want, branch))
        assert getattr(result, f"{branch}_scale") == scale
        assert getattr(result, f"{branch}_zero_point") == zero_point


def test_every_stage_has_its_field() -> None:
    fields = {field.name for field in TABLE.layouts["result"].fields}
    assert {f"{stage}_cycles" for stage in STAGES} < fields
    assert "features" not in LATENCY_STAGES, "they are computed as samples come, but for the tail"


def test_times_are_those_of_the_engine_and_wrap() -> None:
    class Slow(LoopbackEngine):
        def score_segment(self, pcm: np.ndarray) -> LoopbackScores:
            scores = super().score_segment(pcm)
            scores.stage_us.update(tail=7, keyword=2**32 + 5)
            return scores

    pcm = speech(1600)
    result = store_with(pcm, Slow()).end(1, zlib.crc32(pcm.tobytes()))
    cycles = [getattr(result, f"{stage}_cycles") for stage in STAGES]
    assert cycles == [0, 7, 0, 0, 5, 0]


@pytest.mark.parametrize(
    ("samples", "as_it_comes"), [(1, 0), (1599, 0), (1600, 1), (1999, 1), (2000, 2), (4000, 7)]
)
def test_windows_are_counted_when_they_are_complete(samples: int, as_it_comes: int) -> None:
    pcm = speech(samples)
    store = store_with(pcm)
    assert store.windows_scored == as_it_comes
    for _ in range(2):
        assert store.end(1, zlib.crc32(pcm.tobytes())).windows == max(1, as_it_comes)
        assert store.windows_scored == max(1, as_it_comes), "an answer that is repeated computes nothing"
    store.begin(2, samples)
    assert store.windows_scored == max(1, as_it_comes)


def test_an_empty_chunk_after_the_end_unscores_nothing() -> None:
    pcm = speech(100)
    store = store_with(pcm)
    store.end(1, zlib.crc32(pcm.tobytes()))
    assert store.windows_scored == 1
    store.audio(1, 100, pcm[:0])
    assert store.windows_scored == 1


def test_features_of_a_short_segment_complete_its_window() -> None:
    store = store_with(speech(100))
    assert store.features(1, 0, 0).frames_in_window == 40
    assert store.windows_scored == 1


@given(st.integers(0, 2**32 - 1), st.integers(0, 480))
def test_audio_never_runs_past_the_end(offset: int, count: int) -> None:
    store = SegmentStore(ENGINE, ENGINE.identity)
    store.begin(1, 1000)
    if offset + count <= 1000:
        store.audio(1, offset, np.zeros(count, np.int16))
        return
    with pytest.raises(Refusal) as refusal:
        store.audio(1, offset, np.zeros(count, np.int16))
    assert refusal.value.code == ErrorCode.OUT_OF_RANGE
    assert refusal.value.sentence == f"audio at {offset} runs past the end at 1000"


def test_without_a_bundle_everything_about_segments_is_refused_first() -> None:
    store = SegmentStore(None, ENGINE.identity)
    calls = [
        lambda: store.begin(1, LIMITS["segment_samples"] + 1),
        lambda: store.audio(1, 0, np.zeros(1, np.int16)),
        lambda: store.end(1, 0),
        lambda: store.features(1, 0, 0),
    ]
    for call in calls:
        with pytest.raises(Refusal) as refusal:
            call()
        assert (refusal.value.code, refusal.value.sentence) == (ErrorCode.NO_BUNDLE, NO_BUNDLE)


def test_features_are_computed_once_for_all_windows() -> None:
    calls: list[int] = []

    class Counting(LoopbackEngine):
        def segment_features(self, pcm: np.ndarray) -> list[np.ndarray]:
            calls.append(len(pcm))
            return super().segment_features(pcm)

    pcm = speech(2500)
    store = store_with(pcm, Counting())
    for window, features in enumerate(ENGINE.segment_features(pcm)):
        got = [store.features(1, window, first).values for first in (0, 12, 24, 36)]
        assert np.array_equal(np.concatenate(got).reshape(-1, 40), features)
    assert calls == [2500]
