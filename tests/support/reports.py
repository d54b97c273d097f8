"""A report of observations, as a run of the rig would have made it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firmware_bridge.base.events import Event, Kind, Outcome
from hil.budgets import load_budgets
from hil.checks import verdicts
from hil.report import HilReport
from hil.report.model import scorecards
from hil.rig.observations import Observations
from hil.selftest import self_test
from tests.support.observations import observations

STEPS = (
    Event(Kind.ENDED, "hil", "starting made-up", seconds=1.25, outcome=Outcome.DONE),
    Event(Kind.ENDED, "hil", "streaming", items=24, total=24, seconds=61.04, outcome=Outcome.DONE),
    Event(Kind.ENDED, "hil", seconds=62.5, outcome=Outcome.DONE),
)


def report_of(seen: Observations | None = None, **changes: Any) -> HilReport:
    """Return the report of a run that saw this; `changes` replace fields."""
    seen = seen or observations()
    budgets = load_budgets()
    made = HilReport(
        device={"device": "made-up", "evidence": seen.evidence.value},
        bundle={"id": "b" * 64, "name": "tiny"},
        channel={"name": "bench"},
        seen=seen,
        verdicts=verdicts(seen, budgets),
        cards=scorecards(seen),
        gate=tuple(self_test(seen, budgets)),
        steps=STEPS,
        notes=("A stand-in.",),
    )
    return replace(made, **changes)
