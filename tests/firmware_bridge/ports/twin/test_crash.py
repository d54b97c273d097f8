"""A processor fault on the twin: the handler keeps the evidence, the firmware starts anew."""

from __future__ import annotations

import pytest

from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.twin.build import Firmware
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.protocol import TABLE
from tests.support.twin_talk import SLOT_BYTES, messages, wire
from tools.board.crash import crash_record


@pytest.mark.parametrize(
    ("place", "fault"),
    [(0x2010_0000, "access to nothing"), (0x9000_0000, "access to nothing")],
)
def test_a_fault_leaves_registers_and_a_trace(
    firmware: Firmware, image: bytes, place: int, fault: str
) -> None:
    twin = Twin(firmware, Flash(SLOT_BYTES, [image]), recovers=True)
    twin.boot()
    # The firmware's way to its port is a pointer in RAM: bent, the next request jumps to what is no code.
    symbol = firmware.image.symbols["device"]
    twin.machine.write(symbol.address, place.to_bytes(4, "little"))
    twin.receive(wire("hello", 1, session=1))
    identity, crash = messages(twin.receive(wire("hello", 2, session=2) + wire("get_crash", 3)))
    assert identity.reset_reason == TABLE.reset_reasons["fault"]
    record = crash_record(crash, firmware.image)
    assert record is not None
    assert fault in record["faults"] and record["address"] is not None
    assert record["address"] - place < 0x100
    named = " ".join([record["at"], *record["trace"]])
    assert "main" in named or "ut_" in named, named
    assert messages(twin.receive(wire("get_stats", 4)))[0].faults == 1
