"""An emulated Cortex-M7 with the RT1176's memories; the board around it is given."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from firmware_bridge.base.errors import EnvironmentLacking, UndertoneError
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.ports.twin.counter import Counter, attach_counter
from firmware_bridge.ports.twin.elf import Image
from firmware_bridge.ports.twin.exceptions import FAULT_VECTOR, WATCHDOG_VECTOR, FaultRegisters, enter
from firmware_bridge.ports.twin.faults import (
    BadAccess,
    Hang,
    PowerLost,
    Restart,
    describe_access,
    make_fault,
)
from firmware_bridge.ports.twin.memory import MEMORIES
from firmware_bridge.ports.twin.registers import BOARD

SYSTEM, BOARD_PLACE = CHIP.places["system"], CHIP.places["board"]
# Of the processor's own registers: which coprocessors may be used, and which faults have a priority of their own.
CPACR, SHCSR, FAULTS_ENABLED = 0xD88, 0xD24, 0x7_0000
NEVER = 0xFFFF_FFFE  # no code lies there
WAIT = b"\x30\xbf"  # the instruction WFI
MOST_INSTRUCTIONS = 2_000_000_000  # between two sleeps: far more than any request takes
GARBAGE = b"\xa5"  # memory after power-on holds anything but what one hopes for


class Board(Protocol):
    """What lies behind the registers."""

    def read(self, register: int) -> int:
        """Return a register's value; raises `BadAccess` where there is none to read."""

    def write(self, register: int, value: int) -> None:
        """Set a register, and do what it stands for; raises `BadAccess` where there is none to write."""

    def restarted(self, cause: int) -> None:
        """The processor starts anew, for a BOARD_CAUSE."""

    def bark(self) -> bool:
        """Let time pass until the watchdog calls its handler; False where it is not armed."""


class Machine:
    """Runs a program from reset, stretch by stretch, each up to the instruction that waits for events.

    Attributes:
        image: The program.
        counter: Instructions retired.
        stopped: The fault, or the loss of power, after which nothing runs any more.

    Args:
        image: The program.
        most: Instructions after which a program that never waits is taken to hang.
        recovers: Do what a processor does about a fault: call the handler, and start anew when told so. Without it
            the machine stops with a report, which is what one wants to find a mistake.

    Raises:
        EnvironmentLacking: The package `unicorn` is missing.
    """

    def __init__(self, image: Image, most: int = MOST_INSTRUCTIONS, recovers: bool = False) -> None:
        try:
            import unicorn
            from unicorn import arm_const
        except ImportError as error:
            raise EnvironmentLacking("the package unicorn is not installed", "run: make setup") from error
        self.image, self._most = image, most
        self.stopped: UndertoneError | None = None
        self._unicorn, self._arm = unicorn, arm_const
        self._bad: BadAccess | None = None
        self._event: Hang | Restart | None = None
        self._recovers, self._handling, self._enabled = recovers, False, 0
        self._faults = FaultRegisters.empty()
        self._board: Board | None = None
        self._engine: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        self._load()
        code = MEMORIES[0]
        self.counter: Counter = attach_counter(
            self._engine, code.address, self.read(code.address, code.limit_bytes)
        )
        # The engine must not keep the machine alive: its fifty megabytes go when the machine does.
        me = weakref.proxy(self)
        self._engine.hook_add(unicorn.UC_HOOK_MEM_INVALID, lambda *found: me._on_bad_memory(*found))
        self._engine.hook_add(unicorn.UC_HOOK_INTR, lambda *found: me._on_exception(*found))
        self._start()

    def _vector(self, number: int) -> int:
        return int.from_bytes(self.read(MEMORIES[0].address + 4 * number, 4), "little")

    def _start(self) -> None:
        self._engine.reg_write(self._arm.UC_ARM_REG_SP, self._vector(0))
        self._engine.reg_write(self._arm.UC_ARM_REG_PC, self._vector(1))
        self._handling = False

    def _load(self) -> None:
        uc = self._unicorn
        for memory in MEMORIES:
            self._engine.mem_map(memory.address, memory.limit_bytes, uc.UC_PROT_READ | uc.UC_PROT_WRITE)
        self._fill()
        for memory in MEMORIES:
            if memory.code:
                self._engine.mem_protect(
                    memory.address, memory.limit_bytes, uc.UC_PROT_READ | uc.UC_PROT_EXEC
                )

    def _fill(self) -> None:
        """Memory as it is when the power comes: the program, and garbage."""
        for section in self.image.sections:
            if not section.initialised:
                self._engine.mem_write(section.address, GARBAGE * section.size)
        for segment in self.image.segments:
            self._engine.mem_write(segment.address, segment.data)

    def attach(self, board: Board) -> None:
        """Connect the board behind the registers; the caller keeps it."""
        me, base, behind = weakref.proxy(self), BOARD_PLACE.address, weakref.proxy(board)
        self._board = behind
        self._engine.mmio_map(
            base,
            BOARD_PLACE.bytes,
            lambda _uc, register, size, _user: me._guarded(base, register, size, behind.read),
            None,
            lambda _uc, register, size, value, _user: me._guarded(
                base, register, size, lambda at: behind.write(at, value)
            ),
            None,
        )
        self._engine.mmio_map(
            SYSTEM.address,
            SYSTEM.bytes,
            lambda _uc, register, size, _user: me._guarded(SYSTEM.address, register, size, me._system),
            None,
            lambda _uc, register, size, value, _user: me._guarded(
                SYSTEM.address, register, size, lambda at: me._set_system(at, value)
            ),
            None,
        )

    def _guarded(self, base: int, register: int, size: int, act: Any) -> int:
        try:
            if size != 4 or register % 4:
                raise BadAccess("register accessed by parts", "registers are words", base + register)
            return act(register) or 0
        except BadAccess as bad:
            self._bad = bad
            self._engine.emu_stop()
            return 0
        except (Hang, Restart) as event:
            self._event = event
            self._engine.emu_stop()
            return 0

    def _system(self, register: int) -> int:
        if register in self._faults.values:
            return self._faults.values[register]
        if register == SHCSR:
            return self._enabled
        if register != CPACR:
            raise BadAccess("unknown register of the processor", "see machine.py", SYSTEM.address + register)
        return 0

    def _set_system(self, register: int, value: int) -> int:
        self._system(register)  # raises where there is none
        if register == SHCSR:
            self._enabled = value & FAULTS_ENABLED
        return 0

    def run(self) -> None:
        """Run until the program waits for events.

        Raises:
            FirmwareFault: The program did what no program may do.
            PowerLost: The flash was told to lose power here.
        """
        while self.stopped is None:
            self.stopped = self._emulate()
            if self.stopped is None and not self._goes_on():
                break
        if self.stopped is not None:
            raise self.stopped

    def reset(self) -> None:
        """Press the reset button; `run` then starts anew."""
        self._restart(BOARD["CAUSE_ASKED"])

    def power_cycle(self) -> None:
        """Take the power away and give it back; `run` then starts anew. What stopped the machine is forgotten."""
        self.stopped = None
        self._fill()
        self._restart(BOARD["CAUSE_POWER"])

    def _emulate(self) -> UndertoneError | None:
        """Run until the program waits; return what stopped it for good."""
        arm, engine = self._arm, self._engine
        self.counter.allow(self._most)
        try:
            engine.emu_start(engine.reg_read(arm.UC_ARM_REG_PC) | 1, NEVER)
        except self._unicorn.UcError as error:
            kind = "undefined instruction" if error.errno == self._unicorn.UC_ERR_INSN_INVALID else str(error)
            remedy = "the program counter left the code, or the code was built for another processor"
            self._bad = self._bad or BadAccess(kind, remedy, engine.reg_read(arm.UC_ARM_REG_PC))
        except PowerLost as lost:
            self._release()
            return lost.with_traceback(None)
        if self._event is not None:
            return None
        pc = engine.reg_read(arm.UC_ARM_REG_PC)
        if self._bad is None and self.read(pc - 2, 2) != WAIT:
            self._bad = BadAccess(
                f"no sleep within {self._most:,} instructions", "the program hangs in a loop", pc
            )
        if self._bad is None or self._recovers:
            return None
        return make_fault(self._bad, self.image, pc, engine.reg_read(arm.UC_ARM_REG_LR))

    def _goes_on(self) -> bool:
        """Deal with what ended a stretch; return whether the processor has something to do now."""
        event, bad, self._event, self._bad = self._event, self._bad, None, None
        if event is None and bad is None:
            return False
        assert self._board is not None
        if isinstance(event, Restart):
            self._restart(BOARD["CAUSE_ASKED"])
            return True
        stuck = event is not None or (bad is not None and bad.kind.startswith("no sleep"))
        if stuck and not self._board.bark():
            pc = self._engine.reg_read(self._arm.UC_ARM_REG_PC)
            bad = BadAccess("waits for ever", "the watchdog was not armed", pc)
            self.stopped = make_fault(bad, self.image, pc, self._engine.reg_read(self._arm.UC_ARM_REG_LR))
            return False
        if bad is not None and not stuck:
            self._faults.set(bad.kind, bad.address)
        if self._handling or not self._call_handler(WATCHDOG_VECTOR if stuck else FAULT_VECTOR):
            self._restart(BOARD["CAUSE_LOCKUP"])
        else:
            self._handling = True
        return True

    def _call_handler(self, vector: int) -> bool:
        """Call a handler; a fault while its frame is pushed leads to that of hard faults, or to a lock-up."""
        if enter(self._engine, self._arm, self._vector(vector)):
            return True
        self._faults.add_stacking()
        enabled = self._enabled == FAULTS_ENABLED
        return enabled and enter(self._engine, self._arm, self._vector(FAULT_VECTOR), frameless=True)

    def _restart(self, cause: int) -> None:
        """A reset: registers are new, memory keeps what it holds."""
        assert self._board is not None
        self._faults, self._enabled = FaultRegisters.empty(), 0
        self._board.restarted(cause)
        self._start()

    def _release(self) -> None:
        """Give the engine's memory back now: its callbacks are in cycles that wait for the collector."""
        engine, self._engine = self._engine, None
        close = getattr(engine, "_Uc__finalizer", None)
        if close is not None:
            close()

    def __del__(self) -> None:
        if hasattr(self, "_engine"):
            self._release()

    def read(self, address: int, count: int) -> bytes:
        """Return bytes of memory, as a peripheral reads them.

        Raises:
            BadAccess: They are not all memory.
        """
        try:
            return bytes(self._engine.mem_read(address, count))
        except self._unicorn.UcError as error:
            raise _bad_transfer("from", address) from error

    def write(self, address: int, data: bytes) -> None:
        """Set bytes of memory, as a peripheral writes them.

        Raises:
            BadAccess: They are not all memory of variables.
        """
        if not any(not memory.code and memory.holds(address, len(data)) for memory in MEMORIES):
            raise _bad_transfer("to", address)
        self._engine.mem_write(address, data)

    def _on_bad_memory(
        self, _engine: Any, access: int, address: int, _size: int, _value: int, _user: Any
    ) -> bool:
        uc = self._unicorn
        if access in (uc.UC_MEM_FETCH_UNMAPPED, uc.UC_MEM_FETCH_PROT):
            kind = "fetch"
        else:
            kind = "write" if access in (uc.UC_MEM_WRITE_UNMAPPED, uc.UC_MEM_WRITE_PROT) else "read"
        self._bad = BadAccess(*describe_access(kind, address), address)
        return False

    def _on_exception(self, engine: Any, number: int, _user: Any) -> None:
        remedy = "the firmware uses no exceptions: was a trap compiled in?"
        self._bad = BadAccess(f"exception {number}", remedy, engine.reg_read(self._arm.UC_ARM_REG_PC))
        engine.emu_stop()


def _bad_transfer(way: str, address: int) -> BadAccess:
    return BadAccess(
        f"transfer {way} what is no memory", "a peripheral was given a wrong address or length", address
    )
