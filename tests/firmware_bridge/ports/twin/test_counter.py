"""Instructions are counted exactly, the same each time, whoever counts."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.twin import counter, machine
from firmware_bridge.ports.twin.build import Firmware
from firmware_bridge.ports.twin.counter import NativeCounter, PlainCounter, count_instructions
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.ports.twin.elf import Symbol
from tests.support.twin_talk import SLOT_BYTES, noise, segment, wire

TALK = [wire("hello", 1, session=1), *segment(1, noise(1200, 1)), wire("get_stats", 2)]


def halfword(code: bytes, offset: int) -> int:
    return int.from_bytes(code[offset : offset + 2], "little")


def length(code: bytes, offset: int) -> int:
    return 4 if halfword(code, offset) >> 11 >= 0x1D else 2


def step_by_step(twin: Twin, pieces: list[bytes]) -> int:
    """Return the instructions of a conversation, counted by a hook on every single one.

    The emulator does not report instructions whose condition fails; they are in IT blocks, which say how many
    follow. On the chip they take their place in the pipeline like any other, and so they count.
    """
    import unicorn

    low = 0x800
    code = twin.machine.read(low, 260_096)
    visits: dict[int, int] = {}

    def visit(_engine: Any, address: int, _size: int, _user: Any) -> None:
        visits[address] = visits.get(address, 0) + 1

    twin.machine._engine.hook_add(unicorn.UC_HOOK_CODE, visit)
    twin.machine.run()
    for piece in pieces:
        twin.receive(piece)
    total = 0
    conditional: set[int] = set()
    for address, times in visits.items():
        word = halfword(code, address - low)
        if word >> 8 == 0xBF and word & 15:
            following = 4 - ((word & 15) & -(word & 15)).bit_length() + 1
            at = address + 2
            for _ in range(following):
                conditional.add(at)
                at += length(code, at - low)
            total += following * times
    return total + sum(times for address, times in visits.items() if address not in conditional)


@pytest.mark.parametrize("kind", [NativeCounter, PlainCounter])
def test_counting_blocks_is_counting_instructions(
    firmware: Firmware, image: bytes, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "attach_counter", kind)
    twin = Twin(firmware, Flash(SLOT_BYTES, [image]))
    assert isinstance(twin.machine.counter, kind)
    twin.boot()
    for piece in TALK:
        twin.receive(piece)
    monkeypatch.undo()
    again = Twin(firmware, Flash(SLOT_BYTES, [image]))
    assert twin.instructions == step_by_step(again, TALK)
    assert twin.by_function() == again.by_function()


def test_counts_are_the_same_on_every_run(boot: Callable[..., Twin]) -> None:
    runs = []
    for _ in range(2):
        twin = boot()
        said = b"".join(map(twin.receive, TALK))
        runs.append((twin.instructions, twin.by_function(), said))
    assert runs[0] == runs[1], "times within the answers included"


def test_the_functions_account_for_everything(boot: Callable[..., Twin]) -> None:
    twin = boot()
    for piece in TALK:
        twin.receive(piece)
    found = twin.by_function()
    assert sum(found.values()) == twin.instructions
    assert found["ut_spectrum"] > found["ut_levels"] > 0
    # What the compiler's library brings has no names of its own in arm-gcc's.
    assert found.get("?", 0) < 0.01 * twin.instructions


def test_length_of_thumb_instructions() -> None:
    # movs; ldr.w (11111); bl (11110); strd (11101); b.n (11100); bx lr
    code = bytes.fromhex("0120 d4f80400 00f002f8 c4e90001 fee7 7047")
    assert count_instructions(code) == 6
    assert count_instructions(b"") == 0


def test_a_block_beyond_the_code_counts_nothing() -> None:
    library = ctypes.CDLL(str(counter.compile_hook()))
    code = ctypes.create_string_buffer(bytes.fromhex("0120" * 4), 8)
    visits = (counter._Visits * 5)()
    state = counter._State(0, ctypes.addressof(code), 0x800, 8, visits, counter.UNLIMITED, None)
    for address, size in ((0x7FE, 4), (0x806, 4), (0x808, 2), (0x800, 8), (0x804, 4), (0x800, 4)):
        library.undertone_on_block(None, ctypes.c_uint64(address), ctypes.c_uint32(size), ctypes.byref(state))
    assert state.retired == 4 + 2 + 2
    assert [one.retired for one in visits] == [6, 0, 2, 0, 0]


def test_without_a_compiler_python_counts_and_says_so(
    boot: Callable[..., Twin], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = boot().instructions

    def missing() -> Any:
        raise EnvironmentLacking("no C compiler found", "install one")

    said: list[str] = []
    monkeypatch.setattr(counter, "compile_hook", missing)
    monkeypatch.setattr(counter, "note", said.append)
    assert boot().instructions == expected
    assert said == ["instructions are counted in Python, which is slow: no C compiler found"]


def test_functions_by_name() -> None:
    class Fixed:
        retired = 30

        def by_address(self) -> dict[int, int]:
            return {0x800: 5, 0x806: 7, 0x810: 18, 0x900: 2}

        def allow(self, instructions: int) -> None:
            raise AssertionError(instructions)

    names = {"small": Symbol(0x800, 8, "STT_FUNC"), "large": Symbol(0x810, 4, "STT_FUNC")}
    assert counter.by_function(Fixed(), names) == {"large": 18, "small": 12, "?": 2}
