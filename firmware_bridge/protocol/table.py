"""The protocol's one table, read and checked at import."""

from __future__ import annotations

import re
import struct
import tomllib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from firmware_bridge.base.errors import InvalidSetting

_SCALARS: Final = {"u8": "B", "u16": "H", "u32": "I", "i8": "b", "i16": "h", "i32": "i", "f32": "f"}
_ARRAY = re.compile(r"(?P<item>\w+)\[(?P<most>\d+)\]")


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes:
        name: Its name.
        item: The type of one element: a scalar type, or `text`.
        most: Longest count (bytes, for text); 0 for a scalar.
    """

    name: str
    item: str
    most: int = 0

    @property
    def is_text(self) -> bool:
        """Whether the field is UTF-8 text."""
        return self.item == "text"

    @property
    def code(self) -> str:
        """The `struct` letter of one element."""
        return "B" if self.is_text else _SCALARS[self.item]

    @property
    def count_code(self) -> str:
        """The `struct` letter of the count before an array or text."""
        return "B" if self.most < 256 else "H"

    @property
    def most_bytes(self) -> int:
        """Bytes that the field takes at most, its count included."""
        size = struct.calcsize("<" + self.code)
        return struct.calcsize("<" + self.count_code) + size * self.most if self.most else size


@dataclass(frozen=True)
class Layout:
    """One kind of message.

    Attributes:
        name: In the table.
        id: Its number on the wire.
        fields: In order.
        reply: Name of the reply that it asks for; None where it is no request.
        needs: The capability without which a device refuses it; None: every device can.
    """

    name: str
    id: int
    fields: tuple[Field, ...]
    reply: str | None
    needs: str | None = None

    @property
    def most_bytes(self) -> int:
        """Longest payload of this kind, in bytes."""
        return sum(field.most_bytes for field in self.fields)


@dataclass(frozen=True)
class Table:
    """The whole protocol: version, limits, error codes, named numbers and message layouts.

    Attributes:
        transcript: By message, the fields that two ports of one firmware may fill differently.
    """

    version: int
    limits: dict[str, int]
    errors: dict[str, int]
    capabilities: dict[str, int]
    listen_modes: dict[str, int]
    reset_reasons: dict[str, int]
    troubles: dict[str, int]
    layouts: dict[str, Layout]
    transcript: dict[str, list[str]]


def _field(name: str, kind: str) -> Field:
    match = _ARRAY.fullmatch(kind)
    field = Field(name, match["item"], int(match["most"])) if match else Field(name, kind)
    if field.item not in _SCALARS and not (field.is_text and field.most):
        raise InvalidSetting(
            f"field '{name}' has the unknown type '{kind}'",
            f"use one of: {', '.join(_SCALARS)}, an array T[N], or text[N]",
        )
    return field


def parse_table(text: str) -> Table:
    """Read the table and check that it is consistent.

    Args:
        text: The contents of a `protocol.toml`.

    Raises:
        InvalidSetting: A number is used twice, a reply is unknown, or a message can outgrow a frame.
    """
    raw: dict[str, Any] = tomllib.loads(text)
    layouts = {
        name: Layout(
            name,
            entry["id"],
            tuple(_field(*pair) for pair in entry["fields"]),
            entry.get("reply"),
            entry.get("needs"),
        )
        for name, entry in raw["messages"].items()
    }
    table = Table(
        raw["version"],
        raw["limits"],
        raw["errors"],
        raw["capabilities"],
        raw["listen_modes"],
        raw["reset_reasons"],
        raw["troubles"],
        layouts,
        raw["transcript"],
    )
    for what, numbers in (
        ("message", [layout.id for layout in layouts.values()]),
        ("error", list(table.errors.values())),
    ):
        if len(set(numbers)) != len(numbers) or not all(0 < number < 256 for number in numbers):
            raise InvalidSetting(f"{what} numbers must be unique and from 1 to 255", "change protocol.toml")
    for what, bits, width in (("capability", table.capabilities, 16), ("trouble", table.troubles, 8)):
        for name, bit in bits.items():
            if not 0 < bit < 1 << width or bit & (bit - 1):
                raise InvalidSetting(f"{what} '{name}' = {bit}", f"give each one bit of {width}")
    known = {(layout.name, field.name) for layout in layouts.values() for field in layout.fields}
    for name, field in ((name, field) for name, fields in table.transcript.items() for field in fields):
        if (name, field) not in known:
            raise InvalidSetting(
                f"[transcript] names the unknown field '{name}.{field}'", "change protocol.toml"
            )
    for layout in layouts.values():
        if layout.reply is not None and layout.reply not in layouts:
            raise InvalidSetting(
                f"message '{layout.name}' asks for the unknown reply '{layout.reply}'", "change protocol.toml"
            )
        if layout.needs is not None and layout.needs not in table.capabilities:
            raise InvalidSetting(
                f"message '{layout.name}' needs the unknown capability '{layout.needs}'",
                "change protocol.toml",
            )
        if layout.most_bytes > table.limits["payload_bytes"]:
            raise InvalidSetting(
                f"message '{layout.name}' can take {layout.most_bytes} bytes",
                f"shorten its arrays: a payload holds {table.limits['payload_bytes']}",
            )
    return table


TABLE: Final = parse_table((Path(__file__).parent / "protocol.toml").read_text(encoding="utf-8"))
LIMITS: Final = TABLE.limits


def _enum(name: str, members: dict[str, int]) -> Any:
    return IntEnum(name, {member.upper(): number for member, number in members.items()})


# Enums whose members come from the table, so a type checker cannot list them: annotate values as `int`.
Kind: Final[Any] = _enum("Kind", {name: layout.id for name, layout in TABLE.layouts.items()})
ErrorCode: Final[Any] = _enum("ErrorCode", TABLE.errors)
ResetReason: Final[Any] = _enum("ResetReason", TABLE.reset_reasons)
