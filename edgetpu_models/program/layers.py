"""How the parameters of one layer are stored: the bytes that the compiler writes for given weights.

A layer is a sequence of groups of lanes, each `[scales f32][bias i32][zero points i32][weight rows]`; what a layer
does not have is absent in all its groups. Checked against real compiler output: docs/inside_a_compiled_model.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgetpu_models.cost.layout import dense_lanes, lanes, up
from edgetpu_models.format.model import Operator, SubGraph, Tensor
from edgetpu_models.program.constants import channel_scales, step

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
Kinds = npt.NDArray[Any]


@dataclass(frozen=True)
class Form:
    """The compiler's choices for a layer that its weights do not tell.

    Attributes:
        group: Blocks of 4 input channels that stay together inside one kernel position; 0 means all.
        keeps_bias: Whether an int8 bias of zeros is stored (old builds do).
        blank_padding: Whether padding lanes hold zeros instead of the weights' zero point.
    """

    group: int = 1
    keeps_bias: bool = False
    blank_padding: bool = False


@dataclass(frozen=True)
class Layer:
    """The parameters of one layer, ready to be laid out.

    Attributes:
        op: Index of the operation.
        kind: Its operation.
        weights: uint8[outputs, ky, kx, inputs] in the chip's form; depthwise: [1, ky, kx, channels].
        fill: Byte of a weight that is not there.
        bias: int32[outputs] or nothing.
        scales: float32[outputs] or nothing.
        zeros: Whether zero points are stored.
        lanes: Lanes in the file.
        diagonal: Depthwise storage.
        bias_is_zero: Whether the original's bias is missing or zero everywhere.
    """

    op: int
    kind: str
    weights: npt.NDArray[np.uint8]
    fill: int
    bias: npt.NDArray[np.int32]
    has_bias: bool
    scales: npt.NDArray[np.float32] | None
    zeros: bool
    lanes: int
    diagonal: bool
    bias_is_zero: bool


def layer_of(graph: SubGraph, op: Operator) -> Layer | None:
    """Return the stored layer of an operation, or nothing where its weights are not constant 8-bit numbers."""
    data, weights, bias = (*graph.ins(op), None, None)[:3]
    out = graph.outs(op)[0]
    if op.op not in WEIGHTED or data is None or weights is None or not weights.constant:
        return None
    if weights.type not in ("INT8", "UINT8") or out.type not in ("INT8", "UINT8") or data.type != out.type:
        return None
    if not (data.quantization.scales and out.quantization.scales and weights.quantization.scales):
        return None
    signed = weights.type == "INT8"
    values = np.asarray(weights.values()).view(np.uint8) ^ np.uint8(0x80 if signed else 0)
    values, depthwise = _shaped(op, values, data)
    outputs = values.shape[3] if depthwise else values.shape[0]
    numbers = np.zeros(outputs, np.int32)
    if bias is not None and bias.constant and bias.type == "INT32" and bias.elements == outputs:
        numbers = np.asarray(bias.values(), np.int32).reshape(-1)
    several = weights.quantization.per_channel
    differ = several and len(set(weights.quantization.scales)) > 1
    width = dense_lanes(outputs) if op.op == "FULLY_CONNECTED" else lanes(outputs)
    return Layer(
        op=op.index,
        kind=op.op,
        weights=np.ascontiguousarray(values),
        fill=(weights.quantization.zero_point + (128 if signed else 0)) & 0xFF,
        bias=numbers,
        has_bias=not signed or bool(numbers.any()),
        scales=channel_scales(step(data), weights, step(out)) if differ else None,
        zeros=several,
        lanes=up(outputs, 4) if depthwise else width,
        diagonal=depthwise,
        bias_is_zero=not numbers.any(),
    )


def _shaped(op: Operator, values: npt.NDArray[np.uint8], data: Tensor) -> tuple[npt.NDArray[np.uint8], bool]:
    """Return weights as [outputs, ky, kx, inputs] and whether they stay depthwise."""
    if op.op == "DEPTHWISE_CONV_2D":
        if data.shape[-1] == 1 and values.shape[3] > 1:
            return values.transpose(3, 1, 2, 0), False
        return values, True
    if op.op == "FULLY_CONNECTED":
        z = data.shape[-1]
        outputs, inputs = values.shape
        if len(data.shape) == 4 and z > 0 and inputs % z == 0:
            return values.reshape(outputs, inputs // z, 1, z), False
        return values.reshape(outputs, 1, 1, inputs), False
    return values, False


def lay_out(layer: Layer, form: Form) -> bytes:
    """Return the bytes of a layer, without the padding to 64."""
    parts = []
    width = 4 if layer.diagonal else 64
    for first in range(0, layer.lanes, width):
        size = min(width, layer.lanes - first)
        parts += _heads(layer, form, first, size)
        rows = _diagonal(layer, first) if layer.diagonal else _rows(layer, form, first, size)
        parts.append(rows.tobytes())
    return b"".join(parts)


def _heads(layer: Layer, form: Form, first: int, size: int) -> list[bytes]:
    """Scales, biases and zero points of one group."""
    outputs = len(layer.bias)
    near, here = up(outputs, 4), slice(first, min(first + size, outputs))
    count = max(0, here.stop - here.start)
    lane = np.arange(first, first + size)
    parts = []
    if layer.scales is not None:
        far = np.float32(1.0 if layer.lanes > 64 else 0.0)
        scales = np.where(lane < near, layer.scales[0], far).astype("<f4")
        scales[:count] = layer.scales[here]
        parts.append(scales.tobytes())
    if layer.has_bias or form.keeps_bias:
        bias = np.zeros(size, "<i4")
        bias[:count] = layer.bias[here]
        parts.append(bias.tobytes())
    if layer.zeros:
        parts.append(np.where(lane < near, 128, 0).astype("<i4").tobytes())
    return parts


def _rows(layer: Layer, form: Form, first: int, size: int) -> npt.NDArray[np.uint8]:
    """Weight rows [rows, lanes, 4] of one group; input channels are filled up to a multiple of 4."""
    outputs, height, width, inputs = layer.weights.shape
    blocks = up(inputs, 4) // 4
    some = layer.weights[first : first + size]
    full = np.zeros((size, height, width, blocks * 4), np.uint8)
    if not form.blank_padding:
        full[: max(0, up(outputs, 4) - first)] = layer.fill
    full[: len(some)] = layer.fill
    full[: len(some), ..., :inputs] = some
    cut = full.reshape(size, height, width, blocks, 4).transpose(3, 1, 2, 0, 4)
    group = form.group or blocks
    even = blocks // group * group
    whole = cut[:even].reshape(-1, group, height, width, size, 4).transpose(0, 2, 3, 1, 4, 5)
    rest = cut[even:].transpose(1, 2, 0, 3, 4)  # the last group may be smaller
    return np.concatenate([whole.reshape(-1), rest.reshape(-1)])


def _diagonal(layer: Layer, first: int) -> npt.NDArray[np.uint8]:
    """Depthwise weights [ky, kx, 4, 4]: a matrix with the weights on its diagonal."""
    _, height, width, channels = layer.weights.shape
    full = np.full((height, width, 4, 4), layer.fill, np.uint8)
    for lane in range(min(4, channels - first)):
        full[:, :, lane, lane] = layer.weights[0, :, :, first + lane]
    return full
