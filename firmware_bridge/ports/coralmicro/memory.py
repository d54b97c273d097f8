"""How much of each of the board's memories the firmware takes, and what must stay free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.ports.coralmicro.linker_map import OWN, Section

ON_CHIP = "on-chip total"
FLASH = "littlefs"
# Variables with first values: their contents wait in ITCM, behind the code, and are copied at the start. The other
# sections of variables are cleared or left as they are; the map names a load address for them too, which means nothing.
COPIED = (".data", ".ncache.init", ".sdram_data")
# The heap is all of its memory; what is taken from it is known when the program runs (`stats`).
RESERVED = (".heap",)


@dataclass(frozen=True)
class Memory:
    """A memory, as the SDK's linker script has it.

    Attributes:
        name: For people.
        address: Of its first byte.
        bytes: Its size.
        least_free: Share that must stay free.
        on_chip: Whether it is in the processor.
    """

    name: str
    address: int
    bytes: int
    least_free: float = 0.0
    on_chip: bool = True


MEMORIES = (
    Memory("ITCM", 0x0000_0800, 260_096, least_free=0.10),
    Memory("DTCM", 0x2000_8000, 229_376, least_free=0.10),
    Memory("DTCM, not cached", 0x2000_0000, 32_768),
    Memory("OCRAM", 0x2024_0000, 524_288),
    Memory("OCRAM, shared", 0x202C_0000, 8_192),
    Memory("SDRAM", 0x8100_0000, 33_554_432, on_chip=False),
)
ON_CHIP_BYTES = 1_835_008  # tightly coupled memory and OCRAM of the chip
LITTLEFS_BYTES = 64 << 20


@dataclass(frozen=True)
class Region:
    """What is taken of a memory.

    Attributes:
        name: Of the memory.
        used_bytes: Taken.
        limit_bytes: What there is.
        least_free: Share that must stay free.
        owners: Bytes by library, largest first.
    """

    name: str
    used_bytes: int
    limit_bytes: int
    least_free: float = 0.0
    owners: tuple[tuple[str, int], ...] = ()

    @property
    def free(self) -> float:
        """Share that is free."""
        return 1.0 - self.used_bytes / self.limit_bytes


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
    on_chip = sum(
        region.used_bytes for region, memory in zip(regions, MEMORIES, strict=True) if memory.on_chip
    )
    flash = [Region(FLASH, flash_bytes, LITTLEFS_BYTES)] if flash_bytes else []
    return (*regions, Region(ON_CHIP, on_chip, ON_CHIP_BYTES), *flash)


def require_room(regions: Sequence[Region]) -> None:
    """Make sure that each memory holds what it must, and keeps free what it should.

    Raises:
        CheckFailed: One does not; names the library that takes the most.
    """
    for region in regions:
        if region.used_bytes <= region.limit_bytes * (1.0 - region.least_free):
            continue
        most = f"; {region.owners[0][0]} takes {region.owners[0][1]:,} of them" if region.owners else ""
        own = dict(region.owners).get(OWN, 0)
        raise CheckFailed(
            f"{region.name}: {region.used_bytes:,} of {region.limit_bytes:,} bytes taken{most}; "
            f"{region.least_free:.0%} must stay free",
            f"Undertone's own {own:,} bytes can move: large variables to SDRAM (UT_SDRAM in app/sdram.h)",
        )


def table(regions: Sequence[Region]) -> str:
    """Return the regions as lines of text."""
    lines = [f"{'memory':<18}{'used':>12}{'of':>12}{'free':>8}  {OWN}'s  largest"]
    for region in regions:
        own = dict(region.owners).get(OWN, 0)
        largest = ", ".join(f"{name} {count:,}" for name, count in region.owners[:3])
        lines.append(
            f"{region.name:<18}{region.used_bytes:>12,}{region.limit_bytes:>12,}{region.free:>8.1%}"
            f"  {own:>11,}  {largest}".rstrip()
        )
    return "\n".join(lines)


def _region(memory: Memory, sections: Sequence[Section]) -> Region:
    owners: Counter[str] = Counter()
    used = 0
    for section in sections:
        here = _is_in(memory, section.address) and section.name not in RESERVED
        copied = (
            section.name in COPIED and section.loaded_at is not None and _is_in(memory, section.loaded_at)
        )
        if here or copied:
            used += section.bytes
            owners += section.owners
    return Region(memory.name, used, memory.bytes, memory.least_free, tuple(owners.most_common()))


def _is_in(memory: Memory, address: int) -> bool:
    return memory.address <= address < memory.address + memory.bytes


def _is_lost(section: Section) -> bool:
    # Sections at 0 are notes and debugging information: they are not loaded.
    return (
        section.address != 0
        and section.name not in RESERVED
        and not any(_is_in(memory, section.address) for memory in MEMORIES)
    )
