"""The mailbox to the Edge TPU: on its far side the laptop computes the networks with int8 reference kernels."""

from __future__ import annotations

import time

import numpy as np

from firmware_bridge.errors import ModelInvalid
from firmware_bridge.ports.twin.channels import Memory
from firmware_bridge.ports.twin.faults import BadAccess
from firmware_bridge.ports.twin.registers import BOARD
from firmware_bridge.simulated_tpu import Int8Network

LOADED, ARENA, SHAPE, BROKEN = 0, 1, 2, 3  # ut_load_status of core/port.h
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
        self._loaded: dict[int, Int8Network] = {}

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
        self._loaded.pop(values["NETWORK"], None)
        if values["NETWORK"] >= NETWORKS:
            return BROKEN
        if values["ARENA"] > BOARD["ARENA_BYTES"]:
            return ARENA
        try:
            network = Int8Network(self._memory.read(values["MODEL"], values["BYTES"]))
        except ModelInvalid:
            return BROKEN
        sizes = [int(np.prod(shape)) for shape in (network.input_shape, network.output_shape)]
        if sizes != [values["INPUTS"], values["OUTPUTS"]]:
            return SHAPE
        self._loaded[values["NETWORK"]] = network
        return LOADED

    def _infer(self) -> int:
        values = self._values
        network = self._loaded.get(values["NETWORK"])
        if network is None:
            return FAILED
        data = np.frombuffer(self._memory.read(values["INPUT"], values["INPUTS"]), np.int8)
        try:
            output = network.run(data)
        except ModelInvalid:
            return FAILED
        if len(output) != values["OUTPUTS"]:
            return FAILED
        self._memory.write(values["OUTPUT"], output.tobytes())
        return 0
