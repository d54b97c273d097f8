"""Rewrites that keep every output bit and make a model easier for the Edge TPU compiler.

Each takes the schema's objects and changes them in place; it returns one line per change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgetpu_models.format.names import ACTIVATIONS, OPERATORS, TENSOR_TYPES
from edgetpu_models.rules.support import SUPPORTED

Rewrite = Callable[[Any], list[str]]
_INT8, _UINT8 = TENSOR_TYPES.index("INT8"), TENSOR_TYPES.index("UINT8")
_NONE, _RELU, _RELU6 = (ACTIVATIONS.index(name) for name in ("NONE", "RELU", "RELU6"))


def _code(model: Any, op: Any) -> tuple[str, int]:
    code = model.operatorCodes[op.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return OPERATORS[number], code.version


def _use(model: Any, op: Any, name: str, version: int) -> None:
    """Point an operation at the code (name, version), adding it where the model has none."""
    from ai_edge_litert import schema_py_generated as schema

    for i in range(len(model.operatorCodes)):
        code = model.operatorCodes[i]
        if (
            max(code.builtinCode, code.deprecatedBuiltinCode) == OPERATORS.index(name)
            and code.version == version
        ):
            op.opcodeIndex = i
            return
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = OPERATORS.index(name), version
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    model.operatorCodes.append(code)
    op.opcodeIndex = len(model.operatorCodes) - 1


def _bytes_only(graph: Any, op: Any) -> bool:
    return all(graph.tensors[t].type in (_INT8, _UINT8) for t in (op.inputs[0], op.outputs[0]))


def fix_batch(model: Any) -> list[str]:
    """An open batch dimension becomes 1, which is what the shapes say already."""
    lines = []
    for tensor in model.subgraphs[0].tensors:
        signature = tensor.shapeSignature
        if (
            signature is not None
            and len(signature)
            and signature[0] == -1
            and all(d >= 0 for d in signature[1:])
        ):
            tensor.shapeSignature = None
            lines.append(tensor.name)
    return [f"batch of {len(lines)} tensors fixed to 1"] if lines else []


def flatten_dense(model: Any) -> list[str]:
    """A FULLY_CONNECTED that keeps the dimensions of a single row gets a flat output and a RESHAPE behind it."""
    graph = model.subgraphs[0]
    lines, operators = [], []
    for place, op in enumerate(graph.operators):
        operators.append(op)
        name, version = _code(model, op)
        if name != "FULLY_CONNECTED" or not getattr(op.builtinOptions, "keepNumDims", False):
            continue
        result = graph.tensors[op.outputs[0]]
        if _rows(graph, op) != 1 or _per_channel(graph, op) or not _bytes_only(graph, op):
            continue
        flat = _copy(graph, result, [1, int(result.shape[-1])], "flat", computed=True)
        op.builtinOptions.keepNumDims = False
        operators.append(_reshape(model, graph, flat, int(op.outputs[0])))
        op.outputs = [flat]
        _use(model, op, name, min(version, SUPPORTED[name].version))
        lines.append(
            f"FULLY_CONNECTED {place}: flat output (version {version} became {SUPPORTED[name].version})"
        )
    graph.operators = operators
    return lines


def dense_to_convolution(model: Any) -> list[str]:
    """A FULLY_CONNECTED over rows, or a new one with scales per channel, becomes a 1x1 convolution between reshapes.

    The sums are the same integers. The scale of a layer with one scale is rounded in another place, which can
    move an exact tie by one: the proof then refuses this rewrite.
    """
    graph = model.subgraphs[0]
    lines, operators = [], []
    for place, op in enumerate(graph.operators):
        name, version = _code(model, op)
        if name != "FULLY_CONNECTED" or not _convertible(model, graph, op, version):
            operators.append(op)
            continue
        operators += _as_convolution(model, graph, op)
        lines.append(f"FULLY_CONNECTED {place} (version {version}) became a 1x1 convolution")
    graph.operators = operators
    return lines


def _rows(graph: Any, op: Any) -> int:
    return int(np.prod(graph.tensors[op.outputs[0]].shape[:-1]))


def _per_channel(graph: Any, op: Any) -> bool:
    q = graph.tensors[op.inputs[1]].quantization
    return q is not None and q.scale is not None and len(q.scale) > 1


def _convertible(model: Any, graph: Any, op: Any, version: int) -> bool:
    weights = graph.tensors[op.inputs[1]]
    stored = model.buffers[weights.buffer].data is not None
    plain = op.builtinOptions is not None and not op.builtinOptions.weightsFormat
    new = version > SUPPORTED["FULLY_CONNECTED"].version
    wanted = _rows(graph, op) > 1 or (new and _per_channel(graph, op))
    return bool(wanted and stored and plain and weights.type == _INT8 and _bytes_only(graph, op))


def _as_convolution(model: Any, graph: Any, op: Any) -> list[Any]:
    from ai_edge_litert import schema_py_generated as schema

    weights = graph.tensors[op.inputs[1]]
    outputs, size = (int(d) for d in weights.shape)
    result = graph.tensors[op.outputs[0]]
    rows = int(np.prod(result.shape[:-1]))
    kernel = _copy(graph, weights, [outputs, 1, 1, size], "kernel")
    source = _copy(graph, graph.tensors[op.inputs[0]], [1, 1, rows, size], "rows", computed=True)
    made = _copy(graph, result, [1, 1, rows, outputs], "made", computed=True)
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = 1
    options.fusedActivationFunction = op.builtinOptions.fusedActivationFunction
    convolution = schema.OperatorT()
    _use(model, convolution, "CONV_2D", 3)
    bias = [int(i) for i in list(op.inputs)[2:] if i >= 0]
    convolution.inputs = [source, kernel, *(bias or [_no_bias(model, graph, source, kernel)])]
    convolution.outputs = [made]
    convolution.builtinOptionsType, convolution.builtinOptions = schema.BuiltinOptions.Conv2DOptions, options
    before = _reshape(model, graph, int(op.inputs[0]), source)
    after = _reshape(model, graph, made, int(op.outputs[0]))
    return [before, convolution, after]


def _copy(graph: Any, tensor: Any, shape: list[int], suffix: str, computed: bool = False) -> int:
    """Add a tensor like another one, with another shape; a computed one has no content."""
    from ai_edge_litert import schema_py_generated as schema

    new = schema.TensorT()
    new.shape, new.type, new.quantization = shape, tensor.type, tensor.quantization
    new.buffer = 0 if computed else tensor.buffer
    name = tensor.name.decode() if isinstance(tensor.name, bytes) else str(tensor.name or "")
    new.name = f"{name}/{suffix}"
    graph.tensors.append(new)
    return len(graph.tensors) - 1


def _no_bias(model: Any, graph: Any, source: int, kernel: int) -> int:
    """Add a bias of zeros: a convolution must have one, and the compiler stores none for it."""
    from ai_edge_litert import schema_py_generated as schema

    outputs = int(graph.tensors[kernel].shape[0])
    buffer = schema.BufferT()
    buffer.data = np.zeros(4 * outputs, np.uint8)
    model.buffers.append(buffer)
    quantization = schema.QuantizationParametersT()
    steps = np.asarray(graph.tensors[kernel].quantization.scale, np.float32)
    quantization.scale = steps * np.float32(graph.tensors[source].quantization.scale[0])
    quantization.zeroPoint = np.zeros(len(steps), np.int64)
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.name = (
        [outputs],
        TENSOR_TYPES.index("INT32"),
        f"bias{len(graph.tensors)}",
    )
    tensor.buffer, tensor.quantization = len(model.buffers) - 1, quantization
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _reshape(model: Any, graph: Any, source: int, target: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    shape = [int(d) for d in graph.tensors[target].shape]
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.asarray(shape, "<i4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    argument = schema.TensorT()
    argument.shape, argument.type = [len(shape)], TENSOR_TYPES.index("INT32")
    argument.buffer, argument.name = len(model.buffers) - 1, f"shape{len(graph.tensors)}"
    graph.tensors.append(argument)
    op = schema.OperatorT()
    _use(model, op, "RESHAPE", 1)
    op.inputs, op.outputs = [source, len(graph.tensors) - 1], [target]
    op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.ReshapeOptions, schema.ReshapeOptionsT()
    op.builtinOptions.newShape = shape
    return op


def lower_versions(model: Any) -> list[str]:
    """An 8-bit operation with a newer version than ever seen mapped gets that version; its kernel is the same."""
    graph = model.subgraphs[0]
    lines = []
    for place, op in enumerate(graph.operators):
        name, version = _code(model, op)
        known = SUPPORTED.get(name)
        if name == "FULLY_CONNECTED" and getattr(op.builtinOptions, "keepNumDims", False):
            continue
        if known is None or version <= known.version or not _bytes_only(graph, op):
            continue
        _use(model, op, name, known.version)
        lines.append(f"{name} {place}: version {version} became {known.version}")
    return lines


def drop_idle_activations(model: Any) -> list[str]:
    """A fused RELU after a pool or concatenation goes where the output's range starts at zero anyway."""
    graph = model.subgraphs[0]
    lines = []
    for place, op in enumerate(graph.operators):
        name, _ = _code(model, op)
        if name not in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "CONCATENATION") or op.builtinOptions is None:
            continue
        kind = op.builtinOptions.fusedActivationFunction
        if kind in (_RELU, _RELU6) and _idle(graph.tensors[op.outputs[0]], kind):
            op.builtinOptions.fusedActivationFunction = _NONE
            lines.append(f"{name} {place}: fused {ACTIVATIONS[kind]} was without effect and is gone")
    return lines


def _idle(tensor: Any, kind: int) -> bool:
    q = tensor.quantization
    if tensor.type not in (_INT8, _UINT8) or q is None or q.scale is None or len(q.scale) != 1:
        return False
    low, high = (-128, 127) if tensor.type == _INT8 else (0, 255)
    steps = round(6 / float(q.scale[0]))  # where the kernel cuts
    return int(q.zeroPoint[0]) == low and (kind == _RELU or steps >= high - low)


REWRITES: tuple[Rewrite, ...] = (
    fix_batch,
    flatten_dense,
    dense_to_convolution,
    lower_versions,
    drop_idle_activations,
)
