"""The twin: a bundle in flash, the firmware on the emulated processor, bytes in and bytes out."""

from __future__ import annotations

import random
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.contract.bundle import load_bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.flash_file import FileFlash
from firmware_bridge.ports.networks import Networks
from firmware_bridge.ports.twin.build import Firmware, build_twin
from firmware_bridge.ports.twin.counter import by_function
from firmware_bridge.ports.twin.machine import MOST_INSTRUCTIONS, Machine
from firmware_bridge.ports.twin.peripherals import TwinBoard
from firmware_bridge.ports.twin.registers import BOARD

RECOVERY_INSTRUCTIONS = 400_000_000  # without sleep: a hang; the longest request takes a quarter of it
SLICE_MS = 10  # while listening, time passes in such steps


def bundle_flash(bundle_dir: Path, file: Path | None = None) -> Flash:
    """Return flash with a bundle in its first slot, as `undertone flash` leaves a board.

    Args:
        bundle_dir: Directory of the bundle.
        file: Where to keep the contents. What it holds already stays: a twin's own updates outlive it.
    """
    # The real compiler's output runs on the real chip only: the stand-in takes what it was made from.
    image = build_image(load_bundle(bundle_dir), compiled=False)
    if file is not None:
        return FileFlash(file, BOARD["SLOT_BYTES"], image)
    return Flash(BOARD["SLOT_BYTES"], [image])


class Twin:
    """A board that is switched on.

    Attributes:
        firmware: What it runs.
        machine: The processor.
        board: What is around it.

    Args:
        firmware: Built by `build_twin`.
        flash: What it finds in its flash.
        sound: int16[samples] at 16 kHz that its microphone hears; none: it has no microphone.
        uart: Talk through the UART instead of the bulk channel.
        recovers: Live through faults and hangs as the board does, instead of stopping with a report.
        networks: The far side of its mailbox; int8 reference kernels by default.
    """

    def __init__(
        self,
        firmware: Firmware,
        flash: Flash,
        sound: NDArray[np.int16] | None = None,
        uart: bool = False,
        recovers: bool = False,
        networks: Networks | None = None,
    ) -> None:
        self.firmware = firmware
        self.machine = Machine(
            firmware.image, RECOVERY_INSTRUCTIONS if recovers else MOST_INSTRUCTIONS, recovers
        )
        self.board = TwinBoard(weakref.proxy(self.machine), self.machine.counter, flash, sound, networks)
        self.machine.attach(self.board)
        self._line = self.board.uart.line if uart else self.board.bulk.line
        self._stall, self._dice = 0.0, random.Random(0)
        self._withheld = b""

    @classmethod
    def from_bundle(cls, bundle_dir: Path, flash: Flash | None = None) -> Twin:
        """Return a twin with a bundle in its flash."""
        return cls(build_twin(bundle_dir), flash or bundle_flash(bundle_dir))

    def trouble(self, drop: float = 0.0, stall: float = 0.0, seed: int = 0) -> None:
        """From now on lose bytes on the way in, and hold answers back until the host speaks again.

        Args:
            drop: Share of the bytes that are lost.
            stall: Share of the answers that are held back.
            seed: The same one gives the same trouble.
        """
        self._line.lose(drop, seed)
        self._stall, self._dice = stall, random.Random(seed)

    @property
    def instructions(self) -> int:
        """Return the instructions retired since the start."""
        return self.machine.counter.retired

    def by_function(self) -> dict[str, int]:
        """Return the instructions retired per function, the most expensive first."""
        return by_function(self.machine.counter, self.firmware.image.functions)

    def boot(self) -> None:
        """Run from reset until it waits for the first request.

        Raises:
            FirmwareFault: It does not get there.
        """
        self.machine.run()

    def reset(self) -> None:
        """Press the reset button, and run until it waits for the first request."""
        self.machine.reset()
        self.machine.run()

    def power_cycle(self) -> None:
        """Take the power away and give it back, and run until it waits for the first request."""
        self.machine.power_cycle()
        self.machine.run()

    def receive(self, data: bytes) -> bytes:
        """Take the next bytes from the host; return the bytes to send back.

        The line takes what it has room for and the machine runs until it waits, as often as needed: a host that
        sends faster than the chip drains is held back, and loses nothing.

        Raises:
            FirmwareFault: The firmware did what no firmware may do.
            PowerLost: The flash was told to lose power here.
        """
        view = memoryview(data)
        while view:
            room = self._line.room
            self._line.come(bytes(view[:room]))
            view = view[room:]
            self.machine.run()
        return self._answer()

    def flood(self, data: bytes) -> bytes:
        """Take bytes from a host that does not wait: what finds no room is lost, and counted."""
        self._line.come(data)
        self.machine.run()
        return self._answer()

    def pass_time(self, milliseconds: int) -> bytes:
        """Let time pass; while the microphone is on, the firmware takes what it hears.

        Returns:
            What the device sent meanwhile: by the protocol's rules nothing.
        """
        ticks = BOARD["TICKS_PER_US"] * 1000
        while milliseconds > 0:
            step = min(SLICE_MS, milliseconds) if self.board.microphone.on else milliseconds
            self.board.clock.wait(step * ticks)
            milliseconds -= step
            self.machine.run()
        return self._line.collect()

    def _answer(self) -> bytes:
        answer = self._withheld + self._line.collect()
        self._withheld = b""
        if self._stall and self._dice.random() < self._stall:
            self._withheld, answer = answer, b""
        return answer
