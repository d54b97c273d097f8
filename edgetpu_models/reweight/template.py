"""Whether a real compile can serve as a template: it proves itself, and nothing in it would have to be guessed."""

from __future__ import annotations

from collections.abc import Iterator

from edgetpu_models.cost import layout
from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.program.constants import chip_zero
from edgetpu_models.provenance.check import Study, Verdict, judge
from edgetpu_models.reweight.same import ratio

# (oldest runtime, whether it is a build of 2019/20) of the builds whose results were foretold byte for byte.
SHOWN_BUILDS = {(14, False): "84 pairs", (12, False): "2 pairs", (10, True): "2 pairs"}

# Operations that are either plain moves of data or have every field that depends on scales in a known place.
UNDERSTOOD = (
    "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "QUANTIZE", "CONCATENATION", "SOFTMAX", "RESHAPE", "SQUEEZE",
    "AVERAGE_POOL_2D", "MEAN", "MAX_POOL_2D", "ADD", "MUL", "LOGISTIC", "PAD", "SPLIT",
)  # fmt: skip

# Formulas that are not settled for every file: what they give must come out unchanged.
UNSETTLED = ("averaged", "averaged, unbounded", "largest, rescaled")


def objections(pair: Study) -> Iterator[str]:
    """Yield why a pair is no template; nothing where it is one."""
    found = judge(pair)
    if found.verdict is not Verdict.PROVED:
        yield f"the template is not proved to be made from its original ({found.verdict.value}: {found.reason})"
        return
    build = (pair.compiled.runtime, pair.compiled.old_build)
    if build not in SHOWN_BUILDS:
        age = " of 2019/20" if build[1] else ""
        yield f"no pair of a build{age} for runtime {build[0]} has shown that its results can be foretold"
    for index in pair.mapped:
        op = pair.graph.operators[index]
        if op.op not in UNDERSTOOD:
            yield f"operation {index} ({op.op}) is not understood well enough to be rewritten"
        elif op.op in ("ADD", "MUL") and pair.graph.constants(op):
            yield f"operation {index} ({op.op}) has constants, whose storage is not understood"
    for placed in pair.placement.placed:
        if not placed.sure:
            yield f"the parameters of operation {placed.layer.op} could lie in more than one place"
    softmaxes = [i for i in pair.mapped if pair.graph.operators[i].op == "SOFTMAX"]
    if len(softmaxes) > 1:
        yield "several SOFTMAX operations: which constants belong to which is not known"


def fixed_zero_points(pair: Study, other: SubGraph) -> Iterator[str]:
    """Yield operations whose zero points change and of which it is not known where else they stand."""
    for index in pair.mapped:
        op = pair.graph.operators[index]
        changed = _changed(pair.graph, other, op)
        if changed and (op.op in ("PAD", "MUL") or _matrix(pair.graph, op, pair.compiled.old_build)):
            yield f"operation {index} ({op.op}): its zero points change, and where it keeps them is not known"
        if op.op == "ADD" and len(pair.graph.activations(op)) == 2:
            ratios = [ratio(g, op) for g in (pair.graph, other)]
            if ratios[0] != ratios[1]:
                yield (
                    f"operation {index} (ADD): the ratio of its scales changes, and how the compiler rounds it is "
                    "known for 339 of 343 only"
                )


def _changed(graph: SubGraph, other: SubGraph, op: Operator) -> bool:
    tensors = [i for i in (*op.inputs, *op.outputs) if i >= 0 and graph.tensors[i].type in ("INT8", "UINT8")]
    return any(chip_zero(graph.tensors[i]) != chip_zero(other.tensors[i]) for i in tensors)


def _matrix(graph: SubGraph, op: Operator, old: bool) -> bool:
    """Whether an operation moves data through a stored 0/1 matrix."""
    rules = {"RESHAPE": layout.reshape, "SPLIT": layout.regroup, "PAD": layout.pad}
    return op.op in rules and rules[op.op](graph, op, old).file_bytes > 0
