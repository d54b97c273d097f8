"""The first layer where two executors of a model part, beyond what the contract allows.

Differences travel: everything behind a wrong layer is wrong too. So layers are judged in execution order, and
where an executor shows only some tensors, the answer is the stretch between the last good and the first bad one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgetpu_models.format.model import Model
from edgetpu_models.numeric.contract import Contract, Difference, differences
from edgetpu_models.numeric.executors import Array, Executor


@dataclass(frozen=True)
class Verdict:
    """What a search found.

    Attributes:
        agrees: Whether every layer is within its tolerance.
        first: The first layer out of tolerance, or nothing.
        suspects: Operations that can be the cause: one where every tensor was shown, more otherwise.
        next_tensors: Names of tensors to look at next, when there are several suspects.
        layers: All differences in execution order.
    """

    agrees: bool
    first: Difference | None
    suspects: tuple[int, ...]
    next_tensors: tuple[str, ...]
    layers: tuple[Difference, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data."""
        return asdict(self) | {"suspects": list(self.suspects), "next_tensors": list(self.next_tensors)}


def bisect(
    model: Model,
    reference: Executor,
    other: Executor,
    inputs: Sequence[Sequence[Array]],
    contract: Contract | None = None,
) -> Verdict:
    """Compare two executors and name the first layer out of tolerance.

    Args:
        model: The model that both run.
        reference: Usually the reference kernels.
        other: Usually the device.
        inputs: What to run; more inputs find rarer faults.
        contract: Tolerances; without one, every layer must be equal.
    """
    layers = differences(model, reference, other, inputs)
    bad = [d for d in layers if not (contract.allows(d) if contract else d.worst == 0)]
    if not bad:
        return Verdict(True, None, (), (), tuple(layers))
    wrong = {d.tensor for d in bad}
    good = {d.tensor for d in layers} - wrong
    first = bad[0]
    suspects = _suspects(model, first.tensor, good)
    between = [model.main.outs(model.main.operators[i])[0].name for i in suspects if i != first.op_index]
    return Verdict(False, first, suspects, tuple(between), tuple(layers))


def _suspects(model: Model, tensor: int, good: set[int]) -> tuple[int, ...]:
    """Return the operations between the tensors that are known to be right and a wrong one."""
    graph = model.main
    found: set[int] = set()
    waiting = [tensor]
    while waiting:
        producer = graph.producers.get(waiting.pop())
        if producer is None or producer in found:
            continue
        found.add(producer)
        waiting += [t for t in graph.operators[producer].inputs if t not in good]
    return tuple(sorted(found))
