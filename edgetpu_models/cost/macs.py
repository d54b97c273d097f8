"""Multiply-accumulate operations of a layer."""

from __future__ import annotations

import math

from edgetpu_models.format.model import Operator, SubGraph


def macs(graph: SubGraph, op: Operator) -> int:
    """Return how many multiply-accumulate operations one inference needs for `op`.

    Args:
        graph: The subgraph it belongs to.
        op: Convolutions and dense layers count; everything else is 0.
    """
    ins, out = graph.ins(op), graph.outs(op)[0]
    weights = ins[1] if len(ins) > 1 else None
    if weights is None or len(weights.shape) < 2:
        return 0
    if op.op == "CONV_2D" and len(weights.shape) == 4:
        return out.elements * math.prod(weights.shape[1:])
    if op.op == "DEPTHWISE_CONV_2D" and len(weights.shape) == 4:
        return out.elements * weights.shape[1] * weights.shape[2]
    if op.op == "FULLY_CONNECTED":
        return out.elements * weights.shape[-1]
    if op.op == "TRANSPOSE_CONV" and len(weights.shape) == 4 and len(ins) > 2 and ins[2] is not None:
        return ins[2].elements * math.prod(weights.shape[:3])
    return 0
