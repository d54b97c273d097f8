"""What the tools need to know of a 32-bit ELF image: loadable parts, sections, symbols."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import EnvironmentLacking

FUNCTION = "STT_FUNC"


@dataclass(frozen=True)
class Segment:
    """A part that is loaded.

    Attributes:
        address: Where it is loaded (its load address, which for initialised data is not where it runs).
        data: Its bytes in the file.
        size: Its bytes in memory.
    """

    address: int
    data: bytes
    size: int


@dataclass(frozen=True)
class Symbol:
    """A named function or variable.

    Attributes:
        address: Of its first byte; of a function without the Thumb bit.
        size: In bytes.
        kind: As in the file, such as `STT_FUNC`.
    """

    address: int
    size: int
    kind: str


@dataclass(frozen=True)
class Section:
    """A section that takes memory.

    Attributes:
        name: Such as `.text`.
        address: Where it runs.
        size: In bytes.
        initialised: Whether its contents lie in the file.
    """

    name: str
    address: int
    size: int
    initialised: bool


@dataclass(frozen=True)
class Image:
    """An ELF image that was read.

    Attributes:
        segments: Loadable parts with contents or size.
        sections: Sections that take memory.
        symbols: By name. Functions of one name that belong to several files are numbered from the second on: `name#2`.
    """

    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    symbols: dict[str, Symbol] = field(default_factory=dict)

    @property
    def functions(self) -> dict[str, Symbol]:
        """Return the functions by name."""
        return {name: one for name, one in self.symbols.items() if one.kind == FUNCTION}

    def locate(self, address: int) -> str:
        """Return `name+offset` of the symbol that an address lies in, or the bare address."""
        for name, one in self.symbols.items():
            if one.address <= address < one.address + one.size:
                return f"{name}+0x{address - one.address:x}"
        return f"0x{address:08x}"


def read_elf(path: Path) -> Image:
    """Read an image.

    Raises:
        EnvironmentLacking: The package `pyelftools` is missing, or the file is no ELF image.
    """
    try:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile
    except ImportError as error:
        raise EnvironmentLacking("the package pyelftools is not installed", "run: make setup") from error
    with path.open("rb") as stream:
        try:
            elf = ELFFile(stream)
            segments = tuple(
                Segment(one["p_paddr"], one.data(), one["p_memsz"])
                for one in elf.iter_segments("PT_LOAD")
                if one["p_memsz"]
            )
            allocated = [one for one in elf.iter_sections() if one["sh_flags"] & 2 and one["sh_size"]]
            sections = tuple(
                Section(one.name, one["sh_addr"], one["sh_size"], one["sh_type"] != "SHT_NOBITS")
                for one in allocated
            )
            return Image(segments, sections, _symbols(elf))
        except ELFError as error:
            raise EnvironmentLacking(f"{path.name} is no ELF image: {error}", "build it again") from error


def _symbols(elf: Any) -> dict[str, Symbol]:
    table = elf.get_section_by_name(".symtab")
    found: dict[str, Symbol] = {}
    for one in table.iter_symbols() if table is not None else ():
        kind = one["st_info"]["type"]
        if not one.name or one.name.startswith("$") or kind in ("STT_FILE", "STT_SECTION"):
            continue
        address = one["st_value"] & ~1 if kind == FUNCTION else one["st_value"]
        symbol, name, number = Symbol(address, one["st_size"], kind), one.name, 1
        while found.get(name, symbol) != symbol:
            number += 1
            name = f"{one.name}#{number}"
        found[name] = symbol
    return found
