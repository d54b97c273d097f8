"""How much of each memory the firmware takes, as text."""

from __future__ import annotations

from firmware_bridge.chip.regions import memory_table, on_chip_total
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.ports.twin.build import Firmware


def memory_report(firmware: Firmware) -> str:
    """Return a table: memories against their limits, with sections and largest symbols."""
    total = on_chip_total(firmware.regions, CHIP.on_chip_bytes)
    return f"{firmware.binary.name}, built with {firmware.compiler}\n\n{memory_table((*firmware.regions, total))}"
