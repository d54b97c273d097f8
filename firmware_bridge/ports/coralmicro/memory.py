"""How much of each of the board's memories the firmware takes, and what must stay free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.chip import regions as chip_regions
from firmware_bridge.chip.regions import Part, Region, on_chip_total
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.ports.coralmicro.linker_map import OWN, Section

FLASH = "littlefs"
# Variables with first values: their contents wait in ITCM, behind the code, and are copied at the start. The other
# sections of variables are cleared or left as they are; the map names a load address for them too, which means nothing.
COPIED = (".data", ".ncache.init", ".sdram_data")
# The heap is all of its memory; what is taken from it is known when the program runs (`stats`).
RESERVED = (".heap",)
# What no library owns: a section that the map tells no more of.
UNNAMED = "unnamed"

MEMORIES = CHIP.divided("board")


def measure(sections: Sequence[Section], flash_bytes: int = 0) -> tuple[Region, ...]:
    """Return what sections take of each memory.

    Args:
        sections: The program's.
        flash_bytes: Files that are put on the board's littlefs.

    Raises:
        CheckFailed: A section lies in none of the memories.
    """
    regions = tuple(_region(memory, sections) for memory in MEMORIES)
    lost = [section for section in sections if _is_lost(section)]
    if lost:
        raise CheckFailed(
            f"the section {lost[0].name} ({lost[0].bytes} bytes) lies in none of the board's memories",
            "give its variables a section that the SDK's linker script knows (app/sdram.h)",
        )
    flash = [Region(FLASH, CHIP.littlefs_bytes, (Part("files", flash_bytes),))] if flash_bytes else []
    return (*regions, on_chip_total(regions, CHIP.on_chip_bytes), *flash)


def require_room(regions: Sequence[Region]) -> None:
    """Make sure that each memory holds what it must, and keeps free what it should.

    Raises:
        CheckFailed: One does not; names the library that takes the most.
    """
    chip_regions.require_room(regions, OWN, "large variables to SDRAM (UT_SDRAM in app/sdram.h)")


def _region(memory: Region, sections: Sequence[Section]) -> Region:
    owners: Counter[str] = Counter()
    for section in sections:
        here = memory.holds(section.address) and section.name not in RESERVED
        copied = section.name in COPIED and section.loaded_at is not None and memory.holds(section.loaded_at)
        if here or copied:
            owners.update(_shares(section))
    return memory.filled(Part(name, count) for name, count in owners.most_common() if count)


def _is_lost(section: Section) -> bool:
    # Sections at 0 are notes and debugging information: they are not loaded.
    return (
        section.address != 0
        and section.name not in RESERVED
        and not any(memory.holds(section.address) for memory in MEMORIES)
    )


def _shares(section: Section) -> Counter[str]:
    """Return a section's bytes by library; they add up to its size.

    The map lists texts that several files share with each of these files, the program holds them once: what is too
    much is taken off the largest library.
    """
    shares = Counter(section.owners)
    rest = section.bytes - shares.total()
    shares[shares.most_common(1)[0][0] if rest < 0 else UNNAMED] += rest
    return shares
