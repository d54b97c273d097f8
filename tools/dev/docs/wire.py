"""`docs/wire.md`: what laptop and device say to each other, made from the protocol's table.

What the numbers mean stands in `protocol.toml` as comments, which is where somebody changes them; a number without one
is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.paths import ROOT
from firmware_bridge.protocol import Frame, encode, encode_frame
from firmware_bridge.protocol.table import TABLE, Field, Layout
from tools.dev.docs.markdown import table

SOURCE = ROOT / "firmware_bridge" / "protocol" / "protocol.toml"
SECTIONS = {
    "errors": "Error codes",
    "capabilities": "Capabilities",
    "listen_modes": "Ways of listening",
    "reset_reasons": "Why a device started",
    "troubles": "Troubles",
}
INTRODUCTION = """
# The wire

Made from `firmware_bridge/protocol/protocol.toml` by `make docs`; do not edit. Version {version}.

Laptop and device talk over any stream of bytes: a UART, USB, TCP, a pseudo-terminal. The host asks, the device answers;
every request may be sent again, and gets the same answer.

## A frame

| part | bytes | is |
|---|--:|---|
| version | 1 | {version} |
| kind | 1 | number of the message |
| sequence | 2 | number of the request; its reply carries the same |
| payload | 0 to {payload} | the message's fields, in order, without gaps |
| CRC-32 | 4 | zlib's, of all before it |

All numbers are little-endian. The whole is encoded with COBS (no zero byte is left in it) and followed by one zero
byte: a receiver that lost its place finds the next frame there. A frame whose CRC-32 is wrong is dropped.

`T[N]` is an array of up to N elements with its count before it (one byte where N < 256, else two); `text[N]` is UTF-8
of up to N bytes with its length before it. `f32` is an IEEE 754 float.

Example: `hello` with session 7, sequence number 1, on the wire:

```
{example}
```
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines(SOURCE.read_text(encoding="utf-8"))) + "\n"


def comments(text: str, section: str) -> dict[str, str]:
    """Return the comment behind each number of a section of the table.

    A comment that stands alone belongs to the section, not to a number.

    Raises:
        InvalidSetting: A number without one.
    """
    body = text.split(f"\n[{section}]\n", 1)[1].split("\n[", 1)[0]
    found = {}
    for line in body.splitlines():
        match = re.fullmatch(r"(\w+) = \S+(?:\s+#\s*(.+))?", line)
        if match:
            found[match[1]] = match[2] or ""
    return found


def introduction(text: str, section: str) -> str:
    """Return the comment that stands above a section, on one line; empty where there is none."""
    before = text.split(f"\n[{section}]\n", 1)[0].splitlines()
    lines: list[str] = []
    while before and before[-1].startswith("# "):
        lines.insert(0, before.pop().removeprefix("# "))
    return " ".join(lines)


def meanings(text: str, section: str, names: dict[str, int]) -> dict[str, str]:
    """Return what each number of a section means.

    Raises:
        InvalidSetting: One has no comment and a name that is not enough (`unknown`, `off`, … are).
    """
    found = comments(text, section)
    plain = {"unknown", "off", "live", "capture"}
    missing = [name for name in names if not found.get(name) and name not in plain]
    if missing:
        raise InvalidSetting(
            f"protocol.toml [{section}]: nothing says what {', '.join(missing)} means",
            "write a comment behind the number",
        )
    return found


def kind_of(field: Field) -> str:
    """Return a field's type as the table writes it."""
    return f"{field.item}[{field.most}]" if field.most else field.item


def _lines(text: str) -> Iterator[str]:
    frame = encode_frame(Frame(TABLE.layouts["hello"].id, 1, encode("hello", session=7)))
    payload = TABLE.limits["payload_bytes"]
    yield INTRODUCTION.strip().format(version=TABLE.version, payload=payload, example=frame.hex(" "))
    yield ""
    yield "## Limits"
    yield ""
    limits = meanings(text, "limits", TABLE.limits)
    yield from table(("limit", ">value", "is"), ((f"`{n}`", v, limits[n]) for n, v in TABLE.limits.items()))
    requests = [one for one in TABLE.layouts.values() if one.reply]
    replies = [one for one in TABLE.layouts.values() if not one.reply]
    for title, layouts in (("Requests", requests), ("Replies", replies)):
        yield ""
        yield f"## {title}"
        for index, layout in enumerate(layouts):
            about = introduction(text, f"messages.{layout.name}")
            yield ""
            if index == 0:  # what stands above the first is said of all of them
                yield about
                yield ""
            yield from _message(layout, about if index else "")
    for section, title in SECTIONS.items():
        numbers: dict[str, int] = getattr(TABLE, section)
        meaning_of = meanings(text, section, numbers)
        yield ""
        yield f"## {title}"
        yield ""
        if about := introduction(text, section):
            yield about
            yield ""
        yield from table(
            (">number", "name", "means"), ((v, f"`{n}`", meaning_of[n]) for n, v in numbers.items())
        )
    yield ""
    yield "## What may differ between two ports of one firmware"
    yield ""
    yield "Every other byte of a conversation is equal, and a test compares them."
    yield ""
    for name, fields in TABLE.transcript.items():
        yield f"- `{name}`: " + ", ".join(f"`{field}`" for field in fields)


def _message(layout: Layout, about: str) -> Iterator[str]:
    """Yield the part about one message: its number, its reply, each field with its place where that is fixed."""
    asks = f", asks for `{layout.reply}`" if layout.reply else ""
    yield f"### {layout.name} ({layout.id}{asks})"
    yield ""
    if about:
        yield about
        yield ""
    if not layout.fields:
        yield "No fields."
        return
    rows, at = [], 0
    fixed = True
    for field in layout.fields:
        rows.append((str(at) if fixed else "", f"`{field.name}`", f"`{kind_of(field)}`", field.most_bytes))
        fixed, at = fixed and not field.most, at + field.most_bytes
    yield from table((">at", "field", "type", ">bytes, at most"), rows)
