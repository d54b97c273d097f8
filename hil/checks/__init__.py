"""Checks: from observations to one figure per budget.

A check is a function from `Observations` to `{budget name: Quantity, or the reason why there is none}`.
To add one, write it here beside its kin, list it in `CHECKS`, add its promise to `budgets.toml` and a
planted regression to `hil/selftest.py` (a test insists on all three).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware_bridge.base.evidence import Quantity
from hil.budgets import Budget, Verdict, require_measured, verdict_on
from hil.checks import accuracy, arithmetic, chip, equality, speed
from hil.rig.observations import Observations

Found = Mapping[str, Quantity | str]

CHECKS: tuple[Callable[[Observations], Found], ...] = (
    equality.alignment,
    equality.scores,
    accuracy.leakage,
    chip.memory,
    chip.edge_tpu,
    chip.latency,
    accuracy.branches,
    accuracy.int8_loss,
    arithmetic.flips,
    speed.realtime,
    speed.host_memory,
)


def measure(seen: Observations) -> dict[str, Quantity | str]:
    """Run every check; the result has a figure, or the reason for its absence, under each name."""
    found: dict[str, Quantity | str] = {}
    for check in CHECKS:
        found |= check(seen)
    return found


def verdicts(seen: Observations, budgets: Mapping[str, Budget]) -> tuple[Verdict, ...]:
    """Judge every promise, in the order of the budget file.

    Raises:
        InvalidSetting: Nothing measures one of them.
    """
    require_measured(budgets, "budgets")
    found = measure(seen)
    result = []
    for name, budget in budgets.items():
        figure = found[name]
        known = None if isinstance(figure, str) else figure
        result.append(verdict_on(name, budget, known, figure if isinstance(figure, str) else "", seen.speech))
    return tuple(result)
