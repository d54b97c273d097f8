"""Slots and records as files: erased bytes, order on the disk, failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cffi
import numpy as np
import pytest

ffi = cffi.FFI()
SLOT, RECORD = 2 << 20, 4096
SLOT_0, SLOT_1, RECORD_0, RECORD_1 = range(4)


def read(glue: Any, area: int, offset: int, count: int) -> bytes:
    out = ffi.new("uint8_t[]", count)
    assert glue.flash_read(area, offset, out, count) == 0
    return bytes(ffi.buffer(out))


def log(glue: Any) -> str:
    return str(ffi.string(glue.disk_log()).decode())


@pytest.mark.parametrize("area", range(4))
def test_a_missing_file_reads_as_erased_and_is_not_made(glue: Any, area: int) -> None:
    assert read(glue, area, 100, 16) == b"\xff" * 16
    assert glue.disk_size(b"/undertone/slot0") == -1
    assert log(glue) == ""


def test_what_was_programmed_is_read_and_the_rest_is_erased(glue: Any) -> None:
    page = bytes(range(256)) * 8
    assert glue.flash_erase(SLOT_1) == 0
    assert glue.flash_program(SLOT_1, 0, page, len(page)) == 0
    assert glue.flash_program(SLOT_1, 2048, b"end", 3) == 0
    assert read(glue, SLOT_1, 2040, 20) == page[2040:] + b"end" + b"\xff" * 9
    assert read(glue, SLOT_0, 0, 4) == b"\xff" * 4


@pytest.mark.parametrize("gap", [1, 7, 8, 9, 2048])
def test_a_gap_is_erased_not_zero(glue: Any, gap: int) -> None:
    assert glue.flash_program(SLOT_0, 0, b"abc", 3) == 0
    assert glue.flash_program(SLOT_0, 3 + gap, b"xyz", 3) == 0
    assert read(glue, SLOT_0, 0, 6 + gap) == b"abc" + b"\xff" * gap + b"xyz"


def test_erase_forgets(glue: Any) -> None:
    glue.flash_program(SLOT_0, 0, b"old", 3)
    assert glue.flash_erase(SLOT_0) == 0
    assert read(glue, SLOT_0, 0, 3) == b"\xff" * 3
    assert glue.disk_size(b"/undertone/slot0") == 0


def write_slot(glue: Any) -> None:
    glue.flash_erase(SLOT_1)
    for page in range(5):
        assert glue.flash_program(SLOT_1, page * 2048, b"p" * 2048, 2048) == 0
    assert log(glue) == ""  # a sync of each page would copy up to 128 KB


def test_the_image_is_on_the_disk_before_the_record_that_enables_it(glue: Any) -> None:
    write_slot(glue)
    glue.flash_erase(RECORD_0)
    assert log(glue) == "/undertone/slot1:10240 "
    glue.flash_program(RECORD_0, 0, b"r" * 16, 16)
    assert log(glue) == "/undertone/slot1:10240 /undertone/record0:16 "


def test_what_is_read_back_is_on_the_disk(glue: Any) -> None:
    """Else an image would be verified that the power could still take away."""
    write_slot(glue)
    for _ in range(3):
        assert read(glue, SLOT_1, 0, 512) == b"p" * 512
    assert log(glue) == "/undertone/slot1:10240 "


def test_an_image_that_does_not_get_to_the_disk_cannot_be_read_back(glue: Any) -> None:
    write_slot(glue)
    glue.disk_fail_after(0)
    assert glue.flash_read(SLOT_1, 0, ffi.new("uint8_t[]", 16), 16) != 0
    assert glue.disk_size(b"/undertone/slot1") == 0


def test_a_record_is_on_the_disk_when_program_returns(glue: Any) -> None:
    for count, area in enumerate((RECORD_0, RECORD_1), start=1):
        glue.flash_erase(area)
        assert glue.flash_program(area, 0, bytes([count]) * 16, 16) == 0
        assert glue.disk_size(f"/undertone/record{area - RECORD_0}".encode()) == 16
        assert glue.disk_open() == 0


def test_only_one_file_is_ever_open(glue: Any) -> None:
    for area in (SLOT_0, RECORD_1, SLOT_1, SLOT_1, RECORD_0):
        glue.flash_program(area, 0, b"x", 1)
        read(glue, SLOT_0, 0, 1)
        assert glue.disk_open() <= 1


@pytest.mark.parametrize(
    ("area", "offset", "count"),
    [
        (4, 0, 1),
        (SLOT_0, SLOT, 1),
        (SLOT_0, SLOT - 3, 4),
        (RECORD_0, RECORD, 1),
        (RECORD_1, 0, RECORD + 1),
        (SLOT_0, 2**63, 8),
    ],
)
def test_outside_an_area(glue: Any, area: int, offset: int, count: int) -> None:
    content = bytes(count)
    assert glue.flash_read(area, offset, ffi.new("uint8_t[]", count), count) != 0
    assert glue.flash_program(area, offset, content, count) != 0
    assert log(glue) == ""


def test_the_whole_of_an_area_can_be_used(glue: Any) -> None:
    assert glue.flash_program(RECORD_0, 0, b"r" * RECORD, RECORD) == 0
    assert glue.flash_program(SLOT_0, SLOT - 1, b"s", 1) == 0
    assert read(glue, SLOT_0, SLOT - 2, 2) == b"\xffs"


def test_every_failure_of_the_disk_is_told(new_glue: Callable[[], Any]) -> None:
    """Whichever operation of littlefs fails, the step that needed it fails, and what was enabled before stays so."""

    def update(glue: Any) -> bool:
        failed = bool(glue.flash_erase(SLOT_1) != 0)
        failed = failed or glue.flash_program(SLOT_1, 0, b"i" * 64, 64) != 0
        failed = failed or glue.flash_erase(RECORD_1) != 0
        failed = failed or glue.flash_program(RECORD_1, 0, b"n" * 16, 16) != 0
        return failed

    whole = 0
    for operations in range(100):
        glue = new_glue()
        glue.flash_program(RECORD_0, 0, b"o" * 16, 16)
        glue.disk_fail_after(operations)
        failed = update(glue)
        glue.disk_fail_after(-1)
        assert glue.disk_size(b"/undertone/record0") == 16
        if glue.disk_size(b"/undertone/record1") == 16:
            assert glue.disk_size(b"/undertone/slot1") == 64
        if not failed:
            whole = operations
            break
    assert whole > 5


def test_any_order_of_operations_equals_a_plain_flash(glue: Any) -> None:
    """Append, read and erase at random, against a model of a few lines."""
    dice = np.random.default_rng(3)
    model = {area: bytearray() for area in range(4)}
    for _ in range(400):
        area, action = int(dice.integers(4)), dice.random()
        if action < 0.1:
            assert glue.flash_erase(area) == 0
            model[area].clear()
        elif action < 0.6:
            content = dice.integers(0, 256, int(dice.integers(1, 60)), np.uint8).tobytes()
            if len(model[area]) + len(content) <= RECORD:
                assert glue.flash_program(area, len(model[area]), content, len(content)) == 0
                model[area] += content
        else:
            offset, count = int(dice.integers(200)), int(dice.integers(1, 100))
            wanted = bytes(model[area][offset : offset + count]).ljust(count, b"\xff")
            assert read(glue, area, offset, count) == wanted
