"""The chip's table as C and the linker need it."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.base.files import write_changed
from firmware_bridge.chip.rt1176 import CHIP, Chip

MADE = "Made from rt1176.toml by firmware_bridge.chip.render: do not edit."
HEADER, SCRIPT = "rt1176.h", "firmware.ld"


def render_header(chip: Chip = CHIP) -> str:
    """Return the C99 header: clock, places, and where the memories and each port's regions lie.

    Args:
        chip: The table, normally that of `rt1176.toml`.
    """
    numbers = {"UT_M7_HZ": str(chip.m7_hz)}
    for name, place in chip.places.items():
        numbers[f"UT_PLACE_{_word(name)}"] = f"0x{place.address:08X}"
    for owner, regions in {"memory": tuple(chip.memories.values()), **chip.regions}.items():
        for region in regions:
            stem = f"UT_{_word(owner)}_{_word(region.name)}"
            numbers |= {f"{stem}_LOW": f"0x{region.address:08X}", f"{stem}_HIGH": f"0x{region.end:08X}"}
    lines = [f"/* {MADE} */", "#ifndef UNDERTONE_RT1176_H", "#define UNDERTONE_RT1176_H", ""]
    lines += [f"#define {name} {value}u" for name, value in numbers.items()]
    return "\n".join([*lines, "", "#endif", ""])


def render_memory_script(port: str, chip: Chip = CHIP) -> str:
    """Return the linker's MEMORY command for a port.

    Args:
        port: One with regions in the table.
        chip: The table, normally that of `rt1176.toml`.
    """
    lines = [
        f"    {region.name} ({'rx' if region.code else 'rw'}) : "
        f"ORIGIN = 0x{region.address:08X}, LENGTH = 0x{region.limit_bytes:X}"
        for region in chip.divided(port)
    ]
    return "\n".join([f"/* {MADE} */", "MEMORY {", *lines, "}", ""])


def write_chip(folder: Path, port: str = "", sections: str = "") -> None:
    """Write the header, and a port's whole linker script, into a folder.

    Args:
        folder: Where.
        port: One that is linked by a script of ours.
        sections: That script, but for its MEMORY command.
    """
    write_changed(folder / HEADER, render_header().encode())
    if port:
        write_changed(folder / SCRIPT, f"{render_memory_script(port)}\n{sections}".encode())


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name).upper()
