"""The promises of `budgets.toml`, and whether a measured figure keeps them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.base.paths import BUDGETS

DEFAULT_PATH = BUDGETS


class Budget(BaseModel):
    """One promise.

    Attributes:
        what: What is promised, in words.
        unit: The unit of the limit.
        at_most: Largest value that keeps it.
        at_least: Smallest value that keeps it.
        exactly: The only value that keeps it.
        gate: `value` compares the figure itself (facts that repeat exactly); `interval` breaks only
            when the whole interval is beyond the limit (figures with a spread of their own).
        speech: `any`, or `real`: then the promise is not asked of synthetic speech.
        remedy: What to change when it is broken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: str
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    exactly: float | None = None
    gate: Literal["value", "interval"] = "value"
    speech: Literal["any", "real"] = "any"
    remedy: str

    @model_validator(mode="after")
    def _one_limit(self) -> Budget:
        if sum(limit is not None for limit in (self.at_most, self.at_least, self.exactly)) != 1:
            raise ValueError("give exactly one of at_most, at_least, exactly")
        return self

    @property
    def limit(self) -> float:
        """The limit, whichever kind it is."""
        return next(limit for limit in (self.at_most, self.at_least, self.exactly) if limit is not None)

    @property
    def sign(self) -> str:
        """How the figure must compare with the limit."""
        return "≤" if self.at_most is not None else "≥" if self.at_least is not None else "="

    def keeps(self, quantity: Quantity) -> bool:
        """Whether a figure keeps the promise."""
        low = high = quantity.value
        if self.gate == "interval" and quantity.interval is not None:
            low, high = quantity.interval
        if self.at_most is not None:
            return low <= self.at_most
        if self.at_least is not None:
            return high >= self.at_least
        return low <= self.limit <= high


class Status(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_MEASURED = "not measured"  # this run could not tell; the reason is given
    NOT_ASKED = "not asked"  # the promise is for real speech only


@dataclass(frozen=True)
class Verdict:
    """A promise, the figure, and what became of it.

    Attributes:
        name: Name of the budget.
        budget: The promise.
        status: Whether it was kept.
        quantity: The figure, where there is one.
        detail: By how much it is broken, or why it was not measured.
    """

    name: str
    budget: Budget
    status: Status
    quantity: Quantity | None
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data."""
        return {
            "name": self.name,
            "what": self.budget.what,
            "status": self.status.value,
            "compare": self.budget.sign,
            "limit": self.budget.limit,
            "unit": self.budget.unit,
            "gate": self.budget.gate,
            "figure": self.quantity.as_dict() if self.quantity else None,
            "detail": self.detail,
            "remedy": self.budget.remedy if self.status is Status.BROKEN else "",
        }


def load_budgets(path: Path = DEFAULT_PATH) -> dict[str, Budget]:
    """Return the promises of a budget file by name.

    Raises:
        InvalidSetting: The file is missing, is not TOML, or has a wrong or unknown key; says which.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSetting(f"no budget file {path}", "name one that exists: --budgets FILE") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting(
            f"{path} is not TOML: {error}", "compare it with the budgets.toml of a release"
        ) from error
    budgets = {}
    for name, entry in raw.items():
        try:
            budgets[name] = Budget.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InvalidSetting(
                f"{path.name} [{name}] {where}: {first['msg']}", f"keys: {', '.join(Budget.model_fields)}"
            ) from error
    return budgets


def judge(name: str, budget: Budget, quantity: Quantity | None, reason: str, speech: str) -> Verdict:
    """Compare one figure with its promise.

    Args:
        name: Name of the budget.
        budget: The promise.
        quantity: The figure, or nothing.
        reason: Why there is no figure.
        speech: `real` or `synthetic`.
    """
    if quantity is None:
        return Verdict(name, budget, Status.NOT_MEASURED, None, reason)
    if budget.speech == "real" and speech != "real":
        return Verdict(
            name, budget, Status.NOT_ASKED, quantity, "synthetic speech; asked of real speech only"
        )
    if budget.keeps(quantity):
        return Verdict(name, budget, Status.KEPT, quantity, "")
    return Verdict(name, budget, Status.BROKEN, quantity, _by_how_much(budget, quantity))


def _by_how_much(budget: Budget, quantity: Quantity) -> str:
    over = quantity.value - budget.limit
    amount = f"{abs(over):,.0f}" if abs(over) >= 1000 else f"{abs(over):.4g}"
    words = f"{amount} {budget.unit}".strip() + (" too much" if over > 0 else " too little")
    if budget.exactly is None and budget.limit:
        words += f" ({abs(over / budget.limit):.1%} of the limit)"
    if budget.gate == "interval" and quantity.interval:
        words += f"; even its interval {quantity.interval[0]:.4g} to {quantity.interval[1]:.4g} is beyond"
    return words
