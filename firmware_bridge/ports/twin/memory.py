"""How much of each of the chip's memories a firmware of the twin takes."""

from __future__ import annotations

from firmware_bridge.chip.regions import Part, Region, on_chip_total, require_room
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.ports.twin.elf import Image

MEMORIES = CHIP.divided("twin")


def memory_use(image: Image, largest: int = 6) -> tuple[Region, ...]:
    """Return what an image takes of each memory: initial values of variables and the whole stack are included.

    Args:
        image: The firmware.
        largest: How many symbols to name.
    """
    return tuple(_use(memory, image, largest) for memory in MEMORIES)


def _use(memory: Region, image: Image, largest: int) -> Region:
    sections = [Part(s.name, s.size) for s in image.sections if memory.holds(s.address)]
    if memory.code:
        # Variables that start with a value keep it in the code's memory.
        kept = [s for s in image.sections if s.initialised and not memory.holds(s.address)]
        sections += [Part(f"{s.name} (initial values)", s.size) for s in kept]
    symbols = [Part(name, s.size) for name, s in image.symbols.items() if memory.holds(s.address) and s.size]
    return memory.filled(sections, sorted(symbols, key=lambda part: (-part.bytes, part.name))[:largest])


def check_limits(regions: tuple[Region, ...]) -> None:
    """Make sure that a firmware fits each memory, and the processor as a whole.

    Raises:
        CheckFailed: It does not.
    """
    require_room((*regions, on_chip_total(regions, CHIP.on_chip_bytes)))
