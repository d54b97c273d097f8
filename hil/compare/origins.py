"""What was changed to get from one bundle to the other: keys of recipe and data, files, and the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_bridge.base.version import files_between
from hil.compare.sides import Side

ABSENT = "not set"


@dataclass(frozen=True)
class KeyChange:
    """A setting with another value, by its dotted key; `ABSENT` where one side has none."""

    key: str
    first: Any
    second: Any

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {"key": self.key, "first": self.first, "second": self.second}


@dataclass(frozen=True)
class Origins:
    """What was changed.

    Attributes:
        keys: Settings that differ; `recipe.` before those of the recipe.
        files: Files of the bundles that differ, or that one of them lacks.
        code: Revisions of the code, (first, second).
        code_files: Files that differ between these revisions; None where this checkout does not know both.
        unknown: Why settings could not be compared; empty where they were.
    """

    keys: tuple[KeyChange, ...]
    files: tuple[str, ...]
    code: tuple[str, str]
    code_files: tuple[str, ...] | None
    unknown: str = ""

    @property
    def same_code(self) -> bool:
        """Whether both were made by the same revision, without changes that no revision holds."""
        return self.code[0] == self.code[1] and not self.code[0].endswith("+changes")

    @property
    def differ(self) -> bool:
        """Whether anything is known to differ."""
        return bool(self.keys or self.files or self.code[0] != self.code[1])

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "keys": [one.as_dict() for one in self.keys],
            "files": list(self.files),
            "code": {
                "first": self.code[0],
                "second": self.code[1],
                "files": list(self.code_files) if self.code_files is not None else None,
            },
            "unknown": self.unknown,
        }


def origins(first: Side, second: Side) -> Origins:
    """Return what was changed between two sides."""
    unknown = ""
    if not first.made_from or not second.made_from:
        unknown = "a report does not say what its bundle was made from"
    return Origins(
        keys=() if unknown else key_changes(first.made_from, second.made_from),
        files=tuple(
            name
            for name in sorted({**first.networks, **second.networks})
            if first.networks.get(name) != second.networks.get(name)
        ),
        code=(first.code, second.code),
        code_files=files_between(first.code, second.code),
        unknown=unknown,
    )


def key_changes(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[KeyChange, ...]:
    """Return the settings that differ, sorted by key."""
    return tuple(
        KeyChange(key, first.get(key, ABSENT), second.get(key, ABSENT))
        for key in sorted({**first, **second})
        if first.get(key, ABSENT) != second.get(key, ABSENT)
    )
