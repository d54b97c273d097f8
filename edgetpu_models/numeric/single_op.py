"""One operation cut out of a model, as a model of its own."""

from __future__ import annotations

from typing import Any

from edgetpu_models.format.edit import open_model, pack


def single_op_model(data: bytes, index: int) -> bytes:
    """Return a model that holds operation `index` only; its inputs are those that are computed, in order.

    Args:
        data: A verified model.
        index: Place in the execution order.
    """
    model = open_model(data)
    graph = model.subgraphs[0]
    op = graph.operators[index]
    kept: dict[int, int] = {}
    for old in [*op.inputs, *op.outputs]:
        if old >= 0:
            kept.setdefault(int(old), len(kept))
    tensors = [graph.tensors[old] for old in kept]
    op.inputs = [kept.get(int(i), -1) for i in op.inputs]
    op.outputs = [kept[int(i)] for i in op.outputs]
    graph.tensors, graph.operators = tensors, [op]
    graph.inputs = [i for i in dict.fromkeys(op.inputs) if i >= 0 and not _constant(model, tensors[i])]
    graph.outputs = list(op.outputs)
    model.operatorCodes = [model.operatorCodes[op.opcodeIndex]]
    op.opcodeIndex = 0
    model.signatureDefs = model.metadata = model.metadataBuffer = None
    _drop_buffers(model, tensors)
    return pack(model)


def _constant(model: Any, tensor: Any) -> bool:
    content = model.buffers[tensor.buffer].data
    return content is not None and len(content) > 0


def _drop_buffers(model: Any, tensors: list[Any]) -> None:
    """Keep the buffers that are used; buffer 0 is the empty one."""
    kept = {0: 0}
    for tensor in tensors:
        kept.setdefault(tensor.buffer, len(kept))
        tensor.buffer = kept[tensor.buffer]
    model.buffers = [model.buffers[old] for old in kept]
