"""core/slots.c: the newest whole record wins, and the older one is the one that is written."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest

from firmware_bridge.ports.flash import Cut, Flash
from firmware_bridge.protocol import ErrorCode

SLOT_BYTES = 64 * 1024
FIRST, SECOND = 2, 3  # the areas of the records


def record(sequence: int, slot: int, magic: bytes = b"UTRC") -> bytes:
    content = magic + struct.pack("<II", sequence & 0xFFFFFFFF, slot)
    return content + struct.pack("<I", zlib.crc32(content))


def order(device: Any) -> list[int]:
    made = device.core.ffi.new("int32_t[3]")
    device.core.lib.ut_slots_order(device.port, made)
    return list(made)


def enable(device: Any, slot: int) -> int:
    return int(device.core.lib.ut_slots_enable(device.port, slot))


@pytest.mark.parametrize(
    ("records", "first"),
    [
        ([], 0),
        ([record(1, 1)], 1),
        ([b"", record(1, 1)], 1),
        ([record(1, 0), record(2, 1)], 1),
        ([record(3, 0), record(2, 1)], 0),
        ([record(0xFFFFFFFF, 0), record(0, 1)], 1),
        ([record(0, 1), record(0xFFFFFFFF, 0)], 1),
        ([record(0x7FFFFFFF, 1), record(0x80000000, 0)], 0),
        ([record(5, 1), record(5, 0)], 1),
        ([record(9, 1)[:-1], record(2, 0)], 0),
        ([record(9, 2), record(2, 1)], 1),
        ([record(9, 0, b"UTRX"), record(2, 1)], 1),
        ([b"\0" * 16, b"\0" * 16], 0),
        ([b"rubbish, all of it", b"and more of that, too"], 0),
    ],
)
def test_the_newest_whole_record_wins(make_device: Any, records: list[bytes], first: int) -> None:
    assert order(make_device(Flash(SLOT_BYTES, [], records))) == [first, 1 - first, -1]


def test_without_flash_the_order_is_the_plain_one(make_device: Any) -> None:
    assert order(make_device(Flash(SLOT_BYTES, [], [record(1, 1)]), has_flash=False)) == [0, 1, -1]


def test_records_are_written_in_turn(make_device: Any) -> None:
    flash = Flash(SLOT_BYTES)
    device = make_device(flash)
    for number, slot in enumerate([1, 0, 1, 1, 0], start=1):
        assert enable(device, slot) == 0
        assert order(device)[0] == slot
        area = FIRST if number % 2 else SECOND
        assert flash.content(area)[:16] == record(number, slot)
    assert flash.wear == [0, 0, 3, 2]


def test_the_sequence_goes_round(make_device: Any) -> None:
    device = make_device(Flash(SLOT_BYTES, [], [record(-1, 0)]))
    assert enable(device, 1) == 0
    assert order(device)[0] == 1
    assert enable(device, 0) == 0
    assert order(device)[0] == 0


@pytest.mark.parametrize("records", [[], [record(7, 0)], [b"", record(7, 0)], [record(6, 1), record(7, 0)]])
def test_a_cut_leaves_the_old_or_the_new(make_device: Any, records: list[bytes]) -> None:
    """The newest record is never in danger: both operations work on the other area."""
    start = Flash(SLOT_BYTES, [], records).snapshot()
    flash = Flash(SLOT_BYTES)
    seen = set()
    for at in range(2):
        for seed in range(40):
            flash.restore(start)
            flash.power_on(Cut(at, seed))
            assert enable(make_device(flash), 1) == ErrorCode.STORAGE_FAILED
            flash.power_on()
            again = make_device(flash)
            seen.add(order(again)[0])
            assert enable(again, 1) == 0
            assert order(again)[0] == 1
    assert seen == {0, 1}
    assert flash.misuse == []


def test_flash_that_forgets_is_noticed(make_device: Any) -> None:
    """The record is read back: a program that did not work is not success."""
    flash = Flash(SLOT_BYTES)
    device = make_device(flash)
    flash.program = lambda area, offset, data: True  # type: ignore[method-assign]
    assert enable(device, 1) == ErrorCode.STORAGE_FAILED
