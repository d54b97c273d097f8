"""Rules about what flows between operations: types, shapes, scales."""

from __future__ import annotations

import math

from edgetpu_models.format.model import Operator, SubGraph, Tensor
from edgetpu_models.rules.base import DATA_TYPE, MAPPED, NOT_CONSTANT, RANK, Effect, Ground, rule
from edgetpu_models.rules.support import ARGUMENTS

BYTES = ("INT8", "UINT8")
_BORDER = ("QUANTIZE", "DEQUANTIZE", "CAST")


def _flow(graph: SubGraph, op: Operator) -> list[Tensor]:
    return [*graph.activations(op), *graph.outs(op)]


def _say(tensor: Tensor) -> str:
    return f"{tensor.name[:48] or tensor.index} is {tensor.type} {list(tensor.shape)}"


@rule(
    "float-border",
    ops=_BORDER,
    effect=Effect.BORDER,
    ground=Ground.SEEN,
    remedy="convert with inference_input_type and inference_output_type int8 and do the scaling yourself",
)
def float_border(graph: SubGraph, op: Operator) -> str | None:
    """QUANTIZE, DEQUANTIZE and CAST with a float side always stay on the CPU.

    At the input or output they break nothing, but they cost time on the M7.
    """
    other = next((t for t in _flow(graph, op) if t.type not in BYTES), None)
    return _say(other) if other is not None else None


@rule(
    "data-type",
    remedy="convert with full-integer quantisation (int8 only, a representative data set, no fallback to float)",
    status=DATA_TYPE,
)
def data_type(graph: SubGraph, op: Operator) -> str | None:
    """Every activation must be int8 or uint8; float, int16, int32 and int64 run on the CPU.

    Only the cell state of an LSTM may be int16.
    """
    if op.op in _BORDER:
        return None
    allowed = (*BYTES, "INT16") if "LSTM" in op.op else BYTES
    other = next((t for t in _flow(graph, op) if t.type not in allowed), None)
    return _say(other) if other is not None else None


@rule(
    "bad-scale",
    effect=Effect.BREAKS,
    ground=Ground.DOCUMENT,
    remedy="a layer whose output never varied in calibration has scale 0: feed realistic calibration data",
    status="Internal compiler error. Aborting!",
)
def bad_scale(graph: SubGraph, op: Operator) -> str | None:
    """Scales must be positive and finite; a zero or infinite one ends in an internal compiler error."""
    for tensor in [*_flow(graph, op), *graph.constants(op)]:
        for scale in tensor.quantization.scales:
            if not (math.isfinite(scale) and scale > 0):
                return f"{_say(tensor)} with scale {scale}"
    return None


@rule(
    "no-scale",
    remedy="the converter left this tensor without quantisation: give it calibration data",
    status=DATA_TYPE,
)
def no_scale(graph: SubGraph, op: Operator) -> str | None:
    """An 8-bit activation without a scale cannot be computed with."""
    lacking = (t for t in _flow(graph, op) if t.type in BYTES and not t.quantization.scales)
    other = next(lacking, None)
    return _say(other) if other is not None else None


@rule(
    "dynamic-shape",
    effect=Effect.BREAKS,
    remedy="fix every dimension before converting",
    status="Model failed in Tflite interpreter",
)
def dynamic_shape(graph: SubGraph, op: Operator) -> str | None:
    """All shapes but the batch must be constant; an open dimension (-1 in the signature) is refused."""
    other = next((t for t in _flow(graph, op) if any(d < 0 for d in t.signature[1:])), None)
    return f"{_say(other)}, signature {list(other.signature)}" if other is not None else None


@rule(
    "dynamic-batch",
    effect=Effect.CARE,
    ground=Ground.SEEN,
    remedy="batch_size=1 in the input layer",
    status=MAPPED,
)
def dynamic_batch(graph: SubGraph, op: Operator) -> str | None:
    """An open batch dimension is taken as 1 (10 models seen); say so in the model, other tools may refuse it."""
    first = next((t for t in graph.activations(op) if t.signature[:1] == (-1,)), None)
    return (
        f"{_say(first)}, signature {list(first.signature)}" if first and first.index in graph.inputs else None
    )


@rule("batch", remedy="convert with batch size 1", status=RANK)
def batch(graph: SubGraph, op: Operator) -> str | None:
    """The batch (the first of four dimensions) must be 1; native batches need runtime 11 and were never seen."""
    other = next((t for t in _flow(graph, op) if len(t.shape) == 4 and t.shape[0] != 1), None)
    return _say(other) if other is not None else None


@rule("rank", remedy="keep at most three dimensions above 1; fold others into y, x or z", status=RANK)
def rank(graph: SubGraph, op: Operator) -> str | None:
    """Only the three innermost dimensions (y, x, z) may differ from 1."""
    other = next((t for t in _flow(graph, op) if any(d != 1 for d in t.shape[:-3][1:])), None)
    if other is None:
        other = next((t for t in _flow(graph, op) if len(t.shape) > 4 and t.shape[0] != 1), None)
    return _say(other) if other is not None else None


@rule(
    "empty",
    remedy="a dimension of 0 has nothing to compute: look at the slice or split before it",
    status=RANK,
)
def empty(graph: SubGraph, op: Operator) -> str | None:
    """No dimension may be 0; an empty map has nothing to compute."""
    other = next((t for t in _flow(graph, op) if 0 in t.shape), None)
    return _say(other) if other is not None else None


@rule(
    "not-constant",
    ops=tuple(ARGUMENTS),
    remedy="weights must be constants: a product of two activations is not possible, use a gate (MUL) instead",
    status=NOT_CONSTANT,
)
def not_constant(graph: SubGraph, op: Operator) -> str | None:
    """Weights, biases, axes, paddings and sizes must be stored in the file, not computed."""
    ins = graph.ins(op)
    for place in ARGUMENTS[op.op]:
        tensor = ins[place] if place < len(ins) else None
        if tensor is not None and not tensor.constant and tensor.elements:
            return f"input {place}: {_say(tensor)}"
    return None
