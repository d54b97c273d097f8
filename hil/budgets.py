"""The promises of `budgets.toml`, and whether a measured figure keeps them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, model_validator

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.base.paths import BUDGETS
from firmware_bridge.base.settings import Settings, explain

# What can be promised, and its unit: the figures of `hil/checks`.
UNITS: Mapping[str, str] = {
    "alignment_lsb": "LSB",
    "scores_lsb": "LSB",
    "speaker_leakage": "speakers",
    "model_bytes": "bytes",
    "board_ram_bytes": "bytes",
    "on_chip_ram_bytes": "bytes",
    "tpu_cached_bytes": "bytes",
    "tpu_streamed_bytes": "bytes",
    "ops_off_tpu": "operations",
    "latency_p50_ms": "ms",
    "latency_p95_ms": "ms",
    "macro_f1_acoustic": "",
    "macro_f1_keyword": "",
    "macro_f1_fused": "",
    "fused_gain": "",
    "int8_agreement": "%",
    "chip_flips": "%",
    "realtime_factor": "",
    "host_ram_bytes": "bytes",
}


class Budget(Settings):
    """One promise.

    Attributes:
        what: What is promised, in words.
        unit: The unit of the limit.
        at_most: Largest value that keeps it.
        at_least: Smallest value that keeps it.
        exactly: The only value that keeps it.
        gate: `value` compares the figure itself (facts that repeat exactly); `interval` breaks only
            when the whole interval is beyond the limit (figures with a spread of their own).
        required: A run that cannot measure it breaks it.
        speech: `any`, or `real`: then the promise is not asked of synthetic speech.
        remedy: What to change when it is broken.
    """

    model_config = Settings.model_config | {"allow_inf_nan": False}

    what: str
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    exactly: float | None = None
    gate: Literal["value", "interval"] = "value"
    required: bool = False
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
class Margin:
    """How far a figure is from its limit, on the good side where positive.

    Attributes:
        room: In the figure's unit.
        share: Of the limit; None where the limit is 0.
        spreads: In the figure's own spread, which is the distance to the end of its interval on the limit's side:
            above 1 the whole interval is on the good side, below -1 none of it is. None without an interval.
        by_interval_alone: The figure itself is beyond, and only its interval keeps the promise.
    """

    room: float
    share: float | None
    spreads: float | None
    by_interval_alone: bool

    def __str__(self) -> str:
        """Return it for a table."""
        text = f"{self.room:+,.0f}" if abs(self.room) >= 1000 else f"{self.room:+.3g}"
        if self.share is not None:
            text += f" ({self.share:+.1%})"
        if self.spreads is not None:
            text += f", {self.spreads:+.1f} spreads"
        return f"{text}: BY ITS INTERVAL ALONE" if self.by_interval_alone else text


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

    @property
    def margin(self) -> Margin | None:
        """The room that is left; None where nothing was measured, or where one value alone is right."""
        if self.quantity is None or self.budget.exactly is not None:
            return None
        beyond = self.quantity.value - self.budget.limit
        room = -beyond if self.budget.at_most is not None else beyond
        share = room / abs(self.budget.limit) if self.budget.limit else None
        spreads = None
        if self.quantity.interval is not None:
            low, high = self.quantity.interval
            spread = high - self.quantity.value if beyond < 0 else self.quantity.value - low
            spreads = room / spread if spread > 0 else None
        return Margin(room, share, spreads, room < 0 and self.status is Status.KEPT)

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
            "required": self.budget.required,
            "figure": self.quantity.as_dict() if self.quantity else None,
            "margin": asdict(self.margin) if self.margin else None,
            "detail": self.detail,
            "remedy": self.budget.remedy if self.status is Status.BROKEN else "",
        }


def load_budgets(path: Path = BUDGETS) -> dict[str, Budget]:
    """Return the promises of a budget file by name.

    Raises:
        InvalidSetting: The file is missing, is not TOML, promises nothing or something that nothing measures, or has
            a wrong or unknown key or unit; says which.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSetting(f"no budget file {path}", "name one that exists: --budgets FILE") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting(
            f"{path} is not TOML: {error}", "compare it with the budgets.toml of a release"
        ) from error
    if not raw:
        raise InvalidSetting(f"{path} promises nothing", f"promises: {', '.join(UNITS)}")
    require_measured(raw, path.name)
    budgets = {}
    for name, entry in raw.items():
        try:
            budgets[name] = Budget.model_validate(entry)
        except ValidationError as error:
            keys = f"keys: {', '.join(Budget.model_fields)}"
            raise explain(error, Budget, f"{path.name} [{name}]", keys) from error
        if budgets[name].unit != UNITS[name]:
            raise InvalidSetting(
                f"{path.name} [{name}] unit: '{budgets[name].unit}' is not what is measured",
                f'unit = "{UNITS[name]}"' if UNITS[name] else "leave the unit out",
            )
    return budgets


def require_measured(names: Iterable[str], source: str) -> None:
    """Check that each promise has a figure in `hil/checks`: a typo must not pass as "not measured".

    Raises:
        InvalidSetting: Nothing measures one; lists what can be promised.
    """
    for name in names:
        if name not in UNITS:
            raise InvalidSetting(f"{source} [{name}]: nothing measures that", f"promises: {', '.join(UNITS)}")


def verdict_on(name: str, budget: Budget, quantity: Quantity | None, reason: str, speech: str) -> Verdict:
    """Compare one figure with its promise.

    Args:
        name: Name of the budget.
        budget: The promise.
        quantity: The figure, or nothing.
        reason: Why there is no figure.
        speech: `real` or `synthetic`.
    """
    if quantity is None and budget.required and (budget.speech == "any" or speech == "real"):
        return Verdict(name, budget, Status.BROKEN, None, f"not measured, and it must be: {reason}")
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
    text = f"{amount} {budget.unit}".strip() + (" too much" if over > 0 else " too little")
    if budget.exactly is None and budget.limit:
        text += f" ({abs(over / budget.limit):.1%} of the limit)"
    if budget.gate == "interval" and quantity.interval:
        text += f"; even its interval {quantity.interval[0]:.4g} to {quantity.interval[1]:.4g} is beyond"
    return text
