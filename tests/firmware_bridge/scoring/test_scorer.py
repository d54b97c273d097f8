"""The scorer in C against the reference device: the same scores, however the samples come."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = [
    "tiny",
    "micro_speech",
    "notch, hop longer than window",
    "odd",
    "a window at every frame",
    "yamnet, five seconds",
]
FRAME, SCALE, NETWORK, FUSE = 1000, 70, 50000, 3  # ticks of the bench's clock


def speech(samples: int, seed: int = 0) -> np.ndarray:
    """Noise whose loudness changes, so that a front-end that remembers has something to remember."""
    dice = np.random.default_rng([samples, seed])
    loudness = np.repeat(dice.integers(10, 9000, samples // 1500 + 1), 1500)[:samples]
    return np.clip(dice.normal(0, 1, samples) * loudness, -32768, 32767).astype(np.int16)


def assert_same(result: Any, wanted: Any) -> None:
    assert result.windows == wanted.windows
    for branch in ("acoustic", "keyword", "fused"):
        assert np.array_equal(getattr(result, branch), getattr(wanted, branch)), branch


def lengths(pair: Any) -> list[int]:
    """Around one window and several, and at a length that divides nothing."""
    window, hop = pair.reference.windowing.window_samples, pair.reference.windowing.hop_samples
    return [1, window - 1, window, window + 1, window + hop - 1, window + hop, window + 3 * hop + 77]


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_reference_device(pairs: Callable[[str], Any], name: str) -> None:
    pair = pairs(name)
    bench = pair.bench()
    assert bench.counts["has_bundle"]
    if name == "tiny":
        bench.use([pair.reference.acoustic, pair.reference.keyword])
    fused = set()
    for number, samples in enumerate(lengths(pair)):
        pcm = speech(samples)
        result = bench.score(pcm, segment=number)
        assert_same(result, pair.reference.score_segment(pcm))
        fused.add(tuple(result.fused))
    assert len(fused) > 3, "the scores say something about the samples"


@pytest.mark.parametrize("name", NAMES)
def test_features_are_those_of_the_reference_device(pairs: Callable[[str], Any], name: str) -> None:
    pair = pairs(name)
    bench = pair.bench()
    for number, samples in enumerate(lengths(pair)[::2]):
        pcm = speech(samples)
        bench.send(pcm, segment=number)
        wanted = pair.reference.segment_features(pcm)
        for window in {0, len(wanted) // 2, len(wanted) - 1}:
            got: list[np.ndarray] = []
            while sum(map(len, got)) < wanted[window].size:
                first = sum(map(len, got)) // wanted[window].shape[1]
                part = bench.answer("get_features", segment=number, window=window, first_frame=first)
                assert part.frames_in_window == len(wanted[window])
                got.append(part.values)
            assert np.array_equal(np.concatenate(got).reshape(wanted[window].shape), wanted[window])


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["tiny", "micro_speech", "odd"]),
    st.integers(1, 30_000),
    st.lists(st.integers(1, 29_999), max_size=30),
)
def test_chunks_do_not_matter(pairs: Callable[[str], Any], name: str, samples: int, cuts: list[int]) -> None:
    pair = pairs(name)
    pcm = speech(samples)
    whole, cut = pair.bench(), pair.bench()
    first = whole.score(pcm)
    second = cut.score(pcm, [at for at in cuts if at < samples])
    for field in first.fields:
        if field != "tail_cycles":  # how much is left to do depends on how long the last chunk is
            assert np.array_equal(getattr(first, field), getattr(second, field)), field


def test_one_sample_at_a_time(pair: Any) -> None:
    pcm = speech(17_000)
    assert_same(pair.bench().score(pcm, range(1, 17_000)), pair.reference.score_segment(pcm))


@pytest.mark.parametrize("name", ["micro_speech", "yamnet, five seconds"])
def test_a_minute(pairs: Callable[[str], Any], name: str) -> None:
    """The longest segment that the protocol allows; each frame is computed once, whatever the windows."""
    pair = pairs(name)
    bench, pcm = pair.bench(), speech(960_000)
    before = bench.counts
    assert_same(bench.score(pcm), pair.reference.score_segment(pcm))
    after, spec = bench.counts, pair.reference.frontend.spec
    assert after["samples"] - before["samples"] == 960_000
    assert after["frames"] - before["frames"] == spec.frames(960_000) == after["in_store"]


def test_silence_and_full_scale(pair: Any) -> None:
    for number, pcm in enumerate(
        [np.zeros(20_000, np.int16), np.full(20_000, -32768, np.int16), np.resize([32767, -32768], 20_000)]
    ):
        sound = pcm.astype(np.int16)
        assert_same(pair.bench().score(sound, segment=number), pair.reference.score_segment(sound))


def test_nothing_is_left_of_the_segment_before(pair: Any) -> None:
    bench, first, second = pair.bench(), speech(30_000, 1), speech(21_000, 2)
    bench.score(first, segment=1)
    again = bench.score(second, segment=2)
    assert_same(again, pair.reference.score_segment(second))
    bench.send(first[:9000], segment=3)  # one that is never finished
    assert_same(bench.score(second, segment=4), pair.reference.score_segment(second))


def test_cycles_are_told_apart(pair: Any) -> None:
    """The bench's clock moves by a known amount for each piece of work, and wraps meanwhile."""
    bench, spec, windowing = pair.bench(), pair.reference.frontend.spec, pair.reference.windowing
    samples = windowing.window_samples + 4 * windowing.hop_samples + 1000
    result = bench.score(speech(samples))
    assert result.windows == 5
    assert result.features_cycles == FRAME * spec.frames(samples)
    assert result.scaling_cycles == 5 * SCALE
    assert result.acoustic_cycles == 5 * NETWORK
    assert result.keyword_cycles == 5 * 2 * NETWORK
    assert result.fusion_cycles == 5 * FUSE
    stats = bench.answer("get_stats")
    for stage in ("features", "scaling", "acoustic", "keyword", "fusion"):
        assert getattr(stats, f"{stage}_cycles") == getattr(result, f"{stage}_cycles")
    assert (stats.windows_scored, stats.segments_scored) == (5, 1)
    bench.score(speech(samples), segment=2)
    assert bench.answer("get_stats").features_cycles == 2 * result.features_cycles


@pytest.mark.parametrize(("last_chunk", "frames_left"), [(1, 0), (160, 0), (480, 1), (161, 1)])
def test_the_tail_is_what_the_last_chunk_brought(pair: Any, last_chunk: int, frames_left: int) -> None:
    """Windows of 16000 samples, frames of 480 every 320: the last frame of a window ends 160 samples early."""
    bench = pair.bench()
    result = bench.score(speech(16_000), [16_000 - last_chunk])
    assert result.tail_cycles == frames_left * FRAME
    longest = bench.answer("get_stats").longest_window_cycles
    assert longest == frames_left * FRAME + SCALE + 3 * NETWORK + FUSE


def test_each_window_of_a_chunk_has_its_own_tail(pairs: Callable[[str], Any]) -> None:
    """Frames of 400 samples every 160, ten windows in 1600 + 9 * 160 samples: each is one frame more."""
    bench = pairs("a window at every frame").bench()
    result = bench.score(speech(1600 + 9 * 160), [1600])
    assert result.windows == 10
    assert result.tail_cycles == 10 * FRAME
    assert bench.answer("get_stats").longest_window_cycles == FRAME + SCALE + 3 * NETWORK + FUSE


def test_padding_belongs_to_the_tail(pair: Any) -> None:
    """All that a short segment's zeros cost comes after its last sample."""
    result = pair.bench().score(speech(480))
    assert result.features_cycles == 49 * FRAME
    assert result.tail_cycles == 48 * FRAME


@given(st.integers(-70_000 * 128, 70_000 * 127), st.integers(1, 70_000))
def test_the_mean_is_rounded_half_up(pairs: Callable[[str], Any], total: int, n: int) -> None:
    if not -128 * n <= total <= 127 * n:
        total %= 127 * n
    assert pairs("micro_speech").lib.bench_mean(total, n) == floor(Fraction(total, n) + Fraction(1, 2))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_the_mean_of_all_sums(pair: Any, n: int) -> None:
    for total in range(-128 * n, 127 * n + 1):
        assert pair.lib.bench_mean(total, n) == (2 * total + n) // (2 * n)
