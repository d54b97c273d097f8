"""The flash controller: areas are read, erased and programmed through registers."""

from __future__ import annotations

from firmware_bridge.ports.flash import AREAS, Flash
from firmware_bridge.ports.twin.channels import Memory
from firmware_bridge.ports.twin.faults import PowerLost
from firmware_bridge.ports.twin.registers import BOARD


class FlashController:
    """Registers of the flash.

    Attributes:
        status: 0 when the last command was done.

    Args:
        memory: Where bytes come from and go to.
        flash: What keeps them; it outlives the board.
    """

    def __init__(self, memory: Memory, flash: Flash) -> None:
        self.status = 0
        self._memory, self._flash = memory, flash
        self._slot_bytes = min(len(flash.content(0)), BOARD["SLOT_BYTES"])
        self._values = dict.fromkeys(("AREA", "OFFSET", "ADDRESS", "COUNT"), 0)

    def slot_bytes(self) -> int:
        """Return the size of a slot."""
        return self._slot_bytes

    def set(self, name: str, value: int) -> None:
        """Set one of the plain registers."""
        self._values[name] = value

    def command(self, command: int) -> None:
        """Read, erase or program.

        Raises:
            PowerLost: The flash was told to lose power here.
        """
        area, offset, address, count = self._values.values()
        done = False
        what = f"command {command}"
        if command == BOARD["FLASH_READ"]:
            data = self._flash.read(area, offset, count)
            if data is not None:
                self._memory.write(address, data)
                done = True
        elif command == BOARD["FLASH_ERASE"]:
            what = "erase"
            done = self._flash.erase(area)
        elif command == BOARD["FLASH_PROGRAM"]:
            what = f"program {count} bytes at {offset}"
            done = self._flash.program(area, offset, self._memory.read(address, count))
        if self._flash.off:
            raise PowerLost(self._flash.operations - 1, f"{what}, {AREAS[area]}")
        self.status = int(not done)
