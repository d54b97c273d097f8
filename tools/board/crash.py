"""What a crash left, for people: where it was, how it got there, in the words of the program's own symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firmware_bridge.ports.twin.elf import Image
    from firmware_bridge.protocol.messages import Crash

REGISTERS = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "sp", "cfsr", "hfsr", "mmfar", "bfar")
# Bits of the processor's fault status that say something to a person (Armv7-M, CFSR).
FAULTS = {
    1 << 0: "instruction fetched from where none may be",
    1 << 1: "access that the memory protection forbids",
    1 << 8: "instruction fetched from nowhere",
    1 << 9: "access to nothing",
    1 << 10: "access to nothing, somewhat earlier",
    1 << 4: "no room on the stack for the registers",
    1 << 12: "no room on the stack for the registers",
    1 << 16: "undefined instruction",
    1 << 17: "jump to an even address",
    1 << 20: "the task's stack was too small",
    1 << 24: "unaligned access",
    1 << 25: "division by zero",
}
ADDRESS_VALID = 1 << 15


def crash_record(crash: Crash, image: Image | None) -> dict[str, Any] | None:
    """Return what is known of a crash; None where none is kept.

    Args:
        crash: What the device answered.
        image: The program that crashed; without it addresses stay numbers.
    """
    from firmware_bridge.protocol import TABLE

    if crash.reason == TABLE.reset_reasons["unknown"]:
        return None
    names = {value: name for name, value in TABLE.reset_reasons.items()}
    registers = dict(zip(REGISTERS, map(int, crash.registers), strict=True))
    status = registers["cfsr"]
    where = image.locate if image is not None else (lambda address: f"0x{address:08x}")
    return {
        "reason": names.get(crash.reason, f"reason {crash.reason}"),
        "uptime_ms": int(crash.uptime_ms),
        "task": crash.task,
        "at": where(registers["pc"] & ~1) if registers["pc"] else "a place that is lost",
        "faults": [text for bit, text in FAULTS.items() if status & bit],
        "address": registers["bfar"] if status & ADDRESS_VALID else None,
        "trace": [where(int(address)) for address in crash.trace],
        "registers": registers,
    }


def crash_lines(record: Mapping[str, Any] | None) -> list[str]:
    """Return the lines of a record that `crash_record` made."""
    if record is None:
        return ["no crash since the power came"]
    seconds = record["uptime_ms"] / 1000
    lines = [
        f"{record['reason']} in task {record['task']}, {seconds:.1f} s after its start, at {record['at']}"
    ]
    address = record["address"]
    for fault in record["faults"]:
        lines.append(f"  {fault}" + (f": 0x{address:08x}" if address is not None else ""))
    lines += [f"  called from {place}" for place in record["trace"]]
    registers = [f"{name} {value:08x}" for name, value in record["registers"].items()]
    lines += ["  " + "  ".join(registers[at : at + 5]) for at in range(0, len(registers), 5)]
    return lines
