"""Rules about single operations: which, in which version, with which settings."""

from __future__ import annotations

import math

import numpy as np

from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.format.names import EDGETPU_OP, OPERATORS
from edgetpu_models.rules.base import LIMITATION, NOT_SUPPORTED, VERSION, Effect, Ground, rule
from edgetpu_models.rules.support import LAST_KNOWN_BUILTIN, SUPPORTED

REPLACEMENTS = {
    "BATCH_MATMUL": "attention as sigmoid gates: x * sigmoid(1x1 convolution), with plain means",
    "GELU": "RELU or x * sigmoid(1.702 x) written as LOGISTIC and MUL",
    "HARD_SWISH": "RELU, or x * sigmoid(x)",
    "LEAKY_RELU": "PRELU with shared_axes=[1, 2], or RELU",
    "ARG_MAX": "leave it out and take the maximum in the application",
    "DIV": "MUL with the inverse as a constant",
    "EXP": "LOGISTIC",
    "GATHER": "SLICE or a 1x1 convolution with a 0/1 matrix",
    "DEPTH_TO_SPACE": "TRANSPOSE_CONV with a 0/1 kernel",
    "UNPACK": "SPLIT or SLICE",
    "SQRT": "leave it out, or RSQRT (runtime 14)",
}


@rule(
    "unknown-builtin",
    effect=Effect.BREAKS,
    remedy="replace the operation, or convert with TensorFlow 2.7 or older",
    status="Op builtin_code out of range",
)
def unknown_builtin(graph: SubGraph, op: Operator) -> str | None:
    """The compiler's own TFLite knows builtin codes up to 149; GELU (150) and newer stop it altogether."""
    if op.custom or op.op not in OPERATORS[LAST_KNOWN_BUILTIN + 1 :]:
        return None
    return (
        f"{op.op} is builtin {OPERATORS.index(op.op)}; instead: {REPLACEMENTS.get(op.op, 'older operations')}"
    )


@rule("unsupported-op", remedy="build it from operations that the Edge TPU has", status=NOT_SUPPORTED)
def unsupported_op(graph: SubGraph, op: Operator) -> str | None:
    """The operation is neither documented as supported nor was it ever seen mapped."""
    if op.op in SUPPORTED or op.op == EDGETPU_OP or op.op in ("DEQUANTIZE", "CAST"):
        return None
    hint = f"; instead: {REPLACEMENTS[op.op]}" if op.op in REPLACEMENTS else ""
    return f"{op.op}{' (custom)' if op.custom else ''} is not available{hint}"


@rule(
    "op-version",
    ground=Ground.INFERRED,
    remedy="convert with an older TensorFlow (2.7), or avoid the feature that raised the version",
    status=VERSION,
)
def op_version(graph: SubGraph, op: Operator) -> str | None:
    """An operation newer than the highest version ever seen mapped is probably refused.

    Dense layers on three-dimensional input become FULLY_CONNECTED with keep_num_dims (version 5 and up); newer
    converters raise CONV_2D to 5 and more.
    """
    known = SUPPORTED.get(op.op)
    if known is None or op.version <= known.version:
        return None
    return f"{op.op} version {op.version}, highest known {known.version}"


@rule(
    "fused-activation",
    ops=("AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION"),
    remedy="put the activation into its own layer before or after",
)
def fused_activation(graph: SubGraph, op: Operator) -> str | None:
    """Pooling and concatenation must not have a fused activation."""
    value = op.options.get("activation", "NONE")
    return f"fused {value}" if value != "NONE" else None


@rule(
    "activation",
    ops=("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL", "TRANSPOSE_CONV"),
    ground=Ground.INFERRED,
    remedy="use RELU, RELU6 or RELU_N1_TO_1, or a separate TANH",
)
def activation(graph: SubGraph, op: Operator) -> str | None:
    """Only the RELU family was seen fused."""
    value = op.options.get("activation", "NONE")
    return f"fused {value}" if value in ("TANH", "SIGN_BIT") else None


@rule(
    "concat-constant", ops=("CONCATENATION",), remedy="PAD with zeros, or add the constant in the application"
)
def concat_constant(graph: SubGraph, op: Operator) -> str | None:
    """With a constant input, a concatenation may have only two inputs, and the constant must be all zero."""
    for tensor in graph.constants(op):
        zero = tensor.quantization.zero_point
        if len(op.inputs) != 2 or np.any(tensor.values() != zero):
            return f"{len(op.inputs)} inputs, one of them constant"
    return None


@rule("dilation", ops=("CONV_2D", "DEPTHWISE_CONV_2D"), remedy="use the same dilation in x and y")
def dilation(graph: SubGraph, op: Operator) -> str | None:
    """The dilation must be the same in both directions; in one where the kernel is 1 wide it does not count."""
    x, y = op.number("dilation_w", 1), op.number("dilation_h", 1)
    weights = graph.ins(op)[1]
    if x == y or weights is None or len(weights.shape) != 4 or 1 in weights.shape[1:3]:
        return None
    return f"dilation {y} in y, {x} in x"


@rule("dense-format", ops=("FULLY_CONNECTED",), remedy="use a 1x1 convolution (Conv2D) instead of Dense")
def dense_format(graph: SubGraph, op: Operator) -> str | None:
    """Fully connected layers need the default weight format and a one-dimensional output."""
    out = graph.outs(op)[0]
    if op.number("weights_format"):
        return "shuffled weight format"
    return f"output {list(out.shape)}" if math.prod(out.shape[:-1]) != 1 else None


@rule("prelu-alpha", ops=("PRELU",), remedy="shared_axes=[1, 2] in Keras")
def prelu_alpha(graph: SubGraph, op: Operator) -> str | None:
    """The slopes of PRELU must be one-dimensional: one per channel."""
    alpha = graph.ins(op)[1]
    wide = alpha is not None and math.prod(alpha.shape[:-1]) != 1
    return f"alpha {list(alpha.shape)}" if wide and alpha is not None else None


@rule("strided-slice", ops=("STRIDED_SLICE",), remedy="use strides of 1; drop new axes with RESHAPE")
def strided_slice(graph: SubGraph, op: Operator) -> str | None:
    """All strides must be 1, without ellipsis and new-axis masks."""
    for mask in ("ellipsis_mask", "new_axis_mask"):
        if op.number(mask):
            return f"{mask} {op.number(mask)}"
    strides = graph.ins(op)[3] if len(op.inputs) > 3 else None
    values = strides.values().ravel().tolist() if strides is not None and strides.constant else []
    return f"strides {values}" if any(v != 1 for v in values) else None


@rule(
    "transpose-rank",
    ops=("TRANSPOSE",),
    ground=Ground.SEEN,
    remedy="design the network so that no axes are swapped",
    status=LIMITATION,
)
def transpose_rank(graph: SubGraph, op: Operator) -> str | None:
    """A transposition of five dimensions is not mapped (seen); others need runtime 14."""
    data = graph.ins(op)[0]
    return f"{len(data.shape)} dimensions" if data is not None and len(data.shape) > 4 else None


@rule(
    "tile-from",
    ops=("TILE",),
    ground=Ground.UNKNOWN,
    remedy="keep the shape of the map throughout: depthwise convolutions in place of a mean that is spread again",
)
def tile(graph: SubGraph, op: Operator) -> str | None:
    """TILE is undocumented; version 1 was seen mapped once, from 1x1 to a map. In int8 it is version 3 today."""
    data = graph.ins(op)[0]
    single = data is not None and len(data.shape) == 4 and data.shape[1] == data.shape[2] == 1
    return None if single else "not from a single place to a map"
