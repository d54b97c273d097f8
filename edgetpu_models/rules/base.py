"""What a rule is, and the register of all rules.

A rule is a function `(graph, op) -> str | None`: nothing, or what is wrong with the actual values in it. Its
docstring is what users read (`undertone explain`, `docs/supported_operations.md`); the decorator says what a
violation does, how far that is known, and what to change.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edgetpu_models.format.model import Operator, SubGraph

Check = Callable[[SubGraph, Operator], str | None]


class Effect(StrEnum):
    """What a violation does."""

    BREAKS = "breaks"  # the compiler gives up on the whole model
    CPU = "cpu"  # the operation, and what follows it, runs on the CPU
    BORDER = "border"  # the operation stays on the CPU, where it always does; nothing else is lost
    CARE = "care"  # it is mapped, at a price


class Ground(StrEnum):
    """How far a rule is known."""

    DOCUMENT = "document"  # an official page or source says so
    SEEN = "seen mapped"  # real compiled models show it
    INFERRED = "inferred"  # follows from real models, never seen directly
    UNKNOWN = "unknown"  # a guess from little; treat it as a question


# Status phrases of the compiler's log.
MAPPED = "Mapped to Edge TPU"
SECOND_SUBGRAPH = "More than one subgraph is not supported"
DATA_TYPE = "Operation is working on an unsupported data type"
LIMITATION = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
NOT_SUPPORTED = "Operation not supported"
VERSION = "Operation version not supported"
RANK = "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"
NOT_CONSTANT = "Filter, bias, or other param is not constant at compile-time"


@dataclass(frozen=True)
class Rule:
    """One rule with all that is said about it.

    Attributes:
        name: Its code, `softmax-rows`.
        check: The function.
        ops: The operations that it looks at; empty for all.
        effect: What a violation does.
        ground: How far that is known.
        remedy: What to change.
        status: What the compiler's log would say, where that is known.
        doubt: Whether a violation makes it less sure that the operation is mapped at all.
    """

    name: str
    check: Check
    ops: tuple[str, ...]
    effect: Effect
    ground: Ground
    remedy: str
    status: str
    doubt: bool = False

    @property
    def text(self) -> str:
        """The documentation, one paragraph."""
        return " ".join((inspect.getdoc(self.check) or "").split())

    def applies(self, op: Operator) -> bool:
        """Whether the rule looks at this operation."""
        return not self.ops or op.op in self.ops


RULES: dict[str, Rule] = {}


def rule(
    name: str,
    *,
    ops: tuple[str, ...] = (),
    effect: Effect = Effect.CPU,
    ground: Ground = Ground.DOCUMENT,
    remedy: str,
    status: str = LIMITATION,
    doubt: bool = False,
) -> Callable[[Check], Check]:
    """Register a rule; the arguments are the attributes of `Rule`."""

    def register(check: Check) -> Check:
        if name in RULES:
            raise ValueError(f"two rules named {name}")
        RULES[name] = Rule(name, check, ops, effect, ground, remedy, status, doubt)
        return check

    return register
