"""The mailbox to the Edge TPU: on its far side the laptop computes the networks with int8 reference kernels."""

from __future__ import annotations

import time

from firmware_bridge.ports.networks import ARENA, BROKEN, Networks, SimulatedNetworks
from firmware_bridge.ports.twin.channels import Memory
from firmware_bridge.ports.twin.faults import BadAccess, Hang
from firmware_bridge.ports.twin.registers import BOARD
from firmware_bridge.ports.twin.tpu_trouble import TpuTrouble, Trouble

FAILED = 1
NETWORKS = 2
CELSIUS = 41_500  # thousandths: a made-up temperature, as the networks are simulated


class Mailbox:
    """Registers of the mailbox.

    Attributes:
        trouble: What goes wrong.
        runs: Of a network, since the power came.
        seconds: Of one of the laptop's cores that the networks took; never a statement about the chip.

    Args:
        memory: Where networks, inputs and outputs lie.
        networks: The far side; int8 reference kernels by default.
    """

    def __init__(self, memory: Memory, networks: Networks | None = None) -> None:
        self.seconds = 0.0
        self.status = 0
        self.trouble, self.runs = TpuTrouble(), 0
        self._starts, self._gone = 0, False
        self._memory = memory
        self._values = dict.fromkeys(
            ("NETWORK", "MODEL", "BYTES", "ARENA", "INPUT", "INPUTS", "OUTPUT", "OUTPUTS"), 0
        )
        self._networks = networks or SimulatedNetworks()

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

    def restarted(self) -> None:
        """The processor starts anew, and powers the TPU."""
        self._starts += 1
        self._new()

    def powered(self) -> None:
        """The power came."""
        self._starts = self.runs = 0
        self._new()

    def _new(self) -> None:
        self._gone, self.status = False, 0
        for network in range(NETWORKS):
            self._networks.unload(network)

    def there(self) -> int:
        """Return 1 where the TPU came up at this start."""
        return int(self._starts not in self.trouble.absent_starts)

    def celsius(self) -> int:
        """Return the temperature; where it can no longer be asked, the SDK's CHECK ends everything.

        Raises:
            Hang: The TPU does not answer.
        """
        if self._gone or (self.trouble.hot and self._starts == 0):
            raise Hang
        return CELSIUS

    def _load(self) -> int:
        values = self._values
        self._networks.unload(values["NETWORK"])
        if values["NETWORK"] >= NETWORKS or not self.there():
            return BROKEN
        if values["ARENA"] > BOARD["ARENA_BYTES"]:
            return ARENA
        model = self._memory.read(values["MODEL"], values["BYTES"])
        return self._networks.load(values["NETWORK"], model, values["INPUTS"], values["OUTPUTS"])

    def _in_trouble(self) -> bool:
        """Count a run; return whether it fails. To load a network moves nothing to the TPU: it cannot fail so."""
        number, self.runs = self.runs, self.runs + 1
        trouble = self.trouble.at.get(number)
        if trouble is Trouble.HANGS:
            raise Hang
        self._gone = self._gone or trouble is Trouble.GONE
        return trouble is not None or self._gone

    def _infer(self) -> int:
        values = self._values
        if self._in_trouble():
            return FAILED
        given = self._memory.read(values["INPUT"], values["INPUTS"])
        output = self._networks.infer(values["NETWORK"], given, values["OUTPUTS"])
        if output is None:
            return FAILED
        self._memory.write(values["OUTPUT"], output)
        return 0
