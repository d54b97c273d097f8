"""A region of memory and what is taken of it: the one type that ports, builds and reports share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.base.evidence import Evidence

ON_CHIP_TOTAL = "on-chip total"


@dataclass(frozen=True)
class Part:
    """What takes bytes: a section, a symbol, a library, a buffer."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Region:
    """A region of memory; nothing of it is taken until `filled`.

    Attributes:
        name: For people.
        limit_bytes: Its size; 0 where there is none worth naming (a process).
        parts: What takes it.
        address: Of its first byte.
        memory: Name of the chip's memory that it is a part of; empty outside of the chip's map.
        code: Whether it holds code and constants.
        on_chip: Whether it is in the processor.
        least_free: Share that must stay free.
        largest: Its largest symbols, where they are known.
        evidence: What the parts are worth.
        source: Where the parts come from.
    """

    name: str
    limit_bytes: int = 0
    parts: tuple[Part, ...] = ()
    address: int = 0
    memory: str = ""
    code: bool = False
    on_chip: bool = False
    least_free: float = 0.0
    largest: tuple[Part, ...] = ()
    evidence: Evidence = Evidence.MEASURED
    source: str = ""

    @property
    def used_bytes(self) -> int:
        """Sum of the parts."""
        return sum(part.bytes for part in self.parts)

    @property
    def free(self) -> float:
        """Share that is free, below 0 where more is taken than there is; 0 where there is no limit."""
        return (self.limit_bytes - self.used_bytes) / self.limit_bytes if self.limit_bytes else 0.0

    @property
    def end(self) -> int:
        """Address of the first byte after it."""
        return self.address + self.limit_bytes

    def holds(self, address: int, count: int = 1) -> bool:
        """Whether all of so many bytes from an address on lie in it."""
        return self.address <= address and address + count <= self.end

    def filled(self, parts: Iterable[Part], largest: Iterable[Part] = ()) -> Region:
        """Return the region with what takes it."""
        return replace(self, parts=tuple(parts), largest=tuple(largest))

    def part(self, name: str) -> int:
        """Return the bytes of all parts of that name."""
        return sum(part.bytes for part in self.parts if part.name == name)


def on_chip_bytes(regions: Sequence[Region]) -> int:
    """Return the bytes taken of the processor's own memories."""
    return sum(region.used_bytes for region in regions if region.on_chip)


def on_chip_total(regions: Sequence[Region], limit_bytes: int) -> Region:
    """Return all on-chip regions as one: what the project calls the 1.8 MB.

    Args:
        regions: Those of a firmware.
        limit_bytes: What the processor holds in all.
    """
    return Region(
        ON_CHIP_TOTAL, limit_bytes, tuple(Part(one.name, one.used_bytes) for one in regions if one.on_chip)
    )


def require_room(regions: Sequence[Region], own: str = "", remedy: str = "") -> None:
    """Make sure that each region holds what it must, and keeps free what it should.

    Args:
        regions: Those of a firmware, the on-chip total among them where the caller wants it held.
        own: Name of the part that can be moved elsewhere; empty: name the largest.
        remedy: What to do about it.

    Raises:
        CheckFailed: One does not; names what takes the most.
    """
    for region in regions:
        if not region.limit_bytes or region.used_bytes <= region.limit_bytes * (1.0 - region.least_free):
            continue
        most = max(region.parts, key=lambda part: part.bytes)
        names = ", ".join(f"{part.name} {part.bytes:,}" for part in (region.largest or (most,))[:3])
        kept = f"; {region.least_free:.0%} must stay free" if region.least_free else ""
        moved = f"{own}'s own {region.part(own):,} bytes can move: " if own else ""
        raise CheckFailed(
            f"{region.name} holds {region.limit_bytes:,} bytes, the firmware takes {region.used_bytes:,}{kept}; "
            f"{most.name} takes {most.bytes:,} of them",
            f"{moved}{remedy or 'move large buffers to SDRAM'} (largest there: {names})",
        )


def memory_table(regions: Sequence[Region], own: str = "") -> str:
    """Return regions as lines of text: taken, of how much, what takes it, and the largest symbols.

    Args:
        regions: Those of a firmware.
        own: Name of a part that gets a column of its own.
    """
    lines = []
    for region in regions:
        limit = (
            f"of {region.limit_bytes:>10,} bytes {1 - region.free:>7.1%}" if region.limit_bytes else "bytes"
        )
        ours = f"   {own} {region.part(own):,}" if own and region.part(own) else ""
        lines.append(f"{region.name:<18}{region.used_bytes:>12,} {limit}{ours}")
        lines += [f"    {part.name:<34}{part.bytes:>12,}" for part in region.parts]
        lines += [f"        {part.name:<30}{part.bytes:>12,}" for part in region.largest]
    return "\n".join([*lines, ""])
