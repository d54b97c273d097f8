from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.microfrontend import PRESETS, FrontendSpec, MicroFrontend
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch

BACKENDS = ("native", "reference")
Signals = dict[str, NDArray[np.int16]]
ALL_STAGES = FrontendSpec(step_ms=10, dc_notch=DcNotch(), activity=ActivityDetection())


def in_chunks(frontend: MicroFrontend, pcm: NDArray[np.int16], sizes: list[int]) -> NDArray[np.uint16]:
    stream, parts, at = frontend.stream(), [], 0
    for size in cycle(sizes):
        parts.append(stream.push(pcm[at : at + size]))
        at += size
        if at >= len(pcm):
            return np.concatenate(parts)
    raise AssertionError


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("sizes", [[1], [7, 13, 31], [160], [479, 1], [481], [0, 5000], [16000]])
def test_any_chunking_equals_the_whole_clip(backend: str, sizes: list[int], signals: Signals) -> None:
    pcm = signals["bursts"][: 2000 if sizes == [1] else 16000]
    for spec in (PRESETS["default"], PRESETS["yamnet"], ALL_STAGES):
        frontend = MicroFrontend(spec, backend)
        assert np.array_equal(in_chunks(frontend, pcm, sizes), frontend.process(pcm))


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=8).filter(any), step=st.integers(1, 30))
def test_random_chunking_and_steps(signals: Signals, sizes: list[int], step: int) -> None:
    frontend = MicroFrontend(FrontendSpec(step_ms=step), "native")
    pcm = signals["rising squares"]
    assert np.array_equal(in_chunks(frontend, pcm, [max(1, s) for s in sizes]), frontend.process(pcm))


@pytest.mark.parametrize("backend", BACKENDS)
def test_reset_equals_new(backend: str, signals: Signals) -> None:
    frontend = MicroFrontend(ALL_STAGES, backend)
    stream = frontend.stream()
    stream.push(signals["full-scale noise"][:7777])
    stream.reset()
    assert not stream.activity_detected()
    assert np.array_equal(stream.push(signals["rising squares"]), frontend.process(signals["rising squares"]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_activity_is_told_once(backend: str, signals: Signals) -> None:
    stream = MicroFrontend(ALL_STAGES, backend).stream()
    stream.push(signals["bursts"])
    assert stream.activity_detected()
    assert not stream.activity_detected()
    stream.push(signals["silence"][:4000])
    assert not stream.activity_detected()


def test_two_streams_do_not_know_each_other(signals: Signals) -> None:
    frontend = MicroFrontend(PRESETS["default"])
    one, two = frontend.stream(), frontend.stream()
    one.push(signals["full-scale noise"])
    assert np.array_equal(two.push(signals["triangle"]), frontend.process(signals["triangle"]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_batch_equals_its_clips(backend: str, threads: int, signals: Signals) -> None:
    clips = [pcm[: 16000 - 1777 * i] for i, pcm in enumerate(list(signals.values())[:9])]
    clips += [clips[0][:0], clips[0][:479]]
    frontend = MicroFrontend(PRESETS["default"], backend)
    results = frontend.process_batch(clips, threads=threads)
    assert len(results) == len(clips)
    for clip, result in zip(clips, results, strict=True):
        assert np.array_equal(result, frontend.process(clip))
    assert frontend.process_batch([], threads=threads) == []


def test_a_long_clip_takes_no_more_memory_than_its_features() -> None:
    """Three hours at 8 kHz through one stream, in pieces; only the pieces' features exist at a time."""
    spec = FrontendSpec(sample_rate_hz=8000, upper_hz=3800, channels=8, window_ms=64, step_ms=64)
    stream = MicroFrontend(spec, "native").stream()
    piece = np.random.default_rng(3).integers(-999, 999, 8000 * 60).astype(np.int16)
    frames = sum(len(stream.push(piece)) for _ in range(180))
    assert frames == spec.frames(180 * len(piece))
