"""What changed between two model files, compiled or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgetpu_models.format.model import Model, Operator, Tensor
from edgetpu_models.format.reader import load
from edgetpu_models.inside import record_changes
from edgetpu_models.inspect import inspect
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid


@dataclass(frozen=True)
class Change:
    """One difference: where, what was there, what is there now."""

    where: str
    before: str
    after: str

    def as_dict(self) -> dict[str, str]:
        """Return the change as JSON-ready data."""
        return {"where": self.where, "before": self.before, "after": self.after}


def diff(first: Path | str | bytes, second: Path | str | bytes) -> list[Change]:
    """Compare two models: program figures of compiled ones, then inputs, outputs, operations and constants.

    Raises:
        ModelInvalid: One of them is damaged.
    """
    a, b = verify_model(first), verify_model(second)
    changes = _compare("file", {"compiled": a.compiled}, {"compiled": b.compiled})
    if a.compiled and b.compiled:
        changes += _compare("program", inspect(first).as_dict(), inspect(second).as_dict())
        changes += [Change(*change) for change in _inside(first, second)]
    for what in ("inputs", "outputs"):
        before, after = ([_tensor(m.main.tensors[i]) for i in getattr(m.main, what)] for m in (a, b))
        changes += _listed(what, before, after)
    changes += _listed("operation", *([_operator(m, op) for op in m.main.operators] for m in (a, b)))
    return changes + _constants(a, b)


def _compare(where: str, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    keys = sorted(before.keys() | after.keys())
    return [
        Change(f"{where}.{k}", str(before.get(k)), str(after.get(k)))
        for k in keys
        if before.get(k) != after.get(k)
    ]


def _listed(where: str, before: list[str], after: list[str]) -> list[Change]:
    changes = []
    for i in range(max(len(before), len(after))):
        was = before[i] if i < len(before) else "-"
        now = after[i] if i < len(after) else "-"
        if was != now:
            changes.append(Change(f"{where} {i}", was, now))
    return changes


def _inside(first: Path | str | bytes, second: Path | str | bytes) -> list[tuple[str, str, str]]:
    """Return changes of records, other instruction words and parameters; nothing for files that do not open so far."""
    try:
        return record_changes(bytes(load(first)), bytes(load(second)))
    except ModelInvalid as error:
        return [("inside", "not compared", error.what)]


def _tensor(tensor: Tensor) -> str:
    q = tensor.quantization
    scale = f" scale {q.scale:.6g} zero point {q.zero_point}" if q.scales else ""
    return f"{tensor.type} {list(tensor.shape)}{scale}"


def _operator(model: Model, op: Operator) -> str:
    options = " ".join(f"{k}={v}" for k, v in sorted(op.options.items()))
    outputs = ", ".join(_tensor(t) for t in model.main.outs(op))
    return f"{op.op} v{op.version} -> {outputs} {options}".strip()


def _constants(a: Model, b: Model) -> list[Change]:
    """Compare constants operation by operation; only counts of differing elements are told."""
    changes = []
    for first, second in zip(a.main.operators, b.main.operators, strict=False):
        if first.op != second.op or first.custom:
            continue
        pairs = zip(a.main.constants(first), b.main.constants(second), strict=False)
        for place, (was, now) in enumerate(pairs):
            if was.data != now.data and was.shape == now.shape and was.type == now.type:
                count = int((was.values() != now.values()).sum())
                where = f"operation {first.index} {first.op} constant {place}"
                changes.append(Change(where, f"{was.elements} elements", f"{count} differ"))
    return changes
