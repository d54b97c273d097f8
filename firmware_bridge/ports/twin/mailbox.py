"""The mailbox to the Edge TPU: on its far side the laptop computes the networks with int8 reference kernels."""

from __future__ import annotations

import time

from firmware_bridge.ports.networks import ARENA, BROKEN, SimulatedNetworks
from firmware_bridge.ports.twin.channels import Memory
from firmware_bridge.ports.twin.faults import BadAccess
from firmware_bridge.ports.twin.registers import BOARD

FAILED = 1
NETWORKS = 2


class Mailbox:
    """Registers of the mailbox.

    Attributes:
        seconds: Of one of the laptop's cores that the networks took; never a statement about the chip.

    Args:
        memory: Where networks, inputs and outputs lie.
    """

    def __init__(self, memory: Memory) -> None:
        self.seconds = 0.0
        self.status = 0
        self._memory = memory
        self._values = dict.fromkeys(
            ("NETWORK", "MODEL", "BYTES", "ARENA", "INPUT", "INPUTS", "OUTPUT", "OUTPUTS"), 0
        )
        self._networks = SimulatedNetworks()

    def set(self, name: str, value: int) -> None:
        """Set one of the plain registers."""
        self._values[name] = value

    def command(self, command: int) -> None:
        """Load a network, or compute one.

        Raises:
            BadAccess: No such command.
        """
        started = time.process_time()
        if command == BOARD["TPU_LOAD"]:
            self.status = self._load()
        elif command == BOARD["TPU_INFER"]:
            self.status = self._infer()
        else:
            raise BadAccess("unknown command of the mailbox", "see board.h", BOARD["REGISTERS"])
        self.seconds += time.process_time() - started

    def _load(self) -> int:
        values = self._values
        self._networks.unload(values["NETWORK"])
        if values["NETWORK"] >= NETWORKS:
            return BROKEN
        if values["ARENA"] > BOARD["ARENA_BYTES"]:
            return ARENA
        model = self._memory.read(values["MODEL"], values["BYTES"])
        return self._networks.load(values["NETWORK"], model, values["INPUTS"], values["OUTPUTS"])

    def _infer(self) -> int:
        values = self._values
        given = self._memory.read(values["INPUT"], values["INPUTS"])
        output = self._networks.infer(values["NETWORK"], given, values["OUTPUTS"])
        if output is None:
            return FAILED
        self._memory.write(values["OUTPUT"], output)
        return 0
