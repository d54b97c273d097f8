"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "missing", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        name: What was looked at.
        state: `ok`, `missing` or `wrong`.
        what: What was found.
        fix: What to do about it; empty where all is well.
        needed: Whether a build or a test cannot do without it.
    """

    name: str
    state: State
    what: str
    fix: str = ""
    needed: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        return asdict(self)


def ok(name: str, what: str, needed: bool = False) -> Finding:
    """Return a finding without complaint."""
    return Finding(name, "ok", what, needed=needed)
