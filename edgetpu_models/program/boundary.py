"""What the compiled file shows outside its Edge TPU operation, held against the original."""

from __future__ import annotations

from collections.abc import Iterator

from edgetpu_models.format.model import Model, SubGraph, Tensor
from edgetpu_models.format.names import EDGETPU_OP
from edgetpu_models.program.constants import F, chip_zero
from edgetpu_models.program.container import Compiled


def mapped_operations(original: SubGraph, compiled: Model) -> tuple[int, ...]:
    """Return the operations that run on the chip: those whose results no CPU operation of the compiled file writes."""
    graph = compiled.main
    written = {graph.tensors[t].name for op in graph.operators if op.op != EDGETPU_OP for t in op.outputs}
    return tuple(
        op.index
        for op in original.operators
        if not any(original.tensors[t].name in written for t in op.outputs)
    )


def boundary_problems(original: SubGraph, compiled: Compiled) -> Iterator[str]:
    """Yield what differs between the tensors that both files show, and between chip and file at the chip's edge."""
    outer = compiled.model.main
    names: dict[str, list[Tensor]] = {}
    for tensor in original.tensors:
        names.setdefault(tensor.name, []).append(tensor)
    for kind in ("inputs", "outputs"):
        a, b = ([g.tensors[i].name for i in getattr(g, kind)] for g in (original, outer))
        if a != b:
            yield f"{kind} {', '.join(b)} are not the original's {', '.join(a)}"
    for tensor in outer.tensors:
        if tensor.name not in names:
            yield f"tensor {tensor.name} is not in the original"
        elif problem := min((_difference(t, tensor) for t in names[tensor.name]), key=len):
            yield f"tensor {tensor.name} has another {problem}"
    yield from _cpu_operations(original, outer)
    yield from _ports(compiled)


def _difference(a: Tensor, b: Tensor) -> str:
    if a.type != b.type:
        return f"type ({b.type}, original {a.type})"
    if a.shape != b.shape:
        return f"shape ({list(b.shape)}, original {list(a.shape)})"
    qa, qb = a.quantization, b.quantization
    if qa.scales != qb.scales:
        return f"scale ({qb.scale!r}, original {qa.scale!r})"
    if qa.scales and (qa.zero_points or (0,)) != (qb.zero_points or (0,)):
        return f"zero point ({qb.zero_point}, original {qa.zero_point})"
    if a.constant != b.constant or (
        a.data is not None and b.data is not None and bytes(a.data) != bytes(b.data)
    ):
        return "constant value"
    return ""


def _cpu_operations(original: SubGraph, outer: SubGraph) -> Iterator[str]:
    wanted = {original.tensors[t].name: op for op in original.operators for t in op.outputs}
    for op in outer.operators:
        if op.op == EDGETPU_OP:
            continue
        name = outer.tensors[op.outputs[0]].name
        twin = wanted.get(name)
        if twin is None or twin.op != op.op:
            yield f"operation {op.op} on the CPU, which writes {name}, is not the original's"
            continue
        for got, of in zip(op.inputs, twin.inputs, strict=False):
            if got >= 0 and of >= 0 and outer.tensors[got].name != original.tensors[of].name:
                yield f"operation {op.op} on the CPU reads {outer.tensors[got].name}, which the original's does not"


def _ports(compiled: Compiled) -> Iterator[str]:
    outer = compiled.model.main
    tensors = {t.name: t for t in outer.tensors}
    for program in compiled.programs:
        shown = {*tensors, *(port.name for port in program.ports)}
        for at in dict.fromkeys(program.names):
            name = at.of(compiled.data).decode("utf-8", errors="replace")
            if name not in shown:
                yield f"a transfer of the program is named {name}, which is no tensor of the file"
        for port in program.ports:
            tensor = tensors.get(port.name.removesuffix("_variable_output"))  # how a state is handed on
            if tensor is None:
                yield f"the program's {port.name} is no tensor of the file"
            elif tensor.quantization.scales and (
                F(tensor.quantization.scale) != F(port.scale) or chip_zero(tensor) != port.zero_point
            ):
                yield (
                    f"the program's {port.name} has scale {port.scale!r} and zero point {port.zero_point}, its tensor "
                    f"{tensor.quantization.scale!r} and {chip_zero(tensor)}"
                )
