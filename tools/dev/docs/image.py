"""`docs/image.md`: a bundle in the device's flash, made from the header that reader and writer use.

Places, types and sizes come from the header's layout; what a field means stands in the docstring of
`firmware_bridge/contract/image.py`. A field that it does not name is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.contract import image, image_header
from tools.dev.docs.markdown import table

COLUMNS = (">at", "field", "type", ">bytes", "is")
NAMES = {"u4": "u32", "i4": "i32", "i2": "i16", "i1": "i8", "f4": "f32", "u1": "u8"}
INTRODUCTION = """
# The image in flash

Made from `firmware_bridge/contract/image.py` by `make docs`; do not edit. Format {format}.

An image is a bundle as the device holds it, in one of its two slots: a header of {header} bytes, then both networks,
each padded with zeros to {alignment} bytes. All numbers are little-endian. What the header does not use is zero, and an
image that uses it is refused.

Python (`parse_image`) and the device (`firmware_bridge/core/image.c`) refuse the same images; a test sends thousands of
damaged ones to both.
"""


@dataclass(frozen=True)
class Row:
    """One field: where it lies, what it is."""

    at: int
    name: str
    kind: str
    size: int
    meaning: str


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def meanings(docstring: str, indent: int) -> dict[str, str]:
    """Return what the fields mean: lines of the docstring that name a field, its type and its meaning.

    Args:
        docstring: Of the image's module.
        indent: Spaces before a field: 4 in the header, 8 in a network's record.
    """
    field = rf" {{{indent}}}(\w+)\s+(?:\d+ bytes(?: each:)?|[uif]\d+(?:\[\d+\])*)\s+(\S.*)"
    matches = (re.fullmatch(field, line) for line in docstring.splitlines())
    return {match[1]: match[2] for match in matches if match}


def rows(layout: np.dtype[np.void], start: int, meaning_of: dict[str, str]) -> list[Row]:
    """Return the fields of a layout.

    Args:
        layout: A structured type.
        start: Where it lies in the image.
        meaning_of: What each field means.

    Raises:
        InvalidSetting: A field that nobody has named in the docstring.
    """
    found = []
    for name, (kind, at, *_) in sorted((layout.fields or {}).items(), key=lambda one: one[1][1]):
        if name not in meaning_of:
            raise InvalidSetting(
                f"nothing says what the image's field '{name}' is",
                "add it to the table in the docstring of firmware_bridge/contract/image.py",
            )
        found.append(Row(start + at, name, type_name(kind), kind.itemsize, meaning_of[name]))
    return found


def type_name(kind: np.dtype[np.void]) -> str:
    """Return a type in C's manner: `u32`, `i16[16][48]`, `32 bytes`."""
    base, shape = kind.subdtype or (kind, ())
    if base.fields:
        return f"{shape[0]} records" if shape else "record"
    if base.itemsize == 1 and base.kind == "u":
        return f"{kind.itemsize} bytes"
    return NAMES[base.str[1:]] + "".join(f"[{count}]" for count in shape)


def _lines() -> Iterator[str]:
    header, fields = image_header.HEADER, image_header.HEADER["fields"]
    meaning_of = meanings(image.__doc__ or "", 4) | {"fields": "", "unused": "zeros"}
    yield INTRODUCTION.strip().format(
        format=image_header.FORMAT,
        header=image_header.HEADER_BYTES,
        alignment=image_header.ALIGNMENT,
    )
    yield ""
    yield "## The header"
    yield ""
    outer = [row for row in rows(header, 0, meaning_of) if row.name != "fields"]
    yield from table(COLUMNS, map(_cells, [*rows(fields, 0, meaning_of), *outer]))
    network, _ = fields["networks"].subdtype or (None, ())
    assert network is not None
    places = [fields.fields["networks"][1] + index * network.itemsize for index in range(len(image.NETWORKS))]  # type: ignore[index]
    where = " and ".join(f"{name} at {at}" for name, at in zip(image.NETWORKS, places, strict=True))
    yield ""
    yield "## A network's record"
    yield ""
    yield f"{network.itemsize} bytes each: {where}."
    yield ""
    yield from table(
        (">at", "field", "type", ">bytes", "is"),
        map(_cells, rows(network, 0, meanings(image.__doc__ or "", 8))),
    )


def _cells(row: Row) -> tuple[object, ...]:
    return row.at, f"`{row.name}`", row.kind, row.size, row.meaning
