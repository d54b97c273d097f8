"""A number never travels without its evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Evidence(StrEnum):
    """How a figure came to be."""

    MEASURED = "measured"  # a board did it, or it is a fact of a file on disk
    EMULATED = "emulated"  # our firmware on an emulated Cortex-M7
    MODELLED = "modelled"  # the chip's arithmetic as read from compiled files
    SIMULATED = "simulated"  # host int8 kernels stand in for the Edge TPU
    ESTIMATED = "estimated"  # a fitted model, with its error
    DERIVED = "derived"  # a compiled file made from a template of the real compiler's, not by the compiler


@dataclass(frozen=True)
class Quantity:
    """A value with its unit, its evidence and where it comes from.

    Attributes:
        value: The number.
        unit: Its unit (`ms`, `bytes`, `%`, `` for a ratio).
        evidence: How the number came to be.
        n: How many samples stand behind it.
        interval: Low and high end of its 95 % interval, where there is one.
        source: The formula, file or fact behind it.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # where a record holds one

    value: int | float
    unit: str
    evidence: Evidence
    n: int = 1
    interval: tuple[int | float, int | float] | None = None
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the quantity as JSON-ready data."""
        data = asdict(self)
        data["evidence"] = self.evidence.value
        data["interval"] = list(self.interval) if self.interval else None
        return data

    def __str__(self) -> str:
        number = f"{self.value:,.0f}" if float(self.value).is_integer() else f"{self.value:,.2f}"
        spread = f" [{self.interval[0]:,.2f}, {self.interval[1]:,.2f}]" if self.interval else ""
        unit = f" {self.unit}" if self.unit else ""
        return f"{number}{unit}{spread} ({self.evidence.value})"
