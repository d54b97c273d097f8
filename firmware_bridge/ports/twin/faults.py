"""What can go wrong inside the machine: each with the instruction, the address and what to do about it."""

from __future__ import annotations

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.ports.twin.elf import Image
from firmware_bridge.ports.twin.memory import MEMORIES

STACK_REACH = 0x1_0000  # how far below its memory an access still counts as a stack overflow
NULL_REACH = 0x800  # below the first code


class FirmwareFault(DeviceError):
    """The firmware did what no firmware may do. The machine stands still.

    Args:
        kind: What it did, in a few words.
        remedy: What to look for.
        pc: Address of the instruction.
        address: That was accessed; the instruction's own where it is the culprit.
        where: The instruction's place in the program, `symbol+0xoffset`.
        caller: The place that the link register names: the caller, unless others were called since.
    """

    def __init__(self, kind: str, remedy: str, pc: int, address: int, where: str, caller: str = "") -> None:
        called = f", to return to {caller}" if caller else ""
        super().__init__(
            f"the firmware stopped: {kind} at 0x{address:08x}, by {where} (0x{pc:08x}){called}", remedy
        )
        self.kind, self.pc, self.address, self.where, self.caller = kind, pc, address, where, caller


class PowerLost(DeviceError):
    """The power went, as was asked for. The flash keeps what it had."""

    def __init__(self, operation: int, what: str) -> None:
        super().__init__(
            f"the power went during flash operation {operation} ({what})",
            "start a new twin with the same flash",
        )
        self.operation = operation


class Hang(Exception):
    """A transfer of the board's that never ends: the firmware waits for it for ever."""


class Restart(Exception):
    """The firmware asked for a restart."""


class BadAccess(Exception):
    """A peripheral was used wrongly; the machine makes a `FirmwareFault` of it.

    Args:
        kind: As in `FirmwareFault`.
        remedy: As in `FirmwareFault`.
        address: As in `FirmwareFault`.
    """

    def __init__(self, kind: str, remedy: str, address: int) -> None:
        super().__init__(kind)
        self.kind, self.remedy, self.address = kind, remedy, address


def describe_access(access: str, address: int) -> tuple[str, str]:
    """Return kind and remedy of an access that the memory map does not allow.

    Args:
        access: `read`, `write` or `fetch`.
        address: Where.
    """
    stack = next(memory for memory in MEMORIES if memory.name == "DTCM")
    if access != "fetch" and stack.address - STACK_REACH <= address < stack.address:
        return "stack overflow", "use less stack: smaller local arrays, no deep recursion"
    if address < NULL_REACH:
        what = "call" if access == "fetch" else access
        return f"{what} through a null pointer", "a pointer was used before it was set"
    if access == "fetch":
        return (
            "execution of what is not code",
            "a function pointer or a return address was overwritten, or never set",
        )
    if access == "write" and any(m.code and m.holds(address) for m in MEMORIES):
        return "write to read-only memory", "constants and code cannot be written: is a cast hiding a const?"
    return f"{access} outside the memory map", "a pointer or an index is wrong: look at what it is made of"


def make_fault(bad: BadAccess, image: Image, pc: int, lr: int) -> FirmwareFault:
    """Return the fault with its place in the program.

    Args:
        bad: What happened.
        image: The program.
        pc: The program counter.
        lr: The link register.
    """
    return FirmwareFault(
        bad.kind, bad.remedy, pc, bad.address, image.locate(pc), image.locate(lr & ~1) if lr else ""
    )
