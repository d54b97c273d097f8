"""Every planted mistake stops the machine, with its name, its address and what to do."""

from __future__ import annotations

import pytest

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.twin.build import Firmware
from firmware_bridge.ports.twin.elf import Image, Symbol
from firmware_bridge.ports.twin.faults import FirmwareFault, describe_access
from firmware_bridge.ports.twin.machine import Machine
from firmware_bridge.ports.twin.memory import MEMORIES
from firmware_bridge.ports.twin.peripherals import TwinBoard
from tests.support.twin_talk import MISTAKES, SLOT_BYTES

DTCM = 0x2000_0000
BOARD = 0x4000_0000


def make(planted: Firmware, mistake: str) -> tuple[Machine, TwinBoard]:
    """Return a machine that waits, about to make a mistake."""
    machine = Machine(planted.image, most=200_000)
    board = TwinBoard(machine, machine.counter, Flash(SLOT_BYTES))
    machine.attach(board)
    machine.run()
    board.bulk.line.come(bytes(MISTAKES.index(mistake)))
    return machine, board


def fault_of(planted: Firmware, mistake: str) -> FirmwareFault:
    machine, _ = make(planted, mistake)
    with pytest.raises(FirmwareFault) as caught:
        machine.run()
    with pytest.raises(FirmwareFault) as again:
        machine.run()
    assert again.value is caught.value, "the machine stands still"
    assert isinstance(caught.value, UndertoneError)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("mistake", "kind", "address"),
    [
        ("read_outside", "read outside the memory map", 0x2010_0000),
        ("write_outside", "write outside the memory map", 0x9000_0000),
        ("write_null", "write through a null pointer", 0),
        ("read_register", "register that cannot be read", BOARD + 0xFF0),
        ("write_register", "register that cannot be written", BOARD),
        ("read_part", "register accessed by parts", BOARD),
        ("send_nothing", "transfer from what is no memory", 0x7000_0000),
        ("give_up", "panic 77", 77),
        ("read_system", "unknown register of the processor", 0xE000_E010),
    ],
)
def test_a_mistake_is_named_with_symbol_and_address(
    planted: Firmware, mistake: str, kind: str, address: int
) -> None:
    fault = fault_of(planted, mistake)
    assert (fault.kind, fault.address) == (kind, address)
    assert fault.where.startswith(f"{mistake}+0x")
    assert fault.where in fault.what
    assert f"0x{address:08x}" in fault.what


def test_a_write_to_code_and_constants(planted: Firmware) -> None:
    constant = planted.image.symbols["constant"].address
    fault = fault_of(planted, "write_code")
    assert (fault.kind, fault.address) == ("write to read-only memory", constant)
    assert fault.where.startswith("write_code+0x")
    moved = fault_of(planted, "take_into_code")
    assert (moved.kind, moved.address) == ("transfer to what is no memory", constant)


def test_a_stack_overflow_eats_no_variable(planted: Firmware) -> None:
    fault = fault_of(planted, "overflow_stack")
    assert fault.kind == "stack overflow"
    assert fault.where.startswith("recurse+0x")
    assert DTCM - 0x1000 <= fault.address < DTCM
    machine, _ = make(planted, "overflow_stack")
    initialised = planted.image.symbols["initialised"].address
    with pytest.raises(FirmwareFault):
        machine.run()
    assert int.from_bytes(machine.read(initialised, 4), "little") == 7


def test_jumps_to_what_is_no_code(planted: Firmware) -> None:
    data = fault_of(planted, "call_data")
    zeroed = planted.image.symbols["zeroed"].address
    assert (data.kind, data.address, data.pc) == ("execution of what is not code", zeroed, zeroed)
    assert data.where == "zeroed+0x0"
    null = fault_of(planted, "call_null")
    assert (null.kind, null.address) == ("call through a null pointer", 0)
    assert null.caller.startswith(("call_null+0x", "main+0x"))


def test_instructions_that_no_program_of_ours_has(planted: Firmware) -> None:
    undefined = fault_of(planted, "call_undefined")
    assert undefined.kind == "undefined instruction"
    assert undefined.where.startswith("call_undefined+0x")
    service = fault_of(planted, "call_service")
    assert service.kind.startswith("exception ")
    assert service.where.startswith("call_service+0x")
    assert fault_of(planted, "command_nonsense").kind == "unknown command of the mailbox"


def test_a_program_that_never_waits_is_stopped(planted: Firmware) -> None:
    fault = fault_of(planted, "hang")
    assert fault.kind == "no sleep within 200,000 instructions"
    assert fault.where.startswith("hang+0x")


def test_memory_is_as_c_wants_it_and_floats_work(planted: Firmware) -> None:
    machine, board = make(planted, "check_memory")
    machine.run()
    initialised, zeroed, tenth, stack = board.uart.line.collect()
    assert (initialised, zeroed, tenth) == (7, 0, 35)
    assert 0 < stack * 16 < 512


def test_what_c_does_not_set_is_garbage(planted: Firmware) -> None:
    """A buffer that nobody cleared must not look cleared, as it would on the chip."""
    machine = Machine(planted.image)
    zeroed = planted.image.symbols["zeroed"].address
    assert machine.read(zeroed, 4) != bytes(4)


@pytest.mark.parametrize(
    ("access", "address", "kind"),
    [
        ("write", DTCM - 4, "stack overflow"),
        ("read", DTCM - 0x1_0000, "stack overflow"),
        ("read", DTCM - 0x1_0004, "read outside the memory map"),
        ("read", 0x7FC, "read through a null pointer"),
        ("fetch", 0x10, "call through a null pointer"),
        ("fetch", DTCM, "execution of what is not code"),
        ("write", 0x800, "write to read-only memory"),
        ("write", 0x800 + 260_096, "write outside the memory map"),
    ],
)
def test_borders_of_the_kinds(access: str, address: int, kind: str) -> None:
    assert describe_access(access, address)[0] == kind


def test_places_have_names() -> None:
    image = Image((), (), {"first": Symbol(0x800, 8, "STT_FUNC"), "second": Symbol(0x808, 4, "STT_FUNC")})
    assert [image.locate(at) for at in (0x800, 0x807, 0x808, 0x80C)] == [
        "first+0x0",
        "first+0x7",
        "second+0x0",
        "0x0000080c",
    ]


def test_the_map_is_the_chips() -> None:
    """512 KiB of tightly coupled memory (2 KB of it the boot ROM's) and 1.25 MiB of OCRAM."""
    on_chip = {memory.name: memory.limit_bytes for memory in MEMORIES if memory.on_chip}
    assert on_chip == {"ITCM": 256 * 1024 - 0x800, "DTCM": 256 * 1024, "OCRAM": 1280 * 1024}
