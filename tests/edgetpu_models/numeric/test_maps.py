"""Sliding windows against four nested loops, for every stride, dilation, padding and kernel."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edgetpu_models.format.model import Operator
from edgetpu_models.numeric.maps import Array, convolve, pooled


def operator(kind: str, **settings: int) -> Operator:
    return Operator(0, kind, 1, (0, 1), (2,), dict(settings))


def border(size: int, taps: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Return (outputs, zeros before) along one side, as TFLite defines SAME and VALID."""
    reach = (taps - 1) * dilation + 1
    if padding == "VALID":
        return (size - reach) // stride + 1, 0
    outputs = -(-size // stride)
    return outputs, max(0, (outputs - 1) * stride + reach - size) // 2


def by_loops(data: Array, kernel: Array, stride: int, dilation: int, padding: str, depthwise: bool) -> Array:
    _, height, width, _ = data.shape
    taps = kernel.shape[1], kernel.shape[2]
    rows, top = border(height, taps[0], stride, dilation, padding)
    columns, left = border(width, taps[1], stride, dilation, padding)
    outputs = kernel.shape[3] if depthwise else kernel.shape[0]
    found = np.zeros((1, rows, columns, outputs), np.int64)
    for y, x, ky, kx in product(range(rows), range(columns), range(taps[0]), range(taps[1])):
        at = y * stride + ky * dilation - top, x * stride + kx * dilation - left
        if not (0 <= at[0] < height and 0 <= at[1] < width):
            continue
        values = data[0, at[0], at[1]]
        for o in range(outputs):
            if depthwise:
                found[0, y, x, o] += values[o * data.shape[3] // outputs] * kernel[0, ky, kx, o]
            else:
                found[0, y, x, o] += int((values * kernel[o, ky, kx]).sum())
    return found


CASES = [
    (stride, dilation, padding, taps)
    for stride, dilation in ((1, 1), (2, 1), (3, 1), (1, 2))
    for padding in ("SAME", "VALID")
    for taps in ((1, 1), (3, 3), (2, 3), (5, 1))
]


@pytest.mark.parametrize(("stride", "dilation", "padding", "taps"), CASES)
def test_a_convolution_is_four_loops(stride: int, dilation: int, padding: str, taps: tuple[int, int]) -> None:
    rng = np.random.default_rng(stride * 10 + dilation)
    data, kernel = rng.integers(-255, 256, (1, 11, 9, 3)), rng.integers(-128, 128, (4, *taps, 3))
    wanted = by_loops(data, kernel, stride, dilation, padding, depthwise=False)
    op = operator("CONV_2D", stride_h=stride, stride_w=stride, dilation_h=dilation, dilation_w=dilation)
    found = convolve(op, data.astype(np.float64), kernel.astype(np.float64), wanted.shape)
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(("stride", "dilation", "padding", "taps"), CASES)
@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_depthwise_convolution_is_four_loops(
    stride: int, dilation: int, padding: str, taps: tuple[int, int], multiplier: int
) -> None:
    rng = np.random.default_rng(stride * 10 + dilation)
    data, kernel = rng.integers(-255, 256, (1, 11, 9, 3)), rng.integers(-128, 128, (1, *taps, 3 * multiplier))
    wanted = by_loops(data, kernel, stride, dilation, padding, depthwise=True)
    op = operator(
        "DEPTHWISE_CONV_2D", stride_h=stride, stride_w=stride, dilation_h=dilation, dilation_w=dilation
    )
    found = convolve(op, data.astype(np.float64), kernel.astype(np.float64), wanted.shape)
    assert np.array_equal(found, wanted)


def test_unequal_strides_go_each_along_its_side() -> None:
    data = np.arange(24, dtype=np.float64).reshape(1, 4, 6, 1)
    op = operator("CONV_2D", stride_h=2, stride_w=3)
    found = convolve(op, data, np.ones((1, 1, 1, 1)), (1, 2, 2, 1))
    assert found.ravel().tolist() == [0, 3, 12, 15]


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_maximum_never_takes_its_border(padding: str) -> None:
    data = -np.arange(1, 26, dtype=np.float64).reshape(1, 5, 5, 1)  # all below the zeros of a careless border
    rows, _ = border(5, 3, 2, 1, padding)
    op = operator("MAX_POOL_2D", filter_h=3, filter_w=3, stride_h=2, stride_w=2)
    found = pooled(op, data, (1, rows, rows, 1), np.max)
    for y, x in product(range(rows), range(rows)):
        top = border(5, 3, 2, 1, padding)[1]
        part = data[0, max(0, 2 * y - top) : 2 * y - top + 3, max(0, 2 * x - top) : 2 * x - top + 3, 0]
        assert found[0, y, x, 0] == part.max()


def test_a_sum_over_a_window_is_exact_for_large_maps() -> None:
    data = np.full((1, 64, 64, 2), 255.0)
    op = operator("AVERAGE_POOL_2D", filter_h=64, filter_w=64, stride_h=1, stride_w=1)
    assert pooled(op, data, (1, 1, 1, 2), np.sum).ravel().tolist() == [255 * 4096] * 2
