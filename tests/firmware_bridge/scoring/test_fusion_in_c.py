"""The fusion head in C against the one in Python, up to the ends of every range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.contract.fusion import FusionHead

INT32 = 2**31 - 1


def in_c(pair: Any, head: FusionHead, scores: np.ndarray, labels: int) -> np.ndarray:
    ffi, fused = pair.ffi, np.zeros(labels, np.int8)
    arrays = (
        head.bias.astype(np.int32),
        np.ascontiguousarray(head.weight, np.int16),
        head.zero_point.astype(np.int8),
    )
    kinds = ("int32_t *", "int16_t *", "int8_t *")
    pointers = [ffi.cast(kind, array.ctypes.data) for kind, array in zip(kinds, arrays, strict=True)]
    given_, taken = (ffi.cast("int8_t *", array.ctypes.data) for array in (scores, fused))
    pair.lib.bench_fuse(*pointers, head.shift, labels, len(scores) - labels, given_, taken)
    return fused


def head_of(weight: Any, bias: Any, zero_point: Any, shift: int, scale: float) -> FusionHead:
    return FusionHead(weight=weight, bias=bias, zero_point=zero_point, shift=shift, output_scale=scale)


@st.composite
def heads(draw: st.DrawFn) -> tuple[FusionHead, int]:
    """Valid heads of every shape; many with weights and biases at the ends of their ranges."""
    labels, keywords = draw(st.integers(1, 16)), draw(st.integers(0, 32))
    shift = draw(st.sampled_from([1, 2, 7, 15, 23, 24]))
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    widest = draw(st.sampled_from([0, 1, 300, 32767]))
    weight = dice.integers(-widest, widest + 1, (labels, labels + keywords))
    if draw(st.booleans()):
        weight = np.sign(weight) * widest
    room = INT32 - (1 << (shift - 1)) - 255 * np.abs(weight).sum(1)
    bias = room * dice.choice([-1, 0, 1, 0.01, -0.3], labels)
    zero_point = dice.choice([-128, -5, 0, 127], labels + keywords)
    return head_of(
        weight.astype(np.int32), bias.astype(np.int32), zero_point.astype(np.int32), shift, 0.1
    ), labels


@settings(max_examples=300, deadline=None)
@given(heads(), st.integers(0, 2**32))
def test_fused_scores_are_equal(pairs: Any, made: tuple[FusionHead, int], seed: int) -> None:
    head, labels = made
    pair, dice = pairs("micro_speech"), np.random.default_rng(seed)
    columns = head.weight.shape[1]
    for scores in (
        dice.integers(-128, 128, columns).astype(np.int8),
        dice.choice([-128, 127], columns).astype(np.int8),
        np.where(head.weight[0] > 0, 127, -128).astype(np.int8),
        np.where(head.weight[0] > 0, -128, 127).astype(np.int8),
    ):
        assert np.array_equal(in_c(pair, head, scores, labels), head.apply(scores))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_accumulator_that_a_head_may_have(pair: Any, sign: int) -> None:
    """All 48 columns at their ends, and the bias at the last value that is not refused."""
    weight = np.full((16, 48), 32767 * sign, np.int32)
    zero_point = np.full(48, -128, np.int32)
    room = INT32 - (1 << 23) - 255 * 48 * 32767

    def head(bias: int) -> FusionHead:
        return head_of(weight, np.full(16, bias * sign, np.int32), zero_point, 24, 1.0)

    scores = np.full(48, 127, np.int8)
    found = in_c(pair, head(room), scores, 16)
    assert np.array_equal(found, head(room).apply(scores))
    assert found.tolist() == [127 if sign > 0 else -127] * 16
    with pytest.raises(BundleInvalid):
        head(room + 1)


def test_halves_go_up_and_ends_are_kept(pair: Any) -> None:
    head = head_of(np.array([[1]], np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32), 1, 1.0)
    scores = np.arange(-128, 128, dtype=np.int8)
    found = [int(in_c(pair, head, scores[i : i + 1], 1)[0]) for i in range(256)]
    assert found == [(score + 1) >> 1 for score in range(-128, 128)]
    steep = head_of(np.array([[32767]], np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32), 1, 1.0)
    assert [int(in_c(pair, steep, scores[i : i + 1], 1)[0]) for i in (0, 127, 128, 129)] == [
        -128,
        -128,
        0,
        127,
    ]
