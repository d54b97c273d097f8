"""Why the board started, what it leaves alone after a bad start, and a clock that is read at its rollover."""

from __future__ import annotations

from typing import Any

import cffi

from firmware_bridge.protocol import TABLE

ffi = cffi.FFI()
REASONS = TABLE.reset_reasons


def test_what_ended_a_start_while_the_tpu_was_opened_is_left_alone_once(glue: Any) -> None:
    glue.restart_start(1)
    assert not glue.restart_spoilt()
    glue.restart_opening(1)  # and here a CHECK of the SDK ends everything
    glue.restart_start(32)
    assert glue.restart_spoilt()
    glue.restart_start(32)
    assert not glue.restart_spoilt(), "the start after that tries again"


def test_a_good_start_leaves_no_mark(glue: Any) -> None:
    glue.restart_start(1)
    glue.restart_opening(1)
    glue.restart_opening(0)
    glue.restart_start(32)
    assert not glue.restart_spoilt()


def test_restarts_are_counted_by_reason_until_the_power_goes(glue: Any) -> None:
    glue.restart_start(1)
    glue.restart(REASONS["tpu"])
    glue.restart_start(32)  # every restart is a reset by the watchdog: what was asked for counts
    assert (glue.health_reason(), glue.health_count(0), glue.health_count(1)) == (REASONS["tpu"], 1, 0)
    glue.restart_start(32)
    assert (glue.health_reason(), glue.health_count(0), glue.health_count(1)) == (REASONS["watchdog"], 2, 1)
    glue.restart_start(1)
    assert (glue.health_reason(), glue.health_count(0), glue.health_count(1)) == (REASONS["power"], 0, 0)


def test_the_clock_at_its_rollover(glue: Any) -> None:
    """The SDK's reading is 2^32 microseconds short where the register rolls over between its two steps."""
    glue.timer_set(3 << 32, 1)
    before = glue.clock_ms()
    glue.timer_set(3 << 32, 2)  # this one reading is torn
    assert 0 <= (glue.clock_ms() - before) & 0xFFFFFFFF < 1000
