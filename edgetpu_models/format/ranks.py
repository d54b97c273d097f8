"""How many dimensions the tensors of an operation must have, and which of them must agree."""

from __future__ import annotations

from edgetpu_models.format.model import Operator, SubGraph

# operation: dimensions of its inputs by place (None: at least one), then of its output
RANKS: dict[str, tuple[tuple[int | None, ...], int | None]] = {
    "CONV_2D": ((4, 4, 1), 4),
    "DEPTHWISE_CONV_2D": ((4, 4, 1), 4),
    "TRANSPOSE_CONV": ((1, 4, 4, 1), 4),
    "FULLY_CONNECTED": ((None, 2, 1), None),
    "AVERAGE_POOL_2D": ((4,), 4),
    "MAX_POOL_2D": ((4,), 4),
    "SOFTMAX": ((None,), None),
    "L2_NORMALIZATION": ((None,), None),
    "RESIZE_BILINEAR": ((4, 1), 4),
    "PRELU": ((None, None), None),
    "CONCATENATION": ((None,), None),
}


def rank_problem(graph: SubGraph, op: Operator) -> str | None:
    """Return what is wrong with the shapes of an operation's tensors, or nothing.

    Args:
        graph: Its subgraph; indices were checked before.
        op: The operation.
    """
    if op.op not in RANKS or op.custom:
        return None
    wanted, result = RANKS[op.op]
    tensors = [*zip(graph.ins(op), wanted, strict=False), (graph.outs(op)[0], result)]
    for tensor, rank in tensors:
        if tensor is None:
            continue
        found = len(tensor.shape)
        if found == 0 if rank is None else found != rank:
            need = "at least 1" if rank is None else rank
            return f"operation {op.index} ({op.op}): tensor {tensor.index} has {found} dimensions, {need} expected"
    return _channels(graph, op)


def _channels(graph: SubGraph, op: Operator) -> str | None:
    """Weights and output must have the same number of channels."""
    if op.op not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return None
    weights, out = graph.ins(op)[1], graph.outs(op)[0]
    if weights is None:
        return None
    channels = weights.shape[3] if op.op == "DEPTHWISE_CONV_2D" else weights.shape[0]
    if channels == out.shape[-1]:
        return None
    return (
        f"operation {op.index} ({op.op}) has weights for {channels} channels and an output of {out.shape[-1]}"
    )
