"""Rules about price rather than possibility: what is mapped, and still worth changing."""

from __future__ import annotations

from edgetpu_models.cost.layout import dense_lanes, up
from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.rules.base import MAPPED, Effect, Ground, rule


@rule(
    "flatten-gaps",
    ops=("RESHAPE",),
    effect=Effect.CARE,
    ground=Ground.SEEN,
    remedy="make the channel count a multiple of 4 before flattening, or average over y and x first",
    status=MAPPED,
)
def flatten_gaps(graph: SubGraph, op: Operator) -> str | None:
    """Flattening a map whose channel count is not a multiple of 4 stores a permutation matrix.

    Usually 64 bytes to 1 KB; 2.1 MB were seen for 6 x 6 x 114.
    """
    data, out = graph.ins(op)[0], graph.outs(op)[0]
    if data is None or len(data.shape) != 4 or len(out.shape) > 2:
        return None
    places, z = data.shape[1] * data.shape[2], data.shape[3]
    return f"{list(data.shape)} to {list(out.shape)}" if places > 1 and z % 4 and z > 1 else None


@rule(
    "softmax-flat",
    ops=("SOFTMAX",),
    effect=Effect.CARE,
    ground=Ground.SEEN,
    remedy="pool with gates (LOGISTIC, MUL) and a plain mean instead; keep SOFTMAX for the class scores",
    status=MAPPED,
)
def softmax_flat(graph: SubGraph, op: Operator) -> str | None:
    """An int8 SOFTMAX has the fixed scale 1/256: over many elements only a few levels are left.

    A softmax over 63 time steps cost 4 to 5 points of recall here, gates cost none.
    """
    out = graph.outs(op)[0]
    length = out.shape[-1] if out.shape else 1
    return (
        f"{length} elements of about 1/{length}" if length >= 32 and graph.consumers.get(out.index) else None
    )


@rule(
    "wasted-lanes",
    ops=("FULLY_CONNECTED",),
    effect=Effect.CARE,
    ground=Ground.SEEN,
    remedy="pool before the dense layer, or reduce the channels with a 1x1 convolution first",
    status=MAPPED,
)
def wasted_lanes(graph: SubGraph, op: Operator) -> str | None:
    """A dense layer with few outputs and many inputs fills one tile and is streamed on every inference.

    64 outputs always stay together in a tile of 512 KB, so more than about 8,100 inputs never fit.
    """
    weights = graph.ins(op)[1]
    if weights is None or len(weights.shape) != 2 or weights.shape[1] * 64 <= 522_500:
        return None
    outputs, inputs = weights.shape
    size = dense_lanes(outputs) * up(inputs, 4)
    return f"{inputs} inputs, {outputs} outputs: {size} bytes are sent again on each inference"


@rule(
    "constant-operand",
    ops=("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU"),
    effect=Effect.CARE,
    ground=Ground.SEEN,
    remedy="fold the constant into the convolution before it (batch norm, scale, bias)",
    status=MAPPED,
)
def constant_operand(graph: SubGraph, op: Operator) -> str | None:
    """A constant operand never stays on the chip: 16 bytes per channel are sent on each inference."""
    wide = next((t for t in graph.constants(op) if t.elements > 1), None)
    return f"constant {list(wide.shape)}" if wide is not None else None


@rule(
    "several-inputs",
    effect=Effect.CARE,
    ground=Ground.DOCUMENT,
    remedy="join the inputs before the Edge TPU, or compile two networks and fuse them on the M7",
    status=MAPPED,
)
def several_inputs(graph: SubGraph, op: Operator) -> str | None:
    """The Dev Board Micro's runtime feeds input 0 of an Edge TPU operation only; others are ignored."""
    if op.index or len(graph.inputs) < 2:
        return None
    return f"the model has {len(graph.inputs)} inputs"
