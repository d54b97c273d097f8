"""Sliding windows over maps [1, y, x, z] in exact integers, held as float64 so that matrix products are fast.

A product of two 8-bit numbers summed over any layer stays far below 2^53, so float64 is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edgetpu_models.format.model import Operator

Array = npt.NDArray[Any]


def _windows(
    op: Operator, data: Array, size: tuple[int, int], shape: tuple[int, ...], fill: float
) -> list[tuple[int, int, Array]]:
    """Return (row, column, part) for every kernel position; parts have the output's height and width."""
    stride_y, stride_x = op.number("stride_h", 1), op.number("stride_w", 1)
    step_y, step_x = op.number("dilation_h", 1), op.number("dilation_w", 1)
    rows, columns = shape[1:3]
    need_y = (rows - 1) * stride_y + (size[0] - 1) * step_y + 1
    need_x = (columns - 1) * stride_x + (size[1] - 1) * step_x + 1
    extra_y, extra_x = max(0, need_y - data.shape[1]), max(0, need_x - data.shape[2])
    top, left = extra_y // 2, extra_x // 2
    border = ((0, 0), (top, extra_y - top), (left, extra_x - left), (0, 0))
    padded = np.pad(data, border, constant_values=fill)
    parts = []
    for y in range(size[0]):
        for x in range(size[1]):
            some = padded[:, y * step_y : y * step_y + (rows - 1) * stride_y + 1 : stride_y]
            parts.append(
                (y, x, some[:, :, x * step_x : x * step_x + (columns - 1) * stride_x + 1 : stride_x])
            )
    return parts


def convolve(op: Operator, data: Array, kernel: Array, shape: tuple[int, ...]) -> Array:
    """Return accumulators float64[1, y, x, outputs] of CONV_2D or DEPTHWISE_CONV_2D; borders count as 0.

    Args:
        op: The operation.
        data: Values minus their zero point.
        kernel: [outputs, ky, kx, inputs], depthwise [1, ky, kx, outputs].
        shape: Of the output.
    """
    depthwise = op.op == "DEPTHWISE_CONV_2D"
    total = np.zeros((1, *shape[1:3], kernel.shape[3] if depthwise else kernel.shape[0]))
    for y, x, part in _windows(op, data, (kernel.shape[1], kernel.shape[2]), shape, 0.0):
        if depthwise:
            total += np.repeat(part, total.shape[-1] // part.shape[-1], axis=-1) * kernel[0, y, x]
        else:
            total += part @ kernel[:, y, x, :].T
    return total


def pooled(op: Operator, data: Array, shape: tuple[int, ...], how: Callable[..., Any]) -> Array:
    """Return a pooling over windows; the border of a maximum is as small as can be, of a sum 0."""
    size = op.number("filter_h", 1), op.number("filter_w", 1)
    fill = -np.inf if how is np.max else 0.0
    return np.asarray(how(np.stack([part for _, _, part in _windows(op, data, size, shape, fill)]), axis=0))
