"""Whether a real compile can serve as a template: it proves itself, and nothing in it would have to be guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edgetpu_models.cost import layout
from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.program.constants import chip_zero
from edgetpu_models.program.formulas import mean_taps
from edgetpu_models.provenance.check import Study, Verdict, provenance_of
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


def settled(graph: SubGraph, op: Operator, tag: str) -> bool:
    """Whether a formula's rounding is known for an operation.

    A mean over 2^n values is: dividing by 2^n rounds nothing, so every order of its steps gives the same float32.
    """
    if tag not in UNSETTLED:
        return True
    taps = mean_taps(op, graph)
    return tag.startswith("averaged") and taps > 0 and taps & (taps - 1) == 0


def objections(pair: Study) -> Iterator[str]:
    """Yield why a pair is no template; nothing where it is one."""
    found = provenance_of(pair)
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
    """Yield operations whose zero points or scales change and of which it is not known where else they stand."""
    for index in pair.mapped:
        op = pair.graph.operators[index]
        where = f"operation {index} ({op.op})"
        if _changed(pair.graph, other, op.inputs) and op.op == "MUL":
            yield (
                f"{where}: the zero points of its factors change, and whether they stand in more places than its "
                "record no real pair shows (two compiles of one network with such a MUL would); factors behind "
                "RELU6 and LOGISTIC keep theirs"
            )
        elif _changed(pair.graph, other, (*op.inputs, *op.outputs)) and (
            op.op == "PAD" or _matrix(pair.graph, op, pair.compiled.old_build)
        ):
            yield f"{where}: its zero points change, and where it keeps them is not known"
        if op.op == "ADD" and pair.compiled.old_build and _other_ratio(pair, other, op):
            yield (
                f"{where}: the ratio of its scales changes, and of builds of 2019/20 the rule explains 24 of 50 only"
            )


def reliance(pair: Study, other: SubGraph) -> tuple[str, ...]:
    """Return the steps of a derivation that counts of single records support, and no whole pair of files."""
    ops = [pair.graph.operators[i] for i in pair.mapped]
    found = []
    ratios = [op for op in ops if op.op == "ADD" and _other_ratio(pair, other, op)]
    if ratios:
        found.append(
            f"{len(ratios)} ADD of another scale ratio: the rule gives the records of 339 of 343 real ones, and the "
            "places of the factors in all 21 that were looked at"
        )
    kinds = Counter(op.op for op in ops if op.op in ("MUL", "LOGISTIC", "MEAN", "AVERAGE_POOL_2D"))
    found += [f"{n} {kind}: records of real files only" for kind, n in sorted(kinds.items())]
    return tuple(found)


def _other_ratio(pair: Study, other: SubGraph, op: Operator) -> bool:
    """Whether an addition of two computed inputs has scales of another ratio."""
    computed = len(pair.graph.activations(op)) == 2
    return computed and ratio(pair.graph, op) != ratio(other, other.operators[op.index])


def _changed(graph: SubGraph, other: SubGraph, indices: Sequence[int]) -> bool:
    tensors = [i for i in indices if i >= 0 and graph.tensors[i].type in ("INT8", "UINT8")]
    return any(chip_zero(graph.tensors[i]) != chip_zero(other.tensors[i]) for i in tensors)


def _matrix(graph: SubGraph, op: Operator, old: bool) -> bool:
    """Whether an operation moves data through a stored 0/1 matrix."""
    rules = {"RESHAPE": layout.reshape, "SPLIT": layout.regroup, "PAD": layout.pad}
    return op.op in rules and rules[op.op](graph, op, old).file_bytes > 0
