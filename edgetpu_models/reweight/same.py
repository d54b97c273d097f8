"""Whether a retrained network has the same structure as the template's original, values that shape it included.

The compiler leaves out what is zero or equal: a bias of zeros, scales that are all the same, a zero point of 0. So
a value may change, but not into or out of these.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgetpu_models.format.model import Model, Operator, SubGraph, Tensor
from edgetpu_models.program.constants import F, chip_zero, rational, step
from edgetpu_models.program.layers import WEIGHTED

_RESCALING = ("QUANTIZE", "CONCATENATION", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "PAD")
LEAST_SCALE, LARGEST_SCALE = 1e-9, 1e6  # beyond these, float32 steps of the formulas lose digits or overflow


def differences(a: Model, b: Model) -> Iterator[str]:
    """Yield what keeps `b` from being `a` with other weights and scales; nothing where it is just that."""
    if len(a.subgraphs) != 1 or len(b.subgraphs) != 1:
        yield "a model has several subgraphs"
        return
    first, second = a.main, b.main
    if len(first.operators) != len(second.operators) or len(first.tensors) != len(second.tensors):
        yield (
            f"{len(second.operators)} operations and {len(second.tensors)} tensors, the template's original has "
            f"{len(first.operators)} and {len(first.tensors)}"
        )
        return
    if (first.inputs, first.outputs) != (second.inputs, second.outputs):
        yield "inputs or outputs are other tensors"
        return
    for one, other in zip(first.operators, second.operators, strict=True):
        problem = _operator(one, other)
        if problem:
            yield f"operation {one.index} ({one.op}): {problem}"
            return
    weights = _weights(first)
    for t, u in zip(first.tensors, second.tensors, strict=True):
        problem = _tensor(t, u, t.index in weights)
        if problem:
            yield f"tensor {t.index} ({t.name[:40]}): {problem}"
    yield from _values(first, second)


def _operator(a: Operator, b: Operator) -> str:
    if (a.op, a.version, a.custom) != (b.op, b.version, b.custom):
        return f"it is {b.op} version {b.version} instead of version {a.version}"
    if (a.inputs, a.outputs) != (b.inputs, b.outputs):
        return "it is connected in another way"
    if a.options != b.options or bytes(a.custom_options or b"") != bytes(b.custom_options or b""):
        return "it has other settings"
    return ""


def _weights(graph: SubGraph) -> set[int]:
    """Return the tensors whose values may change: weights and biases."""
    return {i for op in graph.operators if op.op in WEIGHTED for i in op.inputs[1:3] if i >= 0}


def _tensor(a: Tensor, b: Tensor, weights: bool) -> str:
    if (a.type, a.shape, a.variable, a.constant) != (b.type, b.shape, b.variable, b.constant):
        return f"{b.type}{list(b.shape)} instead of {a.type}{list(a.shape)}"
    qa, qb = a.quantization, b.quantization
    if (len(qa.scales), qa.axis) != (len(qb.scales), qb.axis):
        return f"quantised with {len(qb.scales)} scales instead of {len(qa.scales)}"
    if (len(set(qa.scales)) > 1) != (len(set(qb.scales)) > 1):
        return "scales that are all equal in one network and differ in the other"
    if not weights and a.data is not None and b.data is not None and bytes(a.data) != bytes(b.data):
        return "a constant that is no weight has another value"
    low, high = min(qb.scales, default=1.0), max(qb.scales, default=1.0)
    if not (low > LEAST_SCALE and high < LARGEST_SCALE):
        return f"a degenerate scale ({low!r} to {high!r})"
    if any(qb.zero_points) and len(qb.zero_points) > 1:
        return "zero points per channel that are not 0"
    if a.type in ("INT8", "UINT8") and (chip_zero(a) == 0) != (chip_zero(b) == 0):
        old, new = a.quantization.zero_point, b.quantization.zero_point
        return f"zero point {new} instead of {old}: one of them is 0 in the chip"
    return ""


def _values(a: SubGraph, b: SubGraph) -> Iterator[str]:
    """Yield changes of values on which the compiler's structure depends."""
    for one, other in zip(a.operators, b.operators, strict=True):
        where = f"operation {one.index} ({one.op})"
        if one.op in WEIGHTED and len(one.inputs) > 2 and one.inputs[2] >= 0:
            before, after = (g.tensors[one.inputs[2]] for g in (a, b))
            if _zero(before) != _zero(after):
                yield f"{where}: a bias that is zero everywhere in one network and not in the other"
        if one.op in ("ADD", "SUB") and len(a.activations(one)) == 2:
            pair = [ratio(g, o) for g, o in ((a, one), (b, other))]
            if (pair[0] == (1, 1)) != (pair[1] == (1, 1)):
                yield f"{where}: inputs of equal scale in one network and not in the other"
        if one.op in _RESCALING and _idle(a, one) != _idle(b, other):
            yield f"{where}: input and output quantised alike in one network and not in the other"


def ratio(graph: SubGraph, op: Operator) -> tuple[int, int]:
    """Return (k1, k2) of the two computed inputs of an addition."""
    first, second = (float(step(t)) for t in graph.activations(op)[:2])
    return rational(first, second)


def _zero(bias: Tensor) -> bool:
    return bias.data is None or not any(bytes(bias.data))


def _idle(graph: SubGraph, op: Operator) -> tuple[bool, ...]:
    """Whether an operation leaves scale and zero point as they are, for each of its computed inputs."""
    out = graph.outs(op)[0]
    return tuple(
        bool(t.quantization.scales)
        and F(t.quantization.scale) == F(out.quantization.scale)
        and chip_zero(t) == chip_zero(out)
        for t in graph.activations(op)
    )
