"""Queues and the two ways to the board."""

from __future__ import annotations

from collections import deque
from typing import Any

import cffi
import numpy as np

ffi = cffi.FFI()
TCP, UART = range(2)


def take(glue: Any, most: int = 64, wait_ms: int = 5) -> bytes:
    out = ffi.new("uint8_t[]", most)
    count = glue.wire_take(out, most, wait_ms)
    return bytes(ffi.buffer(out)[:count])


def came(glue: Any, way: int, content: bytes) -> None:
    glue.wire_came(way, content, len(content))


def sent(glue: Any, way: int) -> bytes:
    out = ffi.new("uint8_t[]", 64)
    return bytes(ffi.buffer(out)[: glue.wire_sent(way, out, 64)])


def test_a_ring_is_a_queue_of_bounded_length(glue: Any) -> None:
    dice = np.random.default_rng(1)
    model: deque[int] = deque()
    peak = 0
    for _ in range(2000):
        if dice.random() < 0.5:
            items = dice.integers(0, 256, int(dice.integers(12)), np.uint8).tobytes()
            put = glue.ring_put(items, len(items))
            assert put == min(len(items), 8 - len(model))
            model.extend(items[:put])
            peak = max(peak, len(model))
        else:
            out = ffi.new("uint8_t[]", 12)
            count = glue.ring_take(out, int(dice.integers(12)))
            assert list(out)[:count] == [model.popleft() for _ in range(count)]
        assert glue.ring_held() == len(model) == 8 - glue.ring_room()
    assert glue.ring_peak() == peak == 8


def test_a_cleared_ring_is_empty_and_goes_on(glue: Any) -> None:
    glue.ring_put(b"abcde", 5)
    glue.ring_clear()
    assert glue.ring_held() == 0
    assert glue.ring_put(b"12345678", 8) == 8
    out = ffi.new("uint8_t[]", 8)
    assert glue.ring_take(out, 8) == 8 and bytes(out) == b"12345678"


def test_who_spoke_last_is_answered(glue: Any) -> None:
    came(glue, TCP, b"\x01\x02\x00")
    take(glue)
    glue.wire_send(b"to tcp", 6)
    came(glue, UART, b"\x03\x00")
    take(glue)
    glue.wire_send(b"to uart", 7)
    assert (sent(glue, TCP), sent(glue, UART)) == (b"to tcp", b"to uart")


def test_a_change_of_way_ends_an_unfinished_frame(glue: Any) -> None:
    came(glue, TCP, b"\x05half")
    assert take(glue) == b"\x00\x05half"  # the first of all: harmless
    came(glue, UART, b"whole\x00")
    assert take(glue) == b"\x00whole\x00"
    came(glue, UART, b"more")
    assert take(glue) == b"more"
    came(glue, TCP, b"back\x00")
    assert take(glue) == b"\x00back\x00"


def test_nothing_is_lost_when_the_buffer_is_small(glue: Any) -> None:
    content = bytes(range(1, 41))
    came(glue, TCP, content)
    pieces = [take(glue, most=7) for _ in range(7)]
    assert b"".join(pieces) == b"\x00" + content
    assert max(map(len, pieces)) == 7


def test_the_task_waits_only_when_there_is_nothing(glue: Any) -> None:
    came(glue, UART, b"x")
    take(glue, wait_ms=10)
    assert glue.waited() == 0
    assert take(glue, wait_ms=10) == b""
    assert glue.waited() == 10


def test_tcp_goes_first(glue: Any) -> None:
    came(glue, UART, b"slow")
    came(glue, TCP, b"fast")
    assert take(glue) == b"\x00fast"
    assert take(glue) == b"\x00slow"
