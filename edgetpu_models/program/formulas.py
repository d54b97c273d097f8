"""What the records of an operation must say, from the scales and zero points of its tensors.

Each formula has a tag; the same tag on a retrained network gives the constants that its record must hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgetpu_models.format.model import Operator, SubGraph, Tensor
from edgetpu_models.program.constants import (
    INFINITE,
    F,
    Requant,
    bounds,
    chip_zero,
    inverse,
    product,
    rational,
    step,
)
from edgetpu_models.program.layers import WEIGHTED

EXP_RANGE = -13.038098335266113  # where the chip's exponential of a softmax ends
SIGMOID_RANGE = 10.396732330322266  # and its sigmoid
_RESULT = 1.1921416387394856e-07  # 256 / (65535 * 32768), float32
_TABLE = 1.5259021893143654e-05  # 1 / 65535, float32
MOVED = Requant(1.0, INFINITE, -INFINITE)  # data that is only moved


@dataclass(frozen=True)
class Expected:
    """A record that an operation may have.

    Attributes:
        tag: Which formula.
        requant: Its constants.
        required: Whether a compiled file of this operation must have it.
        weight_zero: What the record's field "weight zero point" holds (weights; the input of means and maxima).
        input_zero: What its field "input zero point" holds. Either field may be 0 instead.
    """

    tag: str
    requant: Requant
    required: bool = False
    weight_zero: int | None = None
    input_zero: int | None = None


def expected(graph: SubGraph, op: Operator) -> Iterator[Expected]:
    """Yield what is known about the records of an operation; nothing for operations that are not understood."""
    data, out = graph.data_in(op), graph.outs(op)[0]
    if data is None or not _eight_bits(data) or not _eight_bits(out):
        return
    kinds = {
        **dict.fromkeys(WEIGHTED, _weighted),
        "QUANTIZE": _rescaled,
        "CONCATENATION": _rescaled,
        "AVERAGE_POOL_2D": _averaged,
        "MEAN": _averaged,
        "MAX_POOL_2D": _largest,
        "ADD": _added,
        "MUL": _multiplied,
        "SOFTMAX": _softmax,
        "LOGISTIC": _logistic,
    }
    if op.op in kinds:
        yield from kinds[op.op](graph, op, data, out)


def _eight_bits(tensor: Tensor) -> bool:
    return tensor.type in ("INT8", "UINT8") and bool(tensor.quantization.scales)


def _bounds(op: Operator, out: Tensor) -> tuple[float, float]:
    return bounds(step(out), chip_zero(out), str(op.options.get("activation", "NONE")))


def _weighted(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """Convolutions and dense layers: m = (x * w) * (1 / y), or 1 where the scales stand beside the weights."""
    weights = graph.ins(op)[1]
    if weights is None or not weights.quantization.scales:
        return
    differ = len(set(weights.quantization.scales)) > 1
    m = 1.0 if differ else product(step(data), step(weights), step(out))
    hi, lo = _bounds(op, out)
    zero = weights.quantization.zero_point + (128 if weights.type == "INT8" else 0)
    yield Expected("weighted", Requant(m, hi, lo, 0, chip_zero(out)), True, zero, chip_zero(data))


def _rescaled(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """Another scale for the same values: m = x * (1 / y), one record per input."""
    hi, lo = _bounds(op, out)
    for number, tensor in enumerate(graph.activations(op)):
        if _eight_bits(tensor):
            m = float(F(step(tensor) * inverse(step(out))))
            yield Expected(
                f"rescaled {number}", Requant(m, hi, lo, 0, chip_zero(out)), False, None, chip_zero(tensor)
            )


def mean_taps(op: Operator, graph: SubGraph) -> int:
    """Return over how many values a mean goes, 0 for an operation that is none."""
    if op.op == "MEAN":
        data, out = graph.data_in(op), graph.outs(op)[0]
        return max(1, data.elements // max(1, out.elements)) if data is not None else 0
    return op.number("filter_w") * op.number("filter_h") if op.op == "AVERAGE_POOL_2D" else 0


def _averaged(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """Means: m = (x * (1 / taps)) * (1 / y), with bounds or without (both occur)."""
    taps = mean_taps(op, graph)
    if taps < 1:
        return
    m = float(F(F(step(data) * F(1 / taps)) * inverse(step(out))))
    hi, lo = _bounds(op, out)
    yield Expected("averaged", Requant(m, hi, lo, 0, chip_zero(out)), False, chip_zero(data))
    unbounded = Requant(m, INFINITE, -INFINITE, 0, chip_zero(out))
    yield Expected("averaged, unbounded", unbounded, False, chip_zero(data))


def _largest(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """Maxima: m = 1, no bounds, x = -zero point; or a change of scale that changes nothing."""
    zero = chip_zero(out)
    yield Expected("largest", Requant(1.0, INFINITE, -INFINITE, -chip_zero(data), zero))
    hi, lo = bounds(step(out), zero)
    yield Expected("largest, rescaled", Requant(float(F(step(data) * inverse(step(out)))), hi, lo, 0, zero))


def _added(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """Sums: the scales' ratio becomes k1 / k2; m = (s1 / k1) * (1 / y), x = -(z1 * k1 + z2 * k2)."""
    parts = graph.activations(op)
    if len(parts) != 2 or not all(_eight_bits(t) for t in parts):
        return
    (s1, s2), (z1, z2) = (step(t) for t in parts), (chip_zero(t) for t in parts)
    k1, k2 = rational(float(s1), float(s2))
    if not k1 or not k2:
        return
    hi, lo = _bounds(op, out)
    m = float(F(F(float(s1) / k1) * inverse(step(out))))
    yield Expected("added", Requant(m, hi, lo, -(z1 * k1 + z2 * k2), chip_zero(out)))


def _multiplied(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """Products: m = (s1 * s2) * (1 / y)."""
    parts = [t for t in graph.ins(op) if t is not None]
    if len(parts) == 2 and all(_eight_bits(t) for t in parts):
        hi, lo = _bounds(op, out)
        m = product(step(parts[0]), step(parts[1]), step(out))
        zeros = (chip_zero(parts[0]), chip_zero(parts[1]))
        yield Expected("multiplied", Requant(m, hi, lo, 0, chip_zero(out)), False, *zeros)


def _softmax(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """A softmax's own records: its input scale, ranges of the input, and constants of its tables."""
    zero = chip_zero(data)
    hi, lo = bounds(step(data), zero)
    far_hi, far_lo = bounds(step(data), 255)
    yield Expected("softmax exponent", Requant(float(step(data)), 0.0, EXP_RANGE))
    yield Expected("softmax exponent, scaled before", Requant(1.0, 0.0, EXP_RANGE))
    yield Expected("softmax distance", Requant(1.0, far_hi, far_lo, 0, 255))
    yield Expected("softmax largest", Requant(1.0, hi, lo, -zero, zero), False, zero)
    yield Expected("softmax input", Requant(1.0, hi, lo, 0, zero), False, None, zero)
    yield Expected("softmax table", Requant(_TABLE, INFINITE, -INFINITE))
    yield Expected("softmax table", Requant(_TABLE, 32768.0, 0.0))
    yield Expected("softmax result", Requant(_RESULT, 255.0, 0.0, 0, chip_zero(out)))


def _logistic(graph: SubGraph, op: Operator, data: Tensor, out: Tensor) -> Iterator[Expected]:
    """A sigmoid's own record: its input scale, between the ends of its table."""
    yield Expected(
        "sigmoid", Requant(float(step(data)), SIGMOID_RANGE, -SIGMOID_RANGE), False, None, chip_zero(data)
    )
