"""The memories of the RT1176 as its Cortex-M7 sees them, and how much of each a firmware takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.ports.twin.elf import Image

ON_CHIP_LIMIT = 1_835_008  # 512 KiB of tightly coupled memory and 1.25 MiB of OCRAM


@dataclass(frozen=True)
class Memory:
    """A memory of the chip, as linker.ld has it.

    Attributes:
        name: Its name in the chip's manual.
        address: Of its first byte.
        size: In bytes.
        code: Whether it holds code and constants (readable, executable) or variables (readable, writable).
        on_chip: Whether it is part of the chip.
    """

    name: str
    address: int
    size: int
    code: bool
    on_chip: bool


# ITCM without its first 2 KB, which belong to the boot ROM; of the SDRAM the part that is the M7's.
MEMORIES = (
    Memory("ITCM", 0x0000_0800, 260_096, code=True, on_chip=True),
    Memory("DTCM", 0x2000_0000, 262_144, code=False, on_chip=True),
    Memory("OCRAM", 0x2024_0000, 1_310_720, code=False, on_chip=True),
    Memory("SDRAM", 0x8000_0000, 50_331_648, code=False, on_chip=False),
)


@dataclass(frozen=True)
class Part:
    """A section, or a large symbol of one, in a memory."""

    name: str
    bytes: int


@dataclass(frozen=True)
class RegionUse:
    """How much of a memory a firmware takes.

    Attributes:
        name: Of the memory.
        used_bytes: Taken, the initial values of variables and the whole stack included.
        limit_bytes: What there is.
        sections: What takes it.
        largest: The largest symbols in it.
    """

    name: str
    used_bytes: int
    limit_bytes: int
    sections: tuple[Part, ...]
    largest: tuple[Part, ...]


def memory_use(image: Image, largest: int = 6) -> tuple[RegionUse, ...]:
    """Return what an image takes of each memory.

    Args:
        image: The firmware.
        largest: How many symbols to name.
    """
    return tuple(_use(memory, image, largest) for memory in MEMORIES)


def _use(memory: Memory, image: Image, largest: int) -> RegionUse:
    end = memory.address + memory.size
    sections = [Part(s.name, s.size) for s in image.sections if memory.address <= s.address < end]
    if memory.code:
        # Variables that start with a value keep it in the code's memory.
        kept = [s for s in image.sections if s.initialised and not memory.address <= s.address < end]
        sections += [Part(f"{s.name} (initial values)", s.size) for s in kept]
    symbols = [
        Part(name, s.size)
        for name, s in image.symbols.items()
        if memory.address <= s.address < end and s.size
    ]
    return RegionUse(
        memory.name,
        sum(part.bytes for part in sections),
        memory.size,
        tuple(sections),
        tuple(sorted(symbols, key=lambda part: (-part.bytes, part.name))[:largest]),
    )


def on_chip_bytes(regions: Sequence[RegionUse]) -> int:
    """Return the bytes taken of all memories of the chip itself."""
    inside = {memory.name for memory in MEMORIES if memory.on_chip}
    return sum(region.used_bytes for region in regions if region.name in inside)


def check_limits(regions: Sequence[RegionUse]) -> None:
    """Make sure that a firmware fits.

    Raises:
        CheckFailed: A memory, or the chip as a whole, is too small for it.
    """
    for region in regions:
        if region.used_bytes > region.limit_bytes:
            names = ", ".join(f"{part.name} {part.bytes:,}" for part in region.largest[:3])
            raise CheckFailed(
                f"{region.name} holds {region.limit_bytes:,} bytes, the firmware takes {region.used_bytes:,}",
                f"largest there: {names}",
            )
    total = on_chip_bytes(regions)
    if total >= ON_CHIP_LIMIT:
        raise CheckFailed(
            f"the chip's own memory holds {ON_CHIP_LIMIT:,} bytes, the firmware takes {total:,}",
            "move large buffers to SDRAM",
        )
