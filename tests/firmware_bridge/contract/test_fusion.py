"""The fusion head against a loop in plain integers, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.base.errors import BundleInvalid, InvalidSetting
from firmware_bridge.contract.fusion import FusionHead

INT32_MAX = 2**31 - 1
INT8 = st.integers(-128, 127)


def slow(head: FusionHead, scores: list[int]) -> list[int]:
    """The formula of the module's first lines, one Python integer at a time; 32 bits must suffice."""
    fused = []
    for row, bias in zip(head.weight.tolist(), head.bias.tolist(), strict=True):
        total = bias
        for weight, score, zero in zip(row, scores, head.zero_point.tolist(), strict=True):
            total += weight * (score - zero)
            assert abs(total) <= INT32_MAX
        total += 2 ** (head.shift - 1)
        assert abs(total) <= INT32_MAX
        fused.append(max(-128, min(127, total // 2**head.shift)))
    return fused


@st.composite
def heads(draw: st.DrawFn) -> tuple[FusionHead, list[list[int]]]:
    """A head that the class accepts, with a few score vectors."""
    classes, inputs = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    row = st.lists(st.integers(-32767, 32767), min_size=inputs, max_size=inputs)
    weight = draw(st.lists(row, min_size=classes, max_size=classes))
    bias = draw(st.lists(st.integers(-(2**29), 2**29), min_size=classes, max_size=classes))
    zero = draw(st.lists(INT8, min_size=inputs, max_size=inputs))
    scores = draw(st.lists(st.lists(INT8, min_size=inputs, max_size=inputs), min_size=1, max_size=3))
    return head(weight, bias, zero, draw(st.integers(1, 24))), scores


def head(weight: Any, bias: Any, zero: Any, shift: int = 8, scale: float = 0.5) -> FusionHead:
    weight, bias, zero = (np.array(values, np.int32) for values in (weight, bias, zero))
    return FusionHead(weight=weight, bias=bias, zero_point=zero, shift=shift, output_scale=scale)


@given(heads())
@settings(max_examples=200, deadline=None)
def test_equals_the_slow_loop_and_never_leaves_32_bits(case: tuple[FusionHead, list[list[int]]]) -> None:
    made, scores = case
    found = made.apply(np.array(scores, np.int8))
    assert found.dtype == np.int8
    assert found.tolist() == [slow(made, one) for one in scores]


def test_by_hand() -> None:
    """3*(10-2) - 5*(-4-0) + 7 = 51; (51 + 8) >> 4 = 3. Halves go up: (-8 + 8) >> 4 = 0; (8 + 8) >> 4 = 1."""
    made = head([[3, -5], [0, 0], [0, 0]], [7, -8, 8], [2, 0], shift=4)
    assert made.apply(np.array([10, -4], np.int8)).tolist() == [3, 0, 1]


def test_results_saturate_at_both_ends() -> None:
    made = head([[1000], [-1000]], [0, 0], [0], shift=1)
    assert made.apply(np.array([127], np.int8)).tolist() == [127, -128]


def test_batches_keep_their_leading_axes(rng: np.random.Generator) -> None:
    made = head(rng.integers(-999, 999, (3, 4)), [1, 2, 3], [0, 1, 2, 3])
    scores = rng.integers(-128, 128, (2, 5, 4)).astype(np.int8)
    found = made.apply(scores)
    assert found.shape == (2, 5, 3)
    assert np.array_equal(found[1, 3], made.apply(scores[1, 3]))


LOWEST = -(2**31)


@pytest.mark.parametrize(
    ("weight", "bias", "zero", "shift", "words"),
    [
        ([[1, 2]], [0], [0], 8, "does not fit together"),
        ([[1, 2]], [0, 0], [0, 0], 8, "does not fit together"),
        ([1, 2], [0], [0, 0], 8, "does not fit together"),
        ([[1]], [0], [0], 0, "shift 0"),
        ([[1]], [0], [0], 25, "shift 25"),
        ([[32768]], [0], [0], 8, "out of range"),
        ([[-32768]], [0], [0], 8, "out of range"),
        ([[LOWEST]], [0], [0], 8, "out of range"),
        ([[1]], [2**31 - 200], [0], 8, "overflow"),
        ([[0]], [LOWEST], [0], 1, "overflow"),
        ([[32767] * 300], [0], [0] * 300, 8, "overflow"),
        ([[1]], [0], [128], 8, "zero point"),
        ([[1]], [0], [-129], 8, "zero point"),
    ],
)
def test_what_could_go_wrong_in_32_bits_is_refused(
    weight: Any, bias: Any, zero: Any, shift: int, words: str
) -> None:
    with pytest.raises(BundleInvalid, match=words):
        head(weight, bias, zero, shift)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_an_output_scale_that_means_nothing_is_refused(scale: float) -> None:
    with pytest.raises(BundleInvalid, match="output scale"):
        head([[1]], [0], [0], scale=scale)


@pytest.mark.parametrize("size", [1e-3, 1.0, 40.0])
def test_from_float_follows_the_float_layer(rng: np.random.Generator, size: float) -> None:
    """Within half a step for rounding, and a little for the 15-bit weights."""
    classes, inputs = 8, 12
    weight, bias = size * rng.normal(size=(classes, inputs)), size * rng.normal(size=classes)
    scales = np.repeat([0.11, 1 / 256], (8, 4))
    zeros = np.repeat([-3, -128], (8, 4)).astype(np.int32)
    scores = rng.integers(-128, 128, (500, inputs)).astype(np.int8)
    exact = ((scores - zeros) * scales) @ weight.T + bias
    made = FusionHead.from_float(weight, bias, scales, zeros, float(np.abs(exact).max()))
    found = made.apply(scores) * made.output_scale
    assert np.abs(found - exact).max() < 0.6 * made.output_scale
    assert made.output_scale == pytest.approx(np.abs(exact).max() / 127)


def test_from_float_uses_the_bits_that_it_has() -> None:
    """The largest weight comes within a factor of two of the 16-bit limit, unless the shift ends first."""
    made = FusionHead.from_float(
        np.array([[0.3, -0.1]]), np.zeros(1), np.ones(2), np.zeros(2, np.int32), 127.0
    )
    assert 32767 / 2 < np.abs(made.weight).max() <= 32767
    none = FusionHead.from_float(np.zeros((1, 2)), np.zeros(1), np.ones(2), np.zeros(2, np.int32), 1.0)
    assert none.shift == 24
    assert not none.weight.any()


def test_a_large_bias_lowers_the_shift_instead_of_overflowing() -> None:
    made = FusionHead.from_float(
        np.array([[1e-4]]), np.array([50.0]), np.ones(1), np.zeros(1, np.int32), 127.0
    )
    assert made.apply(np.array([0], np.int8)).tolist() == [50]
    larger = FusionHead.from_float(
        np.array([[-1e-4]]), np.array([300.0]), np.ones(1), np.zeros(1, np.int32), 127.0
    )
    assert larger.shift == 20  # 300 * 2^20 is the last below 2^29
    assert larger.apply(np.array([0], np.int8)).tolist() == [127]


@pytest.mark.parametrize(
    ("weight", "bias", "scale", "largest"),
    [
        (np.nan, 0.0, 1.0, 1.0),
        (1.0, np.inf, 1.0, 1.0),
        (1.0, 0.0, np.nan, 1.0),
        (1.0, 0.0, 1.0, 0.0),
        (1.0, 0.0, 1.0, np.nan),
    ],
)
def test_from_float_refuses_what_is_not_finite(
    weight: float, bias: float, scale: float, largest: float
) -> None:
    with pytest.raises(InvalidSetting, match="finite weights"):
        FusionHead.from_float(
            np.full((1, 1), weight), np.full(1, bias), np.full(1, scale), np.zeros(1, np.int32), largest
        )


def test_survives_json(rng: np.random.Generator) -> None:
    import json

    made = head(rng.integers(-999, 999, (3, 4)), [1, 2, 3], [0, 1, 2, 3], shift=7, scale=0.1)
    again = FusionHead.model_validate(json.loads(json.dumps(made.model_dump(mode="json"))))
    assert again == made
    assert again != head([[1]], [0], [0])
    scores = rng.integers(-128, 128, (9, 4)).astype(np.int8)
    assert np.array_equal(again.apply(scores), made.apply(scores))


@pytest.mark.parametrize(
    "change",
    [
        {"weight": [["a"]]},
        {"bias": None},
        {"shift": "much"},
        {"weight": [[2**40]]},
        {"weight": [[1], [1, 2]]},
        {"output_scale": []},
    ],
)
def test_damaged_json_is_refused(change: dict[str, Any]) -> None:
    good = head([[1]], [0], [0]).model_dump(mode="json")
    with pytest.raises(BundleInvalid):
        FusionHead.model_validate({**good, **change})


@pytest.mark.parametrize("key", ["weight", "bias", "zero_point", "shift", "output_scale"])
def test_a_missing_key_is_refused(key: str) -> None:
    data = head([[1]], [0], [0]).model_dump(mode="json")
    del data[key]
    with pytest.raises(BundleInvalid, match=key):
        FusionHead.model_validate(data)
