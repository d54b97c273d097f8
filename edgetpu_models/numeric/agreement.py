"""How far executors of a network part: layer by layer on the same inputs, end to end, and in the winner.

A layer is judged by itself: each executor computes it from the reference's tensors, so that differences do not
travel. What is not known about the chip is run in every alternative, and the result is an interval over these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from edgetpu_models.numeric.chip_arithmetic import ALTERNATIVES, Unknowns
from edgetpu_models.numeric.edgetpu_model import EdgeTpuModel
from edgetpu_models.numeric.executors import Array, Executor, Kernels

CAP = 5  # differences of so many LSB and more are counted together


@dataclass
class LayerAgreement:
    """Differences of one layer over all inputs and alternatives.

    Attributes:
        index: The operation, `op` its kind.
        shares: Share of elements that differ by 0, 1, … LSB in the usual alternative (the last entry: or more).
        worst: Largest difference in the best and in the worst alternative, LSB.
        differing: Share of elements that differ at all, in the best and in the worst alternative.
    """

    index: int
    op: str
    shares: list[float]
    worst: tuple[int, int]
    differing: tuple[float, float]


@dataclass
class Agreement:
    """What was found.

    Attributes:
        inputs: How many inputs were run.
        layers: Every layer by itself.
        end_to_end: Name of an executor to its largest and mean difference at the output, LSB.
        flips: Name of an executor to the number of inputs whose winner is another one.
        flip_interval: Fewest and most flips over the alternatives of the chip.
    """

    inputs: int
    layers: list[LayerAgreement] = field(default_factory=list)
    end_to_end: dict[str, tuple[float, float]] = field(default_factory=dict)
    flips: dict[str, int] = field(default_factory=dict)
    flip_interval: tuple[int, int] = (0, 0)
    evidence: str = "modelled"

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return asdict(self)


def layer_counts(
    reference: Kernels, chip: EdgeTpuModel, inputs: Iterable[Sequence[Array]]
) -> dict[int, Array]:
    """Return how many elements of each operation's result differ by 0, 1, … `CAP` LSB and more.

    Args:
        reference: Gives the tensors that every layer starts from.
        chip: Computes each layer from them.
        inputs: What to run.
    """
    counts: dict[int, Array] = {op.index: np.zeros(CAP + 1, np.int64) for op in chip.graph.operators}
    for values in inputs:
        known = reference.tensors(values)
        fed = {**known, **dict(zip(chip.graph.inputs, values, strict=True))}
        for op in chip.graph.operators:
            wanted = known[op.outputs[0]]
            if wanted.dtype.kind == "f":
                continue
            gap = np.abs(chip.layer(op, fed).astype(np.int64).ravel() - wanted.astype(np.int64).ravel())
            counts[op.index] += np.bincount(np.minimum(gap, CAP), minlength=CAP + 1)
    return counts


def agree(
    data: bytes,
    inputs: Sequence[Sequence[Array]],
    alternatives: Sequence[Unknowns] = ALTERNATIVES,
    layer_inputs: int = 2,
) -> Agreement:
    """Hold fast kernels and the chip's arithmetic against the reference kernels.

    Args:
        data: The model.
        inputs: What to run end to end.
        alternatives: Choices for what is not known of the chip; the first is the usual one.
        layer_inputs: On how many of the inputs each layer is judged by itself.

    Raises:
        InvalidSetting: The chip's arithmetic of an operation is not known.
    """
    reference = Kernels(data)
    chips = [EdgeTpuModel(data, u) for u in alternatives]
    found = Agreement(len(inputs))
    counted = [layer_counts(reference, chip, inputs[:layer_inputs]) for chip in chips]
    for op in chips[0].graph.operators:
        rows = [c[op.index] for c in counted]
        if not rows[0].sum():
            continue
        worst = [int(np.flatnonzero(row)[-1]) for row in rows]
        share = [float(1 - row[0] / row.sum()) for row in rows]
        usual = [round(float(v), 7) for v in rows[0] / rows[0].sum()]
        found.layers.append(
            LayerAgreement(
                op.index, op.op, usual, (min(worst), max(worst)), (round(min(share), 7), round(max(share), 7))
            )
        )
    others: list[Executor] = [Kernels(data, reference=False), *chips]
    _end_to_end(reference, others, inputs, found)
    counts = [found.flips[chip.name] for chip in chips]
    found.flip_interval = (min(counts), max(counts))
    return found


def _end_to_end(
    reference: Kernels, others: Sequence[Executor], inputs: Sequence[Sequence[Array]], found: Agreement
) -> None:
    out = reference.model.main.outputs[0]
    wanted = [reference.tensors(values)[out].astype(np.float64).ravel() for values in inputs]
    for executor in others:
        results = [executor.tensors(values)[out].astype(np.float64).ravel() for values in inputs]
        gaps = np.abs(np.stack(results) - np.stack(wanted))
        found.end_to_end[executor.name] = (float(gaps.max()), round(float(gaps.mean()), 5))
        found.flips[executor.name] = int(
            sum(int(a.argmax() != b.argmax()) for a, b in zip(results, wanted, strict=True))
        )
