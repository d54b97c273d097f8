"""What the last run into the same folder measured, and this one does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hil.budgets import Verdict


def no_longer_measured(report: Path, verdicts: Sequence[Verdict]) -> list[str]:
    """Return a sentence for each promise that has a figure in an earlier `report.json` and none now.

    Args:
        report: The earlier report; one that is missing or damaged says nothing.
        verdicts: Of the present run.
    """
    try:
        before = {one["name"]: one["figure"] for one in json.loads(report.read_text())["budgets"]}
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [
        f"{one.name} WAS MEASURED LAST TIME AND IS NOT NOW: {one.detail}."
        for one in verdicts
        if one.quantity is None and before.get(one.name)
    ]
