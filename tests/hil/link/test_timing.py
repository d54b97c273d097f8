"""Waiting times, worked out by hand, and a line in memory whose clock costs nothing."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from hil.link.memory_link import MemoryLink
from hil.link.timing import Timing


class Echo:
    """Answers with what it got, backwards."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def push(self, data: bytes) -> bytes:
        self.got.append(data)
        return data[::-1]


class TestTiming:
    def test_bytes_take_their_time_on_the_line(self) -> None:
        timing = Timing(margin=3.0)
        assert timing.wire_s(1152, 11520) == pytest.approx(0.3)
        assert timing.wire_s(0, 11520) == 0

    def test_a_slow_line_is_given_longer(self) -> None:
        timing = Timing()
        assert timing.call_s(96_000, 11_520, 10.0) > timing.call_s(96_000, 200_000, 10.0)

    def test_the_limit_of_a_call_by_hand(self) -> None:
        timing = Timing(reply_s=0.5, attempts=4, restarts=2, margin=2.0)
        # four attempts of four replies and the device's work; the bytes twice, each with twice its time
        assert timing.call_s(1000, 500, 3.0) == pytest.approx(4 * (4 * 0.5 + 3.0) + 2 * (2 * 1000 / 500))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"reply_s": 0},
            {"attempts": 0},
            {"restarts": 0},
            {"margin": 0.5},
            {"window_s": -1},
            {"patience": 3},
        ],
    )
    def test_settings_that_would_never_end_or_never_wait_are_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            Timing(**wrong)  # type: ignore[arg-type]

    def test_a_timing_cannot_be_changed_under_a_client(self) -> None:
        with pytest.raises(ValidationError):
            Timing().reply_s = 2.0  # type: ignore[misc]


class TestMemoryLink:
    def test_bytes_go_through_the_device_and_back(self) -> None:
        device = Echo()
        link = MemoryLink(device)
        link.write(b"abc", 1.0)
        assert device.got == [b"abc"]
        assert link.read(1.0) == b"cba"

    def test_answers_wait_until_they_are_read(self) -> None:
        link = MemoryLink(Echo())
        link.write(b"ab", 1.0)
        link.write(b"cd", 1.0)
        assert link.read(1.0) == b"badc"
        assert link.read(1.0) == b""

    def test_the_line_has_a_rate_both_ways(self) -> None:
        link = MemoryLink(Echo(), bytes_per_second=100.0)
        link.write(bytes(50), 9.0)
        assert link.now() == pytest.approx(0.5)
        link.read(9.0)
        assert link.now() == pytest.approx(1.0)

    def test_waiting_moves_its_clock_and_not_the_wall(self) -> None:
        link, began = MemoryLink(Echo()), time.monotonic()
        assert link.read(3600.0) == b""
        assert link.now() == 3600.0
        assert time.monotonic() - began < 5

    def test_its_clock_never_goes_back(self) -> None:
        link = MemoryLink(Echo())
        link.pass_time(10.0)
        assert link.read(3.0) == b""
        assert link.now() == 10.0

    def test_what_was_not_read_can_be_dropped(self) -> None:
        link = MemoryLink(Echo())
        link.write(b"old", 1.0)
        link.purge()
        link.write(b"new", 1.0)
        assert link.read(1.0) == b"wen"
        link.close()
