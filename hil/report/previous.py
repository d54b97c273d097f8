"""What the last run into the same folder measured, and this one does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.base.progress import note
from hil.budgets import Verdict


def no_longer_measured(report: Path, verdicts: Sequence[Verdict]) -> list[str]:
    """Return a sentence for each promise that has a figure in an earlier `report.json` and none now, or is gone.

    Args:
        report: The earlier report; one that is missing says nothing, and a damaged one is said to be.
        verdicts: Of the present run.
    """
    try:
        before = {one["name"]: one["figure"] for one in json.loads(report.read_text())["budgets"]}
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        note(f"{report} is damaged: what the last run measured is not known")
        return []
    now = {one.name: one for one in verdicts}
    lost = []
    for name, figure in before.items():
        if not figure or (name in now and now[name].quantity is not None):
            continue
        why = now[name].detail if name in now else "it is no longer promised"
        lost.append(f"{name} WAS MEASURED LAST TIME AND IS NOT NOW: {why}.")
    return lost
