"""The board around the processor: which register does what."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.host.microphone import RecordedMicrophone
from firmware_bridge.ports.networks import Networks
from firmware_bridge.ports.twin.channels import Bulk, Memory, Uart
from firmware_bridge.ports.twin.clock import VirtualClock
from firmware_bridge.ports.twin.counter import Counter
from firmware_bridge.ports.twin.faults import BadAccess, Restart
from firmware_bridge.ports.twin.listening import MicrophoneRegisters
from firmware_bridge.ports.twin.mailbox import Mailbox
from firmware_bridge.ports.twin.registers import BOARD
from firmware_bridge.ports.twin.storage import FlashController
from firmware_bridge.ports.twin.watchdog import Watchdog

WORD = 0xFFFF_FFFF
FLASH_VALUES = ("AREA", "OFFSET", "ADDRESS", "COUNT")
TPU_VALUES = ("NETWORK", "MODEL", "BYTES", "ARENA", "INPUT", "INPUTS", "OUTPUT", "OUTPUTS")


class TwinBoard:
    """All registers of board.h.

    Attributes:
        clock: Virtual time.
        bulk: The fast channel.
        uart: The slow channel.
        flash: The flash controller.
        mailbox: To the simulated Edge TPU.
        watchdog: Calls for help when nobody shows that the work goes on.
        microphone: What it hears, if it is fitted.
        starts: How often the processor started anew.

    Args:
        memory: The machine's.
        counter: The machine's.
        flash: The flash.
        sound: int16[samples] at 16 kHz that the microphone hears; none: it is not fitted.
        networks: The far side of the mailbox; int8 reference kernels by default.
    """

    def __init__(
        self,
        memory: Memory,
        counter: Counter,
        flash: Flash,
        sound: NDArray[np.int16] | None = None,
        networks: Networks | None = None,
    ) -> None:
        self.clock = VirtualClock(counter)
        self.bulk = Bulk(memory)
        self.uart = Uart(self.clock)
        self.flash = FlashController(memory, flash)
        self.mailbox = Mailbox(memory, networks)
        self.watchdog = Watchdog(self.clock)
        self._cause, self.starts = BOARD["CAUSE_POWER"], 0
        heard = None if sound is None else RecordedMicrophone(sound, self.clock.seconds)
        self.microphone = MicrophoneRegisters(memory, heard)
        self._reads = {BOARD[name]: act for name, act in self._readable().items()}
        self._writes = {BOARD[name]: act for name, act in self._writable().items()}

    def read(self, register: int) -> int:
        """Return a register's value; raises `BadAccess` where there is none to read."""
        act = self._reads.get(register)
        if act is None:
            raise _unknown("read", register)
        return act() & WORD

    def write(self, register: int, value: int) -> None:
        """Set a register, and do what it stands for; raises `BadAccess` where there is none to write."""
        act = self._writes.get(register)
        if act is None:
            raise _unknown("written", register)
        act(value & WORD)

    def restarted(self, cause: int) -> None:
        """The processor starts anew: the TPU is powered again, the microphone and the watchdog are off."""
        self._cause = cause
        self.starts += 1
        self.watchdog.stop()
        if cause == BOARD["CAUSE_POWER"]:
            self.mailbox.powered()
        else:
            self.mailbox.restarted()
        self.microphone.power(0)
        self.clock.restart()

    def bark(self) -> bool:
        """Let time pass until the watchdog calls its handler; False where it is not armed."""
        return self.watchdog.bark()

    def _readable(self) -> dict[str, Callable[[], int]]:
        bulk, uart = self.bulk.line, self.uart.line
        return {
            "CYCLES": self.clock.ticks,
            "MILLISECONDS": self.clock.milliseconds,
            "RESET_CAUSE": lambda: self._cause,
            "BULK_WAITING": lambda: bulk.waiting,
            "BULK_TAKEN": self.bulk.taken,
            "BULK_PEAK": lambda: bulk.peak,
            "BULK_OVERRUNS": lambda: bulk.overruns,
            "UART_STATUS": self.uart.status,
            "UART_DATA": self.uart.take,
            "UART_PEAK": lambda: uart.peak,
            "UART_OVERRUNS": lambda: uart.overruns,
            "FLASH_SLOT_BYTES": self.flash.slot_bytes,
            "FLASH_STATUS": lambda: self.flash.status,
            "TPU_STATUS": lambda: self.mailbox.status,
            "TPU_THERE": self.mailbox.there,
            "TPU_CELSIUS": self.mailbox.celsius,
            "MICROPHONE_FITTED": self.microphone.fitted,
            "MICROPHONE_TAKEN": self.microphone.taken,
            "MICROPHONE_LOST": self.microphone.lost,
        }

    def _writable(self) -> dict[str, Callable[[int], None]]:
        set_flash = {f"FLASH_{name}": functools.partial(self.flash.set, name) for name in FLASH_VALUES}
        set_tpu = {f"TPU_{name}": functools.partial(self.mailbox.set, name) for name in TPU_VALUES}
        return {
            **set_flash,
            **set_tpu,
            "PANIC": _panic,
            "RESET": _restart,
            "WATCHDOG": self.watchdog.pet,
            "BULK_ADDRESS": self.bulk.aim,
            "BULK_TAKE": self.bulk.take,
            "BULK_SEND_FROM": self.bulk.aim_send,
            "BULK_SEND": self.bulk.send,
            "UART_DATA": self.uart.send,
            "FLASH_COMMAND": self.flash.command,
            "TPU_COMMAND": self.mailbox.command,
            "MICROPHONE_POWER": self.microphone.power,
            "MICROPHONE_ADDRESS": self.microphone.aim,
            "MICROPHONE_TAKE": self.microphone.take,
        }


def _panic(reason: int) -> None:
    raise BadAccess(
        f"panic {reason}", "the firmware gave up by itself: look for the number in its source", reason
    )


def _restart(_value: int) -> None:
    raise Restart


def _unknown(how: str, register: int) -> BadAccess:
    return BadAccess(
        f"register that cannot be {how}",
        "see board.h for the board's registers",
        BOARD["REGISTERS"] + register,
    )
