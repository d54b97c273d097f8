"""How much of each memory the firmware takes, as text."""

from __future__ import annotations

from firmware_bridge.ports.twin.build import Firmware
from firmware_bridge.ports.twin.memory import ON_CHIP_LIMIT, on_chip_bytes


def memory_report(firmware: Firmware) -> str:
    """Return a table: memories against their limits, with sections and largest symbols."""
    lines = [f"{firmware.binary.name}, built with {firmware.compiler}", ""]
    for region in firmware.regions:
        share = 100 * region.used_bytes / region.limit_bytes
        lines.append(
            f"{region.name:8}{region.used_bytes:12,} of {region.limit_bytes:12,} bytes {share:6.1f} %"
        )
        lines += [f"    {part.name:34}{part.bytes:12,}" for part in region.sections]
        lines += [f"        {part.name:30}{part.bytes:12,}" for part in region.largest]
    total = on_chip_bytes(firmware.regions)
    lines += ["", f"on chip {total:12,} of {ON_CHIP_LIMIT:12,} bytes {100 * total / ON_CHIP_LIMIT:6.1f} %"]
    return "\n".join([*lines, ""])
