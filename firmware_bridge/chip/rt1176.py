"""The chip's table, read and checked at import: what lies where, and how each port divides it."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.chip.regions import Region

TABLE_FILE: Final = Path(__file__).parent / "rt1176.toml"


@dataclass(frozen=True)
class Place:
    """Addresses with a meaning."""

    address: int
    bytes: int


@dataclass(frozen=True)
class Chip:
    """The table.

    Attributes:
        name: Of the chip.
        m7_hz: Clock of the Cortex-M7.
        memories: What there is, by name, the reserved start left out.
        on_chip_bytes: The processor's own memories in all, their reserved starts included.
        regions: How each port divides them, by the port's name.
        places: Addresses with a meaning.
        edge_tpu_bytes: The Edge TPU's own memory.
        littlefs_bytes: The board's file system.
    """

    name: str
    m7_hz: int
    memories: dict[str, Region]
    on_chip_bytes: int
    regions: dict[str, tuple[Region, ...]]
    places: dict[str, Place]
    edge_tpu_bytes: int
    littlefs_bytes: int

    def divided(self, port: str) -> tuple[Region, ...]:
        """Return how a port divides the memories; `UnknownName` lists the ports."""
        if port not in self.regions:
            raise UnknownName("memory map", port, self.regions)
        return self.regions[port]


def _memory(name: str, entry: dict[str, Any]) -> Region:
    reserved = entry.get("reserved", 0)
    return Region(
        name,
        entry["bytes"] - reserved,
        address=entry["address"] + reserved,
        memory=name,
        on_chip=entry["on_chip"],
    )


def _region(port: str, entry: dict[str, Any], memories: dict[str, Region]) -> Region:
    name, memory = entry["name"], memories.get(entry["memory"])
    if memory is None:
        raise InvalidSetting(
            f"region '{name}' of {port} is of the unknown memory '{entry['memory']}'",
            f"use one of: {', '.join(memories)}",
        )
    if not memory.holds(entry["address"], entry["bytes"]):
        raise InvalidSetting(
            f"region '{name}' of {port} does not lie in {memory.name}",
            f"keep it within 0x{memory.address:08x} and 0x{memory.end:08x}",
        )
    return Region(
        name,
        entry["bytes"],
        address=entry["address"],
        memory=memory.name,
        code=entry.get("holds", "data") == "code",
        on_chip=memory.on_chip,
        least_free=entry.get("least_free", 0.0),
    )


def parse_chip(text: str) -> Chip:
    """Read the table and check that it is consistent.

    Args:
        text: The contents of an `rt1176.toml`.

    Raises:
        InvalidSetting: A region lies outside of its memory, two of one port overlap, or what is to outlive a
            restart lies in one of the board's regions.
    """
    raw: dict[str, Any] = tomllib.loads(text)
    memories = {name: _memory(name, entry) for name, entry in raw["memories"].items()}
    regions = {
        port: tuple(_region(port, entry, memories) for entry in entries)
        for port, entries in raw["regions"].items()
    }
    places = {name: Place(**entry) for name, entry in raw["places"].items()}
    for port, ones in regions.items():
        ordered = sorted(ones, key=lambda one: one.address)
        for low, high in itertools.pairwise(ordered):
            if low.end > high.address:
                raise InvalidSetting(
                    f"'{low.name}' and '{high.name}' of {port} overlap", "change rt1176.toml"
                )
    kept = places["retained"]
    if any(one.address < kept.address + kept.bytes and kept.address < one.end for one in regions["board"]):
        raise InvalidSetting("the place `retained` lies in a region of the board", "change rt1176.toml")
    return Chip(
        raw["name"],
        raw["m7_hz"],
        memories,
        sum(entry["bytes"] for entry in raw["memories"].values() if entry["on_chip"]),
        regions,
        places,
        raw["outside"]["edge_tpu_bytes"],
        raw["outside"]["littlefs_bytes"],
    )


CHIP: Final = parse_chip(TABLE_FILE.read_text(encoding="utf-8"))
