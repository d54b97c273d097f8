"""Rules about sizes and axes: what is taken in principle, and not at every size."""

from __future__ import annotations

import math

import numpy as np

from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.rules.base import Effect, Ground, rule


@rule("reduce-axis", ops=("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), remedy="reduce over y and x only")
def reduce_axis(graph: SubGraph, op: Operator) -> str | None:
    """No reduction over the batch; over z only when z is a multiple of 4."""
    data = graph.ins(op)[0]
    axes = graph.constants(op)
    if data is None or not axes or not data.shape:
        return None
    rank = len(data.shape)
    over = {int(a) % rank for a in np.atleast_1d(axes[-1].values()).ravel().tolist()}
    if 0 in over and rank == 4:
        return "reduces over the batch"
    if rank - 1 in over and data.shape[-1] % 4:
        return f"reduces over z = {data.shape[-1]}"
    return None


@rule(
    "mean-size",
    ops=("MEAN",),
    ground=Ground.INFERRED,
    remedy="pool in two steps: AVERAGE_POOL_2D with a stride first, then MEAN",
)
def mean_size(graph: SubGraph, op: Operator) -> str | None:
    """A mean over a very large map is not mapped, or stops the compiler.

    Public reports: 64 x 128 places are mapped, 256 x 128 are not, 256 x 256 end in an internal compiler error.
    """
    places = _places(graph, op)
    return f"{places} places" if places >= 256 * 128 else None


@rule(
    "mean-large",
    ops=("MEAN",),
    effect=Effect.CARE,
    ground=Ground.UNKNOWN,
    remedy="pool in two steps to be sure",
    doubt=True,
)
def mean_large(graph: SubGraph, op: Operator) -> str | None:
    """Between 64 x 128 places (reported mapped) and 256 x 128 (reported not mapped) nothing is known."""
    places = _places(graph, op)
    return f"{places} places" if 64 * 128 < places < 256 * 128 else None


def _places(graph: SubGraph, op: Operator) -> int:
    """Return how many values are averaged into one."""
    data, out = graph.ins(op)[0], graph.outs(op)[0]
    return data.elements // out.elements if data is not None and out.elements else 0


@rule(
    "broadcast",
    ops=("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"),
    effect=Effect.CARE,
    ground=Ground.DOCUMENT,
    remedy="give both operands the shape of the map: read a gate from its surroundings (depthwise and 1x1 convolution, "
    "LOGISTIC), join maps before they are averaged",
    doubt=True,
)
def broadcast(graph: SubGraph, op: Operator) -> str | None:
    """Two computed operands of different shapes, as in a squeeze-and-excite gate.

    The official list sets no limit, but in 758 such operations of real compiled files both had the same shape; only
    constants were seen mapped in other shapes. Two vectors 1x1xC come out of TensorFlow's converter in different
    shapes too.
    """
    shapes = [t.shape for t in graph.activations(op)]
    return f"{list(shapes[0])} and {list(shapes[1])}" if len(shapes) == 2 and shapes[0] != shapes[1] else None


@rule("batch-edit", ops=("PAD", "SPLIT", "PACK"), remedy="leave the batch dimension alone")
def batch_edit(graph: SubGraph, op: Operator) -> str | None:
    """PAD, SPLIT and PACK must not touch the batch."""
    data, out = graph.data_in(op), graph.outs(op)[0]
    if data is None or len(data.shape) != 4 or len(out.shape) != 4 or data.shape[0] == out.shape[0]:
        return None
    return f"batch {data.shape[0]} becomes {out.shape[0]}"


@rule(
    "resize-size",
    ops=("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
    ground=Ground.UNKNOWN,
    remedy="enlarge in steps of 2, or with TRANSPOSE_CONV",
)
def resize_size(graph: SubGraph, op: Operator) -> str | None:
    """Some sizes are not mapped, "to avoid loss in precision".

    Seen: the same size and twice the size are mapped; from 1x1 and sixteen times the size are not. The limit
    in between is a guess (8).
    """
    data, out = graph.ins(op)[0], graph.outs(op)[0]
    if data is None or len(data.shape) != 4 or len(out.shape) != 4:
        return "not a map of y, x, z"
    for small, large in zip(data.shape[1:3], out.shape[1:3], strict=True):
        if large > 8 * small or (small == 1 and large > 1):
            return f"{list(data.shape[1:3])} to {list(out.shape[1:3])}"
    return None


@rule(
    "softmax-rows",
    ops=("SOFTMAX",),
    remedy="weights from LOGISTIC gates and a plain mean cost no accuracy in int8; a softmax over time costs points",
)
def softmax_rows(graph: SubGraph, op: Operator) -> str | None:
    """SOFTMAX works on one vector only; attention over rows (a two-dimensional softmax) is not mapped."""
    shape = graph.outs(op)[0].shape
    return f"{list(shape)} is {math.prod(shape[:-1])} rows" if math.prod(shape[:-1]) != 1 else None


@rule(
    "softmax-length",
    ops=("SOFTMAX",),
    effect=Effect.CARE,
    ground=Ground.UNKNOWN,
    remedy="keep it at or below 16,000 elements",
    doubt=True,
)
def softmax_length(graph: SubGraph, op: Operator) -> str | None:
    """The documented limit is 16,000 elements; one of 16,384 was seen mapped all the same."""
    length = graph.outs(op)[0].shape[-1] if graph.outs(op)[0].shape else 1
    return f"{length} elements" if length > 16_000 else None
