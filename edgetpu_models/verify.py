"""Is this file a model at all? Every `.tflite` passes here before anything else reads it.

The runtime does not check structure on the device, and crashes on damaged files; so the host does, always.
Structure (offsets, alignment, lengths, work limits) is checked while reading (`format.flatbuffer`); this module
checks meaning: indices, shapes against buffer lengths, scales, zero points, order of execution.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path

from edgetpu_models.format.model import Model, Operator, SubGraph, Tensor
from edgetpu_models.format.names import INTEGER_RANGES, TYPE_BITS
from edgetpu_models.format.ranks import rank_problem
from edgetpu_models.format.reader import load, parse
from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.base.progress import note

MAX_RANK = 8  # the runtime's own limit
MAX_DIMENSION = 2**31 - 1
MAX_TENSOR_BYTES = 2**31  # of one activation; the board has 64 MB in all

# Fewest and most inputs of operations whose arguments are read by position.
ARITY: dict[str, tuple[int, int]] = {
    "ADD": (2, 2),
    "AVERAGE_POOL_2D": (1, 1),
    "CONV_2D": (2, 3),
    "DEPTHWISE_CONV_2D": (2, 3),
    "FULLY_CONNECTED": (2, 3),
    "LOGISTIC": (1, 1),
    "MAX_POOL_2D": (1, 1),
    "MEAN": (2, 2),
    "MUL": (2, 2),
    "PAD": (2, 2),
    "PRELU": (2, 2),
    "QUANTIZE": (1, 1),
    "DEQUANTIZE": (1, 1),
    "RESHAPE": (1, 2),
    "RESIZE_BILINEAR": (2, 2),
    "SOFTMAX": (1, 1),
    "SPLIT": (2, 2),
    "SUB": (2, 2),
    "TRANSPOSE": (2, 2),
    "TRANSPOSE_CONV": (3, 4),
}


def verify_model(source: Path | str | bytes | memoryview) -> Model:
    """Read a model and check that it means something.

    Args:
        source: A path, or the file's bytes.

    Returns:
        The parsed model; nothing in it needs to be checked again.

    Raises:
        ModelInvalid: The first thing that is wrong, with the number of further ones.
    """
    model = parse(load(source))
    wrong = list(problems(model))
    for warning in warnings(model):
        _warn_once(warning)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ModelInvalid(
            f"invalid model: {wrong[0]}{more}",
            "convert it again; `undertone lint` explains what a converter can be told",
        )
    return model


def warnings(model: Model) -> Iterator[str]:
    """Yield what is out of order in a model and does no harm to reading it."""
    if model.unaligned:
        first = model.unaligned[0]
        yield (
            f"{len(model.unaligned)} lists of 8-byte numbers are not aligned to 8 bytes (the first at byte {first}); "
            "the real compiler takes such files, other readers may not"
        )


@functools.lru_cache(maxsize=64)
def _warn_once(warning: str) -> None:
    """Tell a warning; a file is read many times in one call, and saying it once is enough."""
    note(f"warning: {warning}")


def problems(model: Model) -> Iterator[str]:
    """Yield everything that makes a readable file an invalid model."""
    for graph in model.subgraphs:
        yield from structure_problems(graph)
        for tensor in graph.tensors:
            yield from quantization_problems(tensor)


def structure_problems(graph: SubGraph) -> Iterator[str]:
    """Yield what is wrong with indices, shapes and order; later steps rely on these being right."""
    yield from _index_problems(graph)
    for tensor in graph.tensors:
        yield from _shape_problems(tensor)


def readable(model: Model) -> Model:
    """Return the model if tools may walk through it, whatever its scales say (lint reports those).

    Raises:
        ModelInvalid: An index, a shape or the order of execution is wrong.
    """
    wrong = next((p for graph in model.subgraphs for p in structure_problems(graph)), None)
    if wrong:
        raise ModelInvalid(f"invalid model: {wrong}", "convert it again")
    return model


def _index_problems(graph: SubGraph) -> Iterator[str]:
    count = len(graph.tensors)
    for what, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for i in indices:
            if not 0 <= i < count:
                yield f"subgraph {what} {i} of {count} tensors"
                return
    known = {t.index for t in graph.tensors if t.constant or t.variable} | set(graph.inputs)
    for op in graph.operators:
        wrong = _operator_problem(op, count, known) or rank_problem(graph, op)
        if wrong:
            yield wrong
            return  # what follows would only repeat it
        known.update(op.outputs)
    missing = [i for i in graph.outputs if i not in known]
    if missing:
        yield f"subgraph output {missing[0]} is never computed"


def _operator_problem(op: Operator, count: int, known: set[int]) -> str | None:
    where = f"operation {op.index} ({op.op})"
    if any(not -1 <= i < count for i in op.inputs):
        return f"{where} reads a tensor that does not exist"
    if any(not 0 <= i < count for i in op.outputs):
        return f"{where} writes a tensor that does not exist"
    if not op.outputs:
        return f"{where} has no output"
    if any(i in known for i in op.outputs) or len(set(op.outputs)) < len(op.outputs):
        return f"{where} overwrites an input, a constant or an earlier result"
    if not op.custom:
        low, high = ARITY.get(op.op, (0, 2**31))
        if not low <= len(op.inputs) <= high or any(i < 0 for i in op.inputs[:low]):
            return f"{where} has {len(op.inputs)} inputs, {low} to {high} expected"
    unknown = next((i for i in op.inputs if i >= 0 and i not in known), None)
    return f"{where} reads tensor {unknown} before anything wrote it" if unknown is not None else None


def _shape_problems(tensor: Tensor) -> Iterator[str]:
    where = f"tensor {tensor.index} ({tensor.name[:60]})"
    if len(tensor.shape) > MAX_RANK:
        yield f"{where} has {len(tensor.shape)} dimensions, at most {MAX_RANK} are possible"
        return
    if any(d < 0 for d in tensor.shape):
        yield f"{where} has a negative dimension: {list(tensor.shape)}"
        return
    bits = TYPE_BITS.get(tensor.type)
    if bits is None:
        return  # strings and resources have no size that a shape could tell
    size = (math.prod(tensor.shape) * bits + 7) // 8  # Python integers do not overflow
    if tensor.data is None:
        if size > MAX_TENSOR_BYTES:
            yield f"{where} would need {size} bytes"
    elif not tensor.sparse and size != len(tensor.data):
        yield f"{where} of shape {list(tensor.shape)} needs {size} bytes, its buffer has {len(tensor.data)}"


def quantization_problems(tensor: Tensor) -> Iterator[str]:
    """Yield what is wrong with a tensor's scales and zero points."""
    q = tensor.quantization
    where = f"tensor {tensor.index} ({tensor.name[:60]})"
    bad = next((s for s in q.scales if not (math.isfinite(s) and s > 0)), None)
    if bad is not None:
        yield f"{where} has a scale of {bad}; it must be positive and finite"
    low, high = INTEGER_RANGES.get(tensor.type, (-(2**63), 2**63))
    outside = next((z for z in q.zero_points if not low <= z <= high), None)
    if q.scales and outside is not None:
        yield f"{where} has zero point {outside}, outside {tensor.type}"
    if len(q.scales) > 1:
        if not 0 <= q.axis < len(tensor.shape):
            yield f"{where} is quantised along dimension {q.axis} of {len(tensor.shape)}"
        elif tensor.shape[q.axis] != len(q.scales):
            yield f"{where} has {len(q.scales)} scales for {tensor.shape[q.axis]} channels"
        if q.zero_points and len(q.zero_points) not in (1, len(q.scales)):
            yield f"{where} has {len(q.scales)} scales and {len(q.zero_points)} zero points"
