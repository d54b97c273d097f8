"""What a Cortex-M does when it cannot go on: it pushes eight registers and calls a handler of the vector table.

Where it cannot push them, a fault with a priority of its own (SHCSR) becomes a hard fault, whose handler runs without
a frame; a hard fault itself, and so every fault that was not enabled, locks it up (Armv7-M, B1.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FRAME_BYTES = 32
RETURN_TO_THREAD = 0xFFFF_FFF9
FAULT_VECTOR, WATCHDOG_VECTOR = 3, 15
BFARVALID_PRECISE, UNDEFINED, FETCH, STACKING, FORCED = 0x8200, 0x1_0000, 0x100, 0x1000, 0x4000_0000
CFSR, HFSR, MMFAR, BFAR = 0xD28, 0xD2C, 0xD34, 0xD38


@dataclass
class FaultRegisters:
    """The processor's account of its last fault.

    Attributes:
        values: By offset of the register.
    """

    values: dict[int, int]

    @classmethod
    def empty(cls) -> FaultRegisters:
        """Return registers of a processor that has not failed."""
        return cls(dict.fromkeys((CFSR, HFSR, MMFAR, BFAR), 0))

    def add_stacking(self) -> None:
        """Note that the frame found no memory."""
        self.values[CFSR] |= STACKING

    def set(self, kind: str, address: int) -> None:
        """Note a fault, in the words of `faults.describe_access`."""
        if kind == "undefined instruction":
            status = UNDEFINED
        elif kind.startswith(("call", "execution")):
            status = FETCH
        else:
            status = BFARVALID_PRECISE
        self.values |= {CFSR: status, HFSR: FORCED, BFAR: address if status == BFARVALID_PRECISE else 0}


def enter(engine: Any, arm: Any, handler: int, frameless: bool = False) -> bool:
    """Push the frame and go to a handler.

    Args:
        engine: The Unicorn engine, stopped.
        arm: `unicorn.arm_const`.
        handler: Its address.
        frameless: Go there also where the stack is no memory; the stack pointer moves all the same.

    Returns:
        Whether that could be done.
    """
    import unicorn

    names = ("R0", "R1", "R2", "R3", "R12", "LR", "PC", "XPSR")
    values = [engine.reg_read(getattr(arm, f"UC_ARM_REG_{name}")) & 0xFFFF_FFFF for name in names]
    frame = (engine.reg_read(arm.UC_ARM_REG_SP) - FRAME_BYTES) & ~7
    try:
        engine.mem_read(frame - 4, FRAME_BYTES + 4)
        engine.mem_write(frame, b"".join(value.to_bytes(4, "little") for value in values))
    except unicorn.UcError:
        if not frameless:
            return False
    if handler == 0:
        return False
    engine.reg_write(arm.UC_ARM_REG_SP, frame)
    engine.reg_write(arm.UC_ARM_REG_LR, RETURN_TO_THREAD)
    engine.reg_write(arm.UC_ARM_REG_PC, handler & ~1)
    return True
