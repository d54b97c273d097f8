"""The comparison as one structure, and its verdict in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_bridge.base.errors import InvalidSetting
from hil.compare.figures import STAGES, SUM, Change, changes
from hil.compare.origins import Origins, origins
from hil.compare.paired import Paired, paired
from hil.compare.sides import Side

FORMAT = 1
# The output that the verdict is about: what the device says in the end.
DECISIVE = "fused"
NAMED = 3


@dataclass(frozen=True)
class Comparison:
    """Two sides next to each other; every difference is second minus first.

    Attributes:
        first: One side.
        second: The other.
        changes: Every figure of both, by group.
        outputs: Paired accuracy by output.
        origins: What was changed.
        notes: What a reader must know before believing a difference.
    """

    first: Side
    second: Side
    changes: Mapping[str, list[Change]]
    outputs: Mapping[str, Paired]
    origins: Origins
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether no figure, no answer and no setting differs."""
        moved = any(one.differs for rows in self.changes.values() for one in rows)
        return not (moved or any(one.flips for one in self.outputs.values()) or self.origins.differ)

    @property
    def worse(self) -> bool:
        """Whether the second side is proven worse in any output."""
        return any(one.verdict == "worse" for one in self.outputs.values())

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.same and self.first.bundle == self.second.bundle:
            return "No difference" + ("." if self.outputs else f"; accuracy was not compared: {self._why}.")
        parts = [self._accuracy(), *self._cost(), self._cause()]
        return "; ".join(part for part in parts if part) + "."

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data; keys keep their meaning within a format."""
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "same": self.same,
            "first": _side(self.first),
            "second": _side(self.second),
            "figures": {group: [one.as_dict() for one in rows] for group, rows in self.changes.items()},
            "accuracy": {name: one.as_dict() for name, one in self.outputs.items()},
            "not_compared": self._why,
            "changed": self.origins.as_dict(),
            "notes": list(self.notes),
        }

    @property
    def _why(self) -> str:
        """Why accuracy was not compared; empty where it was."""
        if self.outputs:
            return ""
        return self.first.why_not or self.second.why_not or "the two share no clip"

    def _accuracy(self) -> str:
        decisive = self.outputs.get(DECISIVE)
        if decisive is None:
            return f"Accuracy was not compared: {self._why}"
        flips = f"{len(decisive.flips)} of {decisive.clips} clips flipped"
        if decisive.verdict == "same":
            return f"The second decides the same on all {decisive.clips} clips"
        gap = decisive.uar_difference
        size = f"fused UAR {100 * gap.value:+.1f} points [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"
        where = f"over {gap.speakers} speakers, {flips}"
        if decisive.verdict == "not proven":
            return f"No proven difference in accuracy: {size} {where}"
        return f"The second is {decisive.verdict}: {size} {where}"

    def _cost(self) -> list[str]:
        """Say what the second takes more or less of: bytes of its files, time of a decision."""
        parts = []
        files = [one for one in self.changes.get("bytes", []) if one.differs]
        if files:
            grown = sum(_value(one.second) - _value(one.first) for one in files)
            parts.append(
                f"{grown:+,.0f} bytes" if grown else f"{len(files)} files of other sizes, as many bytes"
            )
        total = next((one for one in self.changes.get(STAGES, []) if one.name == SUM), None)
        if total is not None and total.difference:
            doubt = ", within the intervals" if total.within_intervals else ""
            parts.append(f"{total.difference:+.3g} ms a decision{doubt}")
        return parts

    def _cause(self) -> str:
        """Say what was changed to get there."""
        found = self.origins
        keys = [one.key for one in found.keys]
        named = ", ".join(keys[:NAMED]) + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")
        parts = [f"changed: {named}" if keys else ""]
        if found.code[0] != found.code[1]:
            parts.append("other code")
        if not any(parts) and self.first.bundle != self.second.bundle:
            parts.append(
                f"no setting and no revision differs, but {', '.join(found.files) or 'the bundles'} do"
            )
        if not any(parts):
            parts.append("the same bundle")
        return ", ".join(part for part in parts if part)


def compare(first: Side, second: Side) -> Comparison:
    """Put two sides of one kind next to each other.

    Raises:
        InvalidSetting: A clip is not the same on both.
    """
    return Comparison(
        first=first,
        second=second,
        changes=changes(first.figures, second.figures),
        outputs=_paired(first, second),
        origins=origins(first, second),
        notes=tuple(_notes(first, second)),
    )


def _paired(first: Side, second: Side) -> dict[str, Paired]:
    found = {}
    for name, output in first.outputs.items():
        other = second.outputs.get(name)
        if other is None or set(other.labels) != set(output.labels):
            continue
        try:
            one = paired(name, output, other)
        except ValueError as error:
            raise InvalidSetting(
                f"{first.place} and {second.place} cannot be paired: {error}", "run both on the same corpus"
            ) from error
        if one is not None:
            found[name] = one
    return found


def _notes(first: Side, second: Side) -> list[str]:
    notes = []
    for key in {**first.conditions, **second.conditions}:
        ends = first.conditions.get(key), second.conditions.get(key)
        if ends[0] != ends[1]:
            notes.append(
                f"Not the same conditions: {key} is {ends[0]} on the first side, {ends[1]} on the second."
            )
    for name, output in first.outputs.items():
        other = second.outputs.get(name)
        if other is None or set(other.labels) != set(output.labels):
            notes.append(f"{name} is not compared: the sides have other classes, or one has no such output.")
        elif alone := len(set(output.clips) ^ set(other.clips)):
            notes.append(f"{name}: {alone} clips are on one side only and are left out.")
    if first.evidence != second.evidence:
        notes.append(f"Answers are {first.evidence} on the first side and {second.evidence} on the second.")
    if "synthetic" in (first.speech, second.speech):
        notes.append("All speech is synthetic: the differences say nothing about people.")
    if any(one.code.endswith("+changes") for one in (first, second)):
        notes.append("A bundle was made by code with changes that no revision holds.")
    return notes


def _side(side: Side) -> dict[str, Any]:
    return {
        "kind": side.kind,
        "place": side.place,
        "bundle": side.bundle,
        "code": side.code,
        "evidence": side.evidence,
        "speech": side.speech,
        "conditions": dict(side.conditions),
    }


def _value(figure: Any) -> float:
    return 0.0 if figure is None else float(figure.value)
