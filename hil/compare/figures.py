"""Figures of two sides next to each other: bytes, operations, stages, memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_bridge.base.evidence import Evidence, Quantity
from hil.compare.sides import Figures

STAGES = "stages of one decision"
SUM = "all stages"


@dataclass(frozen=True)
class Change:
    """One figure on both sides.

    Attributes:
        name: Of the figure.
        first: On the first side; None where it has none.
        second: On the second side.
    """

    name: str
    first: Quantity | None
    second: Quantity | None

    @property
    def difference(self) -> float | None:
        """Second minus first; None where one side has no figure."""
        if self.first is None or self.second is None:
            return None
        return self.second.value - self.first.value

    @property
    def differs(self) -> bool:
        """Whether the sides differ, or one of them has no such figure."""
        return self.difference != 0

    @property
    def within_intervals(self) -> bool:
        """Whether both figures have intervals, and these overlap: then the difference proves nothing."""
        one, two = self.first, self.second
        if one is None or two is None or one.interval is None or two.interval is None:
            return False
        return one.interval[0] <= two.interval[1] and two.interval[0] <= one.interval[1]

    @property
    def unit(self) -> str:
        """The unit of both."""
        return next((one.unit for one in (self.first, self.second) if one is not None), "")

    def as_dict(self) -> dict[str, Any]:
        """Return the change as JSON-ready data."""
        return {
            "name": self.name,
            "first": self.first.as_dict() if self.first else None,
            "second": self.second.as_dict() if self.second else None,
            "difference": self.difference,
            "within_intervals": self.within_intervals,
        }


def changes(first: Mapping[str, Figures], second: Mapping[str, Figures]) -> dict[str, list[Change]]:
    """Return every figure of every group, the first side's order before what only the second side has."""
    return {
        group: _group(_with_sum(group, first.get(group, {})), _with_sum(group, second.get(group, {})))
        for group in {**first, **second}
    }


def _group(first: Figures, second: Figures) -> list[Change]:
    return [Change(name, first.get(name), second.get(name)) for name in {**first, **second}]


def _with_sum(group: str, figures: Figures) -> Figures:
    """Add the sum to the stages of a decision; its interval is the sum of theirs, as if all were slow together."""
    if group != STAGES or not figures:
        return figures
    ends = [(one.interval or (one.value, one.value)) for one in figures.values()]
    worth = {one.evidence for one in figures.values()}
    total = Quantity(
        sum(one.value for one in figures.values()),
        "ms",
        worth.pop() if len(worth) == 1 else Evidence.ESTIMATED,
        interval=(sum(low for low, _ in ends), sum(high for _, high in ends)),
        source="the sum of the stages",
    )
    return {**figures, SUM: total}
