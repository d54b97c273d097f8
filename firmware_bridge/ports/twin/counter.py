"""Instructions of the emulated processor, counted at full speed, in all and per function.

A hook in Python on every instruction costs a hundred times the emulation itself. A block of code without a jump
has a fixed number of instructions, so counting them block by block is exact, and cheap when the hook is native.
"""

from __future__ import annotations

import bisect
import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.progress import note
from firmware_bridge.base.toolchain import compile_library
from firmware_bridge.ports.twin.elf import Symbol

SOURCE = Path(__file__).parent / "counter.c"
UNLIMITED = 2**64 - 1
UNNAMED = "?"  # code that the symbol table does not name
VISITS = np.dtype([("bytes", "u4"), ("instructions", "u4"), ("retired", "u8")])  # struct visits


class Counter(Protocol):
    """Counts while the machine runs."""

    @property
    def retired(self) -> int:
        """Return the instructions retired since the start."""

    def by_address(self) -> Mapping[int, int]:
        """Return the instructions retired in the blocks that begin at each address."""

    def allow(self, instructions: int) -> None:
        """Stop the machine after so many more instructions."""


class _Visits(ctypes.Structure):
    _fields_ = (
        ("bytes", ctypes.c_uint32),
        ("instructions", ctypes.c_uint32),
        ("retired", ctypes.c_uint64),
    )


class _State(ctypes.Structure):
    _fields_ = (
        ("retired", ctypes.c_uint64),
        ("code", ctypes.c_void_p),
        ("low", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("visits", ctypes.POINTER(_Visits)),
        ("limit", ctypes.c_uint64),
        ("stop", ctypes.c_void_p),
    )


class NativeCounter:
    """The hook compiled for the laptop.

    Args:
        machine: The Unicorn engine.
        low: Address of the first byte of code; even.
        code: The code, which must not change.

    Raises:
        EnvironmentLacking: No C compiler, or an engine whose C interface is out of reach.
    """

    def __init__(self, machine: Any, low: int, code: bytes) -> None:
        import unicorn

        try:
            from unicorn.unicorn_py3.unicorn import uclib

            handle = machine._uch
        except (ImportError, AttributeError) as error:
            raise EnvironmentLacking(f"no way to hook {unicorn.__version__} natively: {error}") from error
        library = ctypes.CDLL(str(compile_hook()))
        self._visits = (_Visits * (len(code) // 2 + 1))()
        self._code = ctypes.create_string_buffer(code)
        self._state = _State(
            0,
            ctypes.addressof(self._code),
            low,
            len(code),
            self._visits,
            UNLIMITED,
            ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p),
        )
        self._library = library
        hook = ctypes.c_size_t()
        callback = ctypes.cast(library.undertone_on_block, ctypes.c_void_p)
        user = ctypes.addressof(self._state)
        status = uclib.uc_hook_add(
            handle, ctypes.byref(hook), unicorn.UC_HOOK_BLOCK, callback, user, low, low + len(code)
        )
        if status != unicorn.UC_ERR_OK:
            raise EnvironmentLacking(f"unicorn {unicorn.__version__} takes no native hook ({status})")

    @property
    def retired(self) -> int:
        """Return the instructions retired since the start."""
        return int(self._state.retired)

    def by_address(self) -> dict[int, int]:
        """Return the instructions retired in the blocks that begin at each address."""
        visits = np.frombuffer(bytes(self._visits), VISITS)["retired"]
        low = int(self._state.low)
        return {low + 2 * int(i): int(visits[i]) for i in np.flatnonzero(visits)}

    def allow(self, instructions: int) -> None:
        """Stop the machine after so many more instructions."""
        self._state.limit = self._state.retired + instructions


class PlainCounter:
    """The same in Python, for machines without a C compiler: exact, and slow."""

    def __init__(self, machine: Any, low: int, code: bytes) -> None:
        import unicorn

        self.retired = 0
        self._limit = UNLIMITED
        self._low, self._code = low, code
        self._instructions: dict[tuple[int, int], int] = {}
        self._by_address: dict[int, int] = {}
        machine.hook_add(unicorn.UC_HOOK_BLOCK, self._on_block, begin=low, end=low + len(code))

    def _on_block(self, machine: Any, address: int, size: int, _user: Any) -> None:
        count = self._instructions.get((address, size))
        if count is None:
            offset = address - self._low
            count = count_instructions(self._code[offset : offset + size])
            self._instructions[address, size] = count
        self.retired += count
        self._by_address[address] = self._by_address.get(address, 0) + count
        if self.retired > self._limit:
            machine.emu_stop()

    def by_address(self) -> dict[int, int]:
        """Return the instructions retired in the blocks that begin at each address."""
        return dict(self._by_address)

    def allow(self, instructions: int) -> None:
        """Stop the machine after so many more instructions."""
        self._limit = self.retired + instructions


def count_instructions(code: bytes) -> int:
    """Return the number of Thumb instructions in a piece of straight code."""
    count = at = 0
    while at < len(code):
        at += 4 if code[at + 1] >> 3 >= 0x1D else 2
        count += 1
    return count


def attach_counter(machine: Any, low: int, code: bytes) -> Counter:
    """Return a counter at work on a Unicorn engine; the native one where it can be had.

    Args:
        machine: The Unicorn engine.
        low: Address of the first byte of code; even.
        code: The code, which must not change.
    """
    try:
        return NativeCounter(machine, low, code)
    except EnvironmentLacking as error:
        note(f"instructions are counted in Python, which is slow: {error.what}")
        return PlainCounter(machine, low, code)


def by_function(counter: Counter, functions: Mapping[str, Symbol]) -> dict[str, int]:
    """Return the instructions retired in each function, the most expensive first.

    Args:
        counter: What counted.
        functions: Functions by name.
    """
    ranges = sorted((one.address, one.address + one.size, name) for name, one in functions.items())
    starts = [low for low, _, _ in ranges]
    found: dict[str, int] = {}
    for address, count in counter.by_address().items():
        place = bisect.bisect_right(starts, address) - 1
        name = ranges[place][2] if place >= 0 and address < ranges[place][1] else UNNAMED
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def compile_hook() -> Path:
    """Return the shared library with the hook, built now if it does not exist yet.

    Raises:
        EnvironmentLacking: There is no C compiler, or it fails.
    """
    return compile_library("counter", [SOURCE])
