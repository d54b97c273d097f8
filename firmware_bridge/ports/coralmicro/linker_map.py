"""What the linker says of its work: sections, where they lie, and which libraries they came from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from firmware_bridge.base.errors import EnvironmentLacking

START = "Linker script and memory map"
OWN = "undertone"
_NUMBER = "0x([0-9a-f]+)"
# Long names stand on a line of their own, and the numbers on the next.
_OUTPUT = re.compile(rf"^([.A-Za-z_]\S*)\s+{_NUMBER}\s+{_NUMBER}(?:\s+load address {_NUMBER})?\s*$")
_INPUT = re.compile(rf"^ (?:\S+|\*fill\*)\s+{_NUMBER}\s+{_NUMBER}(?: (\S.*))?$")
_NAME_ALONE = re.compile(r"^ ?[.A-Za-z_][^\s()]*$")
# A library, or the build folder of files that were linked without one.
_OWNER = re.compile(r"(?:^|/)lib(?:libs_)?([^/]+)\.a\(|(?:^|/)CMakeFiles/(?:libs_)?([^/]+)\.dir/")


@dataclass(frozen=True)
class Section:
    """A section of the finished program.

    Attributes:
        name: With its dot.
        address: Where it lies when the program runs.
        bytes: Its size.
        loaded_at: Where its first contents wait to be copied; `None` where they lie at once where they belong.
        owners: Bytes by the library that they came from; Undertone's own files count as `undertone`.
    """

    name: str
    address: int
    bytes: int
    loaded_at: int | None = None
    owners: Counter[str] = field(default_factory=Counter)


def read_map(text: str) -> list[Section]:
    """Return the sections that a GNU linker's map tells of, in its order; empty ones are left out.

    Args:
        text: The map.

    Raises:
        EnvironmentLacking: It is no such map.
    """
    _, found, body = text.partition(START)
    if not found:
        raise EnvironmentLacking(
            "the linker wrote no map that can be read", "link with GNU ld (-Wl,-Map=FILE)"
        )
    sections: list[Section] = []
    for line in _joined(body):
        output, inside = _OUTPUT.match(line), _INPUT.match(line)
        if output:
            name, address, size, loaded = output.groups()
            sections.append(
                Section(name, int(address, 16), int(size, 16), int(loaded, 16) if loaded else None)
            )
        elif inside and sections and int(inside[2], 16):
            sections[-1].owners[_owner(inside[3])] += int(inside[2], 16)
    return [section for section in sections if section.bytes]


def holds_function(text: str, name: str) -> bool:
    """Return whether a function with a section of its own came into the program: the linker drops what nobody calls.

    Args:
        text: The map.
        name: Of the function, as the linker knows it.
    """
    _, _, body = text.partition(START)
    return any(re.match(rf"^ \.text\.{name}\s+0x0*[1-9a-f]", line) for line in _joined(body))


def _joined(body: str) -> Iterator[str]:
    """Yield the lines, each name that stands alone with the line after it."""
    name = ""
    for line in body.splitlines():
        if _NAME_ALONE.match(line):
            name = line
        elif name:
            yield f"{name} {line.strip()}"
            name = ""
        else:
            yield line


def _owner(file: str | None) -> str:
    if file is None:
        return "padding"
    found = _OWNER.search(file)
    name = (found[1] or found[2]) if found else "other"
    return OWN if name.startswith(OWN) else name
