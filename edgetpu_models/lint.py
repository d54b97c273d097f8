"""What will break or leave the Edge TPU, per operation, before compiling."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from edgetpu_models.cost.partition import Placement, place
from edgetpu_models.format.model import Model
from edgetpu_models.format.reader import load, parse
from edgetpu_models.rules.base import Effect, Ground
from edgetpu_models.verify import readable

_ORDER = list(Effect)


@dataclass(frozen=True)
class Finding:
    """One thing to know about one operation.

    Attributes:
        op_index: Its place in the execution order.
        op: Its name.
        rule: The rule's code; `undertone explain CODE` says more.
        message: What is wrong, with the values.
        remedy: What to change.
        ground: `document`, `seen mapped`, `inferred` or `unknown`.
        effect: `breaks`, `cpu`, `border` or `care`.
    """

    op_index: int
    op: str
    rule: str
    message: str
    remedy: str
    ground: str
    effect: str

    def as_dict(self) -> dict[str, str | int]:
        """Return the finding as JSON-ready data."""
        return asdict(self)


def lint(source: Path | str | bytes | memoryview | Model) -> list[Finding]:
    """Check a model against every rule.

    Args:
        source: A `.tflite` file, its bytes, or a parsed model.

    Returns:
        Findings, the gravest first, then in execution order. Only `care` and `border` ones are harmless.

    Raises:
        ModelInvalid: The file is damaged; what its scales say is reported, not raised.
    """
    model = source if isinstance(source, Model) else readable(parse(load(source)))
    placements = place(model.main)
    found = [f for p in placements for f in _findings(p)]
    found += _stranded(placements)
    return sorted(found, key=lambda f: (_ORDER.index(Effect(f.effect)), f.op_index))


def passes(findings: list[Finding]) -> bool:
    """Whether nothing was found that breaks the compiler or leaves the Edge TPU unexpectedly."""
    return not any(f.effect in (Effect.BREAKS, Effect.CPU) for f in findings)


def _findings(placement: Placement) -> list[Finding]:
    op = placement.op
    return [
        Finding(
            op.index, op.op, v.rule.name, v.message, v.rule.remedy, v.rule.ground.value, v.rule.effect.value
        )
        for v in placement.violations
    ]


def _stranded(placements: list[Placement]) -> list[Finding]:
    """One finding for each break, not one for each operation that it strands."""
    behind: dict[int, int] = {}
    for p in placements:
        if p.stranded_by is not None:
            behind[p.stranded_by] = behind.get(p.stranded_by, 0) + 1
    return [
        Finding(
            index,
            placements[index].op.op,
            "stranded",
            f"it runs on the CPU, and {count} operations behind it that could be mapped stay there too",
            "move it behind the last mapped operation, or replace it",
            Ground.SEEN.value,
            Effect.CPU.value,
        )
        for index, count in behind.items()
    ]
