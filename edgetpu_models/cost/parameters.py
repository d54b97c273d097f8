"""Parameter bytes of a layer in the compiled file: which rule applies, and what it was found in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edgetpu_models.cost import layout
from edgetpu_models.cost.layout import Stored
from edgetpu_models.format.model import Operator, SubGraph


class Compiler(StrEnum):
    """Builds that differ in what they store."""

    CURRENT = "16.0"  # and every build since 2020, as far as seen
    OLD = "1.0"  # 2019/20: biases of zeros stored, no table for SOFTMAX, no gap-closing matrix after RESHAPE


@dataclass(frozen=True)
class Rule:
    """How an operation's parameters are stored, and what that is founded on.

    Attributes:
        stored: Function of (graph, operation, old build); its docstring is the documentation.
        fitted_on: The files that the rule was found in.
        old: Whether compiler 1.0 stores them too.
    """

    stored: Callable[[SubGraph, Operator, bool], Stored]
    fitted_on: str
    old: bool = True


_CONSTANT = Rule(layout.constant, "3 files with 27 constants, exact in all")
_REGROUP = Rule(
    layout.regroup, "1 file with 3 operations; 24 with parts that are multiples of 4 cost nothing"
)
RULES: dict[str, Rule] = {
    "CONV_2D": Rule(layout.conv, "197 originals"),
    "DEPTHWISE_CONV_2D": Rule(layout.depthwise, "197 originals"),
    "FULLY_CONNECTED": Rule(layout.dense, "197 originals"),
    "SOFTMAX": Rule(layout.softmax, "20 originals compiled by builds since 2020", old=False),
    "RESHAPE": Rule(layout.reshape, "21 files, 4 geometries; compiled by builds since 2020", old=False),
    "CONCATENATION": _REGROUP,
    "SPLIT": _REGROUP,
    "PAD": Rule(layout.pad, "1 file with 11 operations, exact in 8 that could be told apart"),
    "ADD": _CONSTANT,
    "SUB": _CONSTANT,
    "MUL": _CONSTANT,
    "PRELU": _CONSTANT,
    "MAXIMUM": _CONSTANT,
    "MINIMUM": _CONSTANT,
}


def stored(graph: SubGraph, op: Operator, compiler: Compiler = Compiler.CURRENT) -> Stored:
    """Return what the compiled file stores for `op` once it is mapped to the Edge TPU."""
    rule = RULES.get(op.op)
    if rule is None or (compiler is Compiler.OLD and not rule.old):
        return layout.NOTHING
    return rule.stored(graph, op, compiler is Compiler.OLD)
