"""An Edge TPU made of int8 semantics: every layer by itself, convolutions with a rounding of your choice.

It stands in for the chip when tools are tested: with the reference rounding it equals the reference kernels in
every tensor, and a wrong rounding can be planted in a single layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.numeric.executors import Array, Tensors, interpreter
from edgetpu_models.numeric.requantise import Rounding, scale
from edgetpu_models.numeric.single_op import single_op_model
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting

OWN = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


class LayerByLayer:
    """Runs a network layer by layer.

    Args:
        data: The int8 model.
        rounding: Operation index to rounding, for layers that are computed here instead of by TFLite.

    Raises:
        InvalidSetting: A rounding is asked of a layer that has no accumulator.
    """

    def __init__(self, data: bytes, rounding: Mapping[int, Rounding] | None = None) -> None:
        self.name = "simulated Edge TPU"
        self._graph: SubGraph = verify_model(data).main
        self._rounding = dict(rounding or {})
        valid = [op.index for op in self._graph.operators if op.op in OWN]
        wrong = [i for i in self._rounding if i not in valid]
        if wrong:
            raise InvalidSetting(f"operation {wrong[0]} is no convolution", f"use one of: {valid}")
        self._layers = {
            op.index: interpreter(single_op_model(data, op.index))
            for op in self._graph.operators
            if op.index not in self._rounding
        }

    def tensors(self, inputs: Sequence[Array]) -> Tensors:
        """Run once and return every computed tensor."""
        found: Tensors = dict(zip(self._graph.inputs, inputs, strict=True))
        for op in self._graph.operators:
            found.update(self._layer(op, found))
        return {t: found[t] for op in self._graph.operators for t in op.outputs}

    def _layer(self, op: Operator, known: Tensors) -> Tensors:
        rounding = self._rounding.get(op.index)
        if rounding is not None:
            data = known[op.inputs[0]]
            return {op.outputs[0]: compute(self._graph, op, data, rounding)}
        layer = self._layers[op.index]
        details = layer.get_input_details()
        fed = [t for t in dict.fromkeys(op.inputs) if t in known]
        for detail, index in zip(details, fed, strict=True):
            layer.set_tensor(detail["index"], known[index])
        layer.invoke()
        results = [layer.get_tensor(d["index"]) for d in layer.get_output_details()]
        return dict(zip(op.outputs, results, strict=True))


def compute(graph: SubGraph, op: Operator, data: Array, rounding: Rounding) -> Array:
    """Compute a convolution or dense layer in exact integers.

    Args:
        graph: Its subgraph.
        op: `CONV_2D`, `DEPTHWISE_CONV_2D` or `FULLY_CONNECTED`.
        data: int8 input.
        rounding: How accumulators become 8 bits.

    Returns:
        int8 output of the shape that the model declares.
    """
    source, weights, bias = (*graph.ins(op), None)[:3]
    out = graph.outs(op)[0]
    if source is None or weights is None:
        raise InvalidSetting(f"operation {op.index} has no weights", "it cannot be computed alone")
    centred = data.astype(np.int64) - source.quantization.zero_point
    kernel = weights.values().astype(np.int64)
    if op.op == "FULLY_CONNECTED":
        total = centred.reshape(-1, kernel.shape[1]) @ kernel.T
    else:
        total = _convolve(op, centred, kernel, out.shape)
    if bias is not None:
        total = total + bias.values().astype(np.int64)
    channels = total.shape[-1]
    factors = np.float64(source.quantization.scale) * np.array(weights.quantization.scales, np.float64)
    real = np.broadcast_to(factors / np.float64(out.quantization.scale), (channels,))
    zero = out.quantization.zero_point
    result = scale(total, real, rounding) + zero
    low, high = _limits(str(op.options.get("activation", "NONE")), out.quantization.scale, zero)
    return np.clip(result, low, high).astype(np.int8).reshape(out.shape)


def _limits(activation: str, step: float, zero: int) -> tuple[int, int]:
    low, high = -128, 127
    if activation in ("RELU", "RELU6"):
        low = max(low, zero)
    if activation == "RELU6":
        high = min(high, zero + round(6 / step))
    if activation == "RELU_N1_TO_1":
        low, high = max(low, zero - round(1 / step)), min(high, zero + round(1 / step))
    return low, high


def _convolve(
    op: Operator, data: npt.NDArray[np.int64], kernel: npt.NDArray[np.int64], shape: tuple[int, ...]
) -> npt.NDArray[np.int64]:
    """Return accumulators int64[1, y, x, outputs]; padding is 0, which is the zero point."""
    _, rows, columns, outputs = shape
    stride_y, stride_x = op.number("stride_h", 1), op.number("stride_w", 1)
    step_y, step_x = op.number("dilation_h", 1), op.number("dilation_w", 1)
    height, width = kernel.shape[1:3]
    need_y = (rows - 1) * stride_y + (height - 1) * step_y + 1
    need_x = (columns - 1) * stride_x + (width - 1) * step_x + 1
    extra_y, extra_x = max(0, need_y - data.shape[1]), max(0, need_x - data.shape[2])
    top, left = extra_y // 2, extra_x // 2
    padded = np.pad(data, ((0, 0), (top, extra_y - top), (left, extra_x - left), (0, 0)))
    total = np.zeros((1, rows, columns, outputs), np.int64)
    for y in range(height):
        for x in range(width):
            y0, x0 = y * step_y, x * step_x
            part = padded[:, y0 : y0 + (rows - 1) * stride_y + 1 : stride_y]
            part = part[:, :, x0 : x0 + (columns - 1) * stride_x + 1 : stride_x]
            if op.op == "CONV_2D":
                total += part @ kernel[:, y, x, :].T
            else:
                total += np.repeat(part, outputs // part.shape[-1], axis=-1) * kernel[0, y, x]
    return total
