"""How the compiler lays out the parameters of one layer.

Found by taking real compiled models apart: weights, biases and scales are re-laid into rows of 64 bytes, 16
outputs by 4 inputs. Every function here describes one kind of layer; its docstring is the documentation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgetpu_models.format.model import Operator, SubGraph, Tensor

ROW = 64  # bytes; a layer is rounded up to it


def up(value: int, multiple: int) -> int:
    """Return `value` rounded up to a multiple."""
    return -(-value // multiple) * multiple


@dataclass(frozen=True)
class Stored:
    """The parameters of one layer as the chip holds them.

    Attributes:
        outputs: Output channels.
        lanes: Channels that the file reserves room for.
        lane_bytes: Bytes of one channel: weights, bias, zero point, scale.
        block: Channels that stay together in one tile of the chip.
        cacheable: Whether they may stay on the chip; constants of element-wise operations never do.
    """

    outputs: int
    lanes: int
    lane_bytes: int
    block: int = 16
    cacheable: bool = True

    @property
    def file_bytes(self) -> int:
        """Bytes in the compiled file."""
        return up(self.lanes * self.lane_bytes, ROW)


NOTHING = Stored(0, 0, 0)


def table(size: int) -> Stored:
    """Return a table that has no output channels."""
    return Stored(16, 16, up(size, ROW) // 16) if size else NOTHING


def lanes(outputs: int) -> int:
    """Return the lanes of a convolution: 4 for up to 4 outputs, then steps of 16, above 64 steps of 64."""
    return 4 if outputs <= 4 else dense_lanes(outputs)


def dense_lanes(outputs: int) -> int:
    """Return the lanes of a fully connected layer: steps of 16, above 64 steps of 64."""
    return up(outputs, 16 if outputs <= 64 else 64)


def overhead(weights: Tensor, bias: Tensor | None, activation: Tensor, old: bool) -> int:
    """Return bytes per output beside its weights.

    Args:
        weights: Per-channel quantisation adds a zero point, differing scales add the scale.
        bias: int32 bias or nothing; an int8 network drops one that is zero everywhere.
        activation: The input; uint8 networks keep the bias even when it is zero.
        old: Builds of 2019/20 keep it for int8 too.
    """
    some = bias is not None and bias.data is not None
    some = some and (old or bool(np.frombuffer(bias.data, np.uint8).any()))  # type: ignore[union-attr,arg-type]
    size = 4 if some or activation.type == "UINT8" else 0
    if weights.quantization.per_channel:
        size += 4 + 4 * (len(set(weights.quantization.scales)) > 1)
    return size


def conv(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """Kh * kw * up4(inputs) bytes and the overhead, for each of lanes(outputs) outputs."""
    data, weights, bias = _three(graph, op)
    outputs, height, width, inputs = weights.shape
    size = height * width * up(inputs, 4) + overhead(weights, bias, data, old)
    return Stored(outputs, lanes(outputs), size)


def depthwise(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """Kh * kw * 4 bytes and the overhead, for each channel; on one input channel it is a convolution."""
    data, weights, bias = _three(graph, op)
    _, height, width, channels = weights.shape
    size = height * width * 4 + overhead(weights, bias, data, old)
    single = data.shape[-1] == 1 and channels > 1
    return Stored(channels, lanes(channels) if single else up(channels, 4), size)


def dense(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """up4(inputs) bytes and the overhead per output; a map of y, x, z pads z to 4 at each place.

    On the chip, old builds spread the outputs over all tiles: they count as a multiple of 1,024.
    """
    data, weights, bias = _three(graph, op)
    outputs, inputs = weights.shape
    z = data.shape[-1]
    is_map = len(data.shape) == 4 and z > 0 and inputs % z == 0
    rows = inputs // z * up(z, 4) if is_map else up(inputs, 4)
    spread = up(outputs, 1024) if old else outputs
    return Stored(spread, dense_lanes(outputs), rows + overhead(weights, bias, data, old), block=64)


def softmax(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """A table: 192 bytes when the length is a multiple of 16, else 48 * up4(length)."""
    length = graph.outs(op)[0].shape[-1]
    return table(192 if length % 16 == 0 else 48 * up(length, 4))


def constant(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """A constant operand, sent again on each inference: 16 * up4(z) bytes for one value per channel.

    A whole map takes one byte per element; a single element is folded into the scaling.
    """
    size = 0
    for tensor in graph.constants(op):
        if tensor.elements > 1:
            single = math.prod(tensor.shape[:-1]) == 1
            size += up(16 * up(tensor.shape[-1], 4) if single else tensor.elements, ROW)
    return Stored(16, 16, size // 16, cacheable=False) if size else NOTHING


def pad(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """Padding along z: a 1x1 convolution with a 0/1 matrix, L * up4(z before) bytes; 4 more per lane in old builds."""
    data, out = graph.ins(op)[0], graph.outs(op)[0]
    if data is None or not data.shape or data.shape[-1] == out.shape[-1]:
        return NOTHING
    return Stored(out.shape[-1], lanes(out.shape[-1]), up(data.shape[-1], 4) + 4 * old)


def reshape(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """Flattening a map whose z is not a multiple of 4: a 0/1 matrix that closes the gaps.

    64 bytes for a single place; 64 * (places, at most 16) + 64 for one channel. What the host sends has no gaps.
    Other channel counts are not known; one is known to have cost 2.1 MB.
    """
    data, out = graph.ins(op)[0], graph.outs(op)[0]
    if data is None or len(data.shape) != 4 or len(out.shape) > 2 or data.shape[3] % 4 == 0:
        return NOTHING
    places, z = data.shape[1] * data.shape[2], data.shape[3]
    if places == 1:
        return table(ROW if z > 1 else 0)
    return table(ROW * min(16, places) + ROW if z == 1 and not _from_host(graph, data) else 0)


def regroup(graph: SubGraph, op: Operator, old: bool) -> Stored:
    """Joining or splitting maps along z, a part not a multiple of 4: a 0/1 matrix of 64 bytes."""
    maps = [t for t in [*graph.activations(op), *graph.outs(op)] if len(t.shape) == 4]
    parts = {t.shape[3] for t in maps}
    return table(ROW if len(maps) > 2 and len(parts) > 1 and any(z % 4 for z in parts) else 0)


def _from_host(graph: SubGraph, tensor: Tensor) -> bool:
    """Whether a tensor is an input of the model, or an input whose type was changed."""
    producer = graph.producers.get(tensor.index)
    if producer is None:
        return True
    op = graph.operators[producer]
    return op.op == "QUANTIZE" and op.inputs[0] in graph.inputs


def _three(graph: SubGraph, op: Operator) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return (data, weights, bias); the partition lets no layer through that lacks the first two."""
    ins = graph.ins(op)
    if ins[0] is None or ins[1] is None:
        raise ValueError(f"operation {op.index} has no weights")
    return ins[0], ins[1], ins[2] if len(ins) > 2 else None
