"""Networks: kept at addresses of their own, run on fresh input, refused where they do not fit."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.mailbox import (
    ACOUSTIC,
    ARENA,
    BROKEN,
    INPUTS,
    KEYWORD,
    LOADED,
    OUTPUTS,
    PARAMETERS,
    SHAPE,
    UINT8,
    ffi,
    infer,
    load,
    network,
    opened,
)


@pytest.fixture
def mailbox(glue: Any) -> Any:
    return opened(glue)


def test_the_tpu_is_opened_with_the_chosen_clock(mailbox: Any) -> None:
    assert mailbox.tpu_mode() == 2  # kHigh


def test_the_input_is_filled_before_each_run(mailbox: Any) -> None:
    """The interpreter flips the input's sign bits in place, as the board's does: a second run must not see that."""
    assert load(mailbox, network()) == LOADED
    values = [1, -2, 3, 4, -5, 6]
    assert infer(mailbox, values) == infer(mailbox, values) == [7, 8, 9]


def test_both_networks_keep_their_own_tensors(mailbox: Any) -> None:
    assert load(mailbox, network(last=10), ACOUSTIC) == load(mailbox, network(last=20), KEYWORD) == LOADED
    assert infer(mailbox, [0] * INPUTS, ACOUSTIC) == [10, 11, 12]
    assert infer(mailbox, [1] * INPUTS, KEYWORD) == [26, 27, 28]
    assert infer(mailbox, [2] * INPUTS, ACOUSTIC) == [22, 23, 24]
    assert mailbox.mailbox_arena() == 2 * (INPUTS + OUTPUTS)


def test_a_new_network_in_the_same_memory_is_run_by_its_own_commands(mailbox: Any) -> None:
    """The core reads each image to the same place; the SDK would go on with what it knew of that address."""
    model = network(last=1)
    load(mailbox, model)
    model[PARAMETERS] = 50
    load(mailbox, model)
    assert infer(mailbox, [0] * INPUTS) == [50, 51, 52]
    model[PARAMETERS] = 1
    load(mailbox, model)
    assert infer(mailbox, [0] * INPUTS) == [1, 2, 3]


def test_going_back_to_a_known_network_takes_no_memory(mailbox: Any) -> None:
    for last in (1, 2, 1, 2, 1):
        load(mailbox, network(last))
    assert mailbox.models_bytes() == 2 * 64


def test_a_network_that_cannot_be_run_is_refused(mailbox: Any) -> None:
    assert load(mailbox, network(version=2)) == BROKEN
    assert load(mailbox, network(prepares=0)) == BROKEN
    assert load(mailbox, network(kind=UINT8)) == SHAPE
    assert load(mailbox, network(inputs=INPUTS + 1)) == SHAPE
    assert load(mailbox, network(), arena=(1 << 20) + 1) == ARENA
    assert mailbox.mailbox_arena() == 0


def test_a_refused_network_is_not_run(mailbox: Any) -> None:
    load(mailbox, network())
    load(mailbox, network(prepares=0))
    out = ffi.new("int8_t[]", OUTPUTS)
    assert mailbox.mailbox_infer(ACOUSTIC, bytes(INPUTS), INPUTS, out, OUTPUTS) != 0


def test_without_a_tpu_nothing_is_loaded(glue: Any) -> None:
    glue.tpu_there(0)
    glue.mailbox_start()  # returns: a task of its own waits
    time.sleep(0.1)
    assert not glue.mailbox_there()
    assert glue.mailbox_temperature() == -(2**31)
    assert load(glue, network()) == BROKEN


def test_addresses_are_never_used_twice_and_run_out(glue: Any) -> None:
    seen: set[int] = set()
    taken = 0
    size = 1 << 20
    model = ffi.new("uint8_t[]", size + 1)
    while True:
        model[0] = taken
        at = glue.models_keep(model, size + 1)
        if at == ffi.NULL:
            break
        start = int(ffi.cast("uintptr_t", at))
        assert start % 16 == 0
        assert all(abs(start - other) >= size + 1 for other in seen)
        seen.add(start)
        taken += 1
    assert taken == 15  # of 16 MiB, each padded to 16 bytes
    assert glue.models_full()


def test_full_is_told_while_there_is_still_room_for_the_image_that_runs(glue: Any) -> None:
    model = ffi.new("uint8_t[]", 1 << 20)
    for number in range(14):
        assert not glue.models_full(), number
        model[0] = number
        assert glue.models_keep(model, 1 << 20) != ffi.NULL
    assert not glue.models_full()  # 2 MiB: one more image
    model[0] = 14
    assert glue.models_keep(model, 1 << 20) != ffi.NULL
    assert glue.models_full()


def test_many_small_networks_run_out_too(glue: Any) -> None:
    model = ffi.new("uint8_t[]", 16)
    for number in range(64):
        model[0] = number
        assert glue.models_keep(model, 16) != ffi.NULL
    model[0] = 64
    assert glue.models_full() and glue.models_keep(model, 16) == ffi.NULL
