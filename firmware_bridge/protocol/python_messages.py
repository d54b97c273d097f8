"""The protocol's messages as Python classes: `python -m firmware_bridge.protocol.python_messages` writes messages.py.

That file is kept with the sources, so that a type checker knows the fields; a test compares it with the table.
"""

from __future__ import annotations

import sys
from pathlib import Path

from firmware_bridge.base.files import write_changed
from firmware_bridge.protocol.table import TABLE, Field, Layout, Table

FILE = Path(__file__).parent / "messages.py"
_ARRAYS = {"u8": "uint8", "u16": "uint16", "u32": "uint32", "i8": "int8", "i16": "int16", "i32": "int32"}


def class_name(message: str) -> str:
    """Return the name of a message's class, such as `GetFeatures` for `get_features`."""
    return "".join(word.capitalize() for word in message.split("_"))


def render_messages(table: Table = TABLE) -> str:
    """Return the module.

    Args:
        table: The protocol, normally the one of `protocol.toml`.
    """
    replies = [layout for layout in table.layouts.values() if layout.reply is None]
    requests = [layout for layout in table.layouts.values() if layout.reply is not None]
    lines = [
        "# Made from protocol.toml by `python -m firmware_bridge.protocol.python_messages`: do not edit.",
        '"""The messages of the wire as classes, with the fields that the table gives them."""',
        "",
        "from __future__ import annotations",
        "",
        "from dataclasses import dataclass",
        "from typing import Final",
        "",
        "import numpy as np",
        "from numpy.typing import NDArray",
        "",
        "from firmware_bridge.protocol.message import Message, Reply, Request",
    ]
    for layout in (*replies, *requests):
        lines += ["", "", *_class(layout)]
    names = [class_name(layout.name) for layout in table.layouts.values()]
    lines += ["", "", "# All of them, in the table's order.", "ALL: Final[tuple[type[Message], ...]] = ("]
    return "\n".join([*lines, *(f"    {name}," for name in names), ")", ""])


def _class(layout: Layout) -> list[str]:
    base, words = "Reply", f"Reply `{layout.name}`."
    if layout.reply is not None:
        base, words = (
            f"Request[{class_name(layout.reply)}]",
            f"Request `{layout.name}`, for a `{layout.reply}`.",
        )
    lines = [
        "@dataclass(frozen=True, eq=False)",
        f"class {class_name(layout.name)}({base}):",
        f'    """{words}"""',
        "",
    ]
    if layout.reply is None:
        lines.append(f'    name, kind = "{layout.name}", {layout.id}')
    else:
        lines.append(f'    name, kind, reply = "{layout.name}", {layout.id}, {class_name(layout.reply)}')
    return [*lines, *([""] if layout.fields else []), *(f"    {f.name}: {_type(f)}" for f in layout.fields)]


def _type(field: Field) -> str:
    if field.is_text:
        return "str"
    if field.most:
        return f"NDArray[np.{_ARRAYS[field.item]}]"
    return "float" if field.item == "f32" else "int"


def main() -> int:
    """Write the module; return the exit status."""
    write_changed(FILE, render_messages().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
