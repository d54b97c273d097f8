"""The numeric contract of a model: how far each layer may differ from the reference kernels, in LSB.

An Edge TPU does not compute like a CPU; nobody says by how much. So the differences are measured once, with some
slack, written beside the model, and every later run is held against them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgetpu_models.format.model import Model
from edgetpu_models.numeric.executors import Array, Executor, Tensors
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid
from firmware_bridge.base.files import write_json


@dataclass(frozen=True)
class Difference:
    """How far one layer is off, over all inputs that were compared.

    Attributes:
        op_index: The layer.
        op: Its operation.
        tensor: Index of the tensor that was compared.
        worst: Largest absolute difference, LSB.
        mean: Mean absolute difference, LSB.
        elements: How many elements were compared.
    """

    op_index: int
    op: str
    tensor: int
    worst: float
    mean: float
    elements: int

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True)
class Contract:
    """What is allowed.

    Attributes:
        model_sha256: The model it belongs to.
        executor: Whose differences were measured.
        inputs: On how many inputs.
        worst: Tensor index to largest allowed difference, LSB.
        mean: Tensor index to largest allowed mean difference, LSB.
    """

    model_sha256: str
    executor: str
    inputs: int
    worst: dict[int, float]
    mean: dict[int, float]

    def allows(self, difference: Difference) -> bool:
        """Whether a layer is within its tolerance; a tensor that was never measured must be exact."""
        return difference.worst <= self.worst.get(
            difference.tensor, 0.0
        ) and difference.mean <= self.mean.get(difference.tensor, 0.0)


def differences(
    model: Model, reference: Executor, other: Executor, inputs: Iterable[Sequence[Array]]
) -> list[Difference]:
    """Compare two executors layer by layer, in execution order, on the tensors that both show."""
    worst: dict[int, float] = {}
    total: dict[int, float] = {}
    count: dict[int, int] = {}
    for values in inputs:
        expected, found = reference.tensors(values), other.tensors(values)
        for index in expected.keys() & found.keys():
            gap = _gap(expected, found, index)
            worst[index] = max(worst.get(index, 0.0), float(gap.max(initial=0.0)))
            total[index] = total.get(index, 0.0) + float(gap.sum())
            count[index] = count.get(index, 0) + gap.size
    return [
        Difference(op.index, op.op, t, worst[t], total[t] / max(1, count[t]), count[t])
        for op in model.main.operators
        for t in op.outputs
        if t in worst
    ]


def _gap(expected: Tensors, found: Tensors, index: int) -> Array:
    a, b = np.asarray(expected[index]), np.asarray(found[index])
    if a.size != b.size:
        raise ModelInvalid(
            f"tensor {index} has {b.size} elements, {a.size} expected", "compare the same model"
        )
    return np.abs(a.astype(np.float64).ravel() - b.astype(np.float64).ravel())


def measure(
    data: bytes,
    model: Model,
    reference: Executor,
    other: Executor,
    inputs: Sequence[Sequence[Array]],
    slack: float = 1,
) -> Contract:
    """Make a contract from measured differences.

    Args:
        data: The model's bytes (their hash goes into the contract).
        model: The same, parsed.
        reference: Usually the reference kernels.
        other: Usually the device.
        inputs: What to run.
        slack: Added to the worst difference of a layer that differs at all, LSB.
    """
    found = differences(model, reference, other, inputs)
    worst = {d.tensor: d.worst + (slack if d.worst else 0.0) for d in found}
    mean = {d.tensor: 1.5 * d.mean for d in found}
    return Contract(hashlib.sha256(data).hexdigest(), other.name, len(inputs), worst, mean)


def save(contract: Contract, path: Path) -> None:
    """Write a contract as JSON."""
    write_json(path, asdict(contract))


def load(path: Path, data: bytes) -> Contract:
    """Read a contract and check that it belongs to a model.

    Raises:
        InvalidSetting: No contract, a damaged one, or one of another model.
    """
    try:
        raw = json.loads(path.read_text())
        contract = Contract(
            str(raw["model_sha256"]),
            str(raw["executor"]),
            int(raw["inputs"]),
            {int(k): float(v) for k, v in raw["worst"].items()},
            {int(k): float(v) for k, v in raw["mean"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidSetting(
            f"{path} is no tolerance file: {error}", "`undertone bisect --save` writes one"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if contract.model_sha256 != found:
        raise InvalidSetting(
            f"{path} belongs to model {contract.model_sha256[:12]}, this is {found[:12]}", "measure it again"
        )
    return contract
