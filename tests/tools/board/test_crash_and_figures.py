"""A crash in people's words, counters in a row, scores as bars: from the messages alone, without a device."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from firmware_bridge.ports.twin.elf import FUNCTION, Image, Symbol
from firmware_bridge.protocol import TABLE
from firmware_bridge.protocol.messages import Crash, Stats
from tools.board.crash import ADDRESS_VALID, FAULTS, REGISTERS, crash_lines, crash_record
from tools.board.figures import BAR, STATS, UNKNOWN_TEMPERATURE, bars, shares, stats_heading, stats_row

WATCHDOG = TABLE.reset_reasons["watchdog"]
IMAGE = Image((), (), {"ut_poll": Symbol(0x8000_1000, 0x40, FUNCTION)})


def crash(reason: int = WATCHDOG, trace: tuple[int, ...] = (), **registers: int) -> Crash:
    values = np.array([registers.get(name, 0) for name in REGISTERS], np.uint32)
    return Crash(reason, 12_345, "audio", values, np.array(trace, np.uint32))


class TestCrash:
    def test_none_is_kept(self) -> None:
        record = crash_record(crash(TABLE.reset_reasons["unknown"]), IMAGE)
        assert record is None
        assert crash_lines(record) == ["no crash since the power came"]

    def test_the_thumb_bit_is_no_part_of_the_place(self) -> None:
        record = crash_record(crash(pc=0x8000_1005), IMAGE)
        assert record is not None
        assert record["at"] == "ut_poll+0x4"
        assert record["registers"]["pc"] == 0x8000_1005, "the register stays what it was"

    def test_without_a_program_places_are_numbers(self) -> None:
        record = crash_record(crash(pc=0x8000_1004, trace=(0x8000_1011,)), None)
        assert record is not None
        assert (record["at"], record["trace"]) == ("0x80001004", ["0x80001011"])

    def test_a_place_outside_the_program_is_a_number_too(self) -> None:
        record = crash_record(crash(pc=0x10, trace=(0x8000_1020, 0x20)), IMAGE)
        assert record is not None
        assert record["at"] == "0x00000010"
        assert record["trace"] == ["ut_poll+0x20", "0x00000020"]

    def test_a_lost_place_is_said(self) -> None:
        record = crash_record(crash(), IMAGE)
        assert record is not None
        assert record["at"] == "a place that is lost"
        assert record["faults"] == [] and record["address"] is None

    @pytest.mark.parametrize("bit", FAULTS)
    def test_each_fault_has_its_words(self, bit: int) -> None:
        record = crash_record(crash(cfsr=bit, bfar=0xDEAD_0000), IMAGE)
        assert record is not None
        assert record["faults"] == [FAULTS[bit]]
        assert record["address"] is None, "the register holds an address only where the processor says so"

    def test_an_address_that_counts_stands_with_its_fault(self) -> None:
        record = crash_record(crash(cfsr=1 << 9 | ADDRESS_VALID, bfar=0xDEAD_0000), IMAGE)
        lines = crash_lines(record)
        assert "  access to nothing: 0xdead0000" in lines

    def test_a_reason_of_a_later_firmware_is_not_hidden(self) -> None:
        record = crash_record(crash(200), None)
        assert record is not None
        assert record["reason"] == "reason 200"

    def test_lines_hold_everything_once(self) -> None:
        record = crash_record(crash(pc=0x8000_1000, trace=(0x8000_1008, 0x8000_1010), r0=7), IMAGE)
        lines = crash_lines(record)
        assert lines[0] == "watchdog in task audio, 12.3 s after its start, at ut_poll+0x0"
        assert [line for line in lines if "called from" in line] == [
            "  called from ut_poll+0x8",
            "  called from ut_poll+0x10",
        ]
        text = "\n".join(lines)
        assert all(f"{name} " in text for name in REGISTERS)
        assert "r0 00000007" in text
        assert max(map(len, lines)) <= 80

    def test_registers_that_are_too_few_are_no_record(self) -> None:
        short = Crash(WATCHDOG, 1, "audio", np.zeros(3, np.uint32), np.zeros(0, np.uint32))
        with pytest.raises(ValueError, match="zip"):
            crash_record(short, None)


def stats(**changes: Any) -> Stats:
    zeros = Stats(**{field.name: 0 for field in TABLE.layouts["stats"].fields})
    return replace(zeros, **changes)


class TestCounters:
    def test_every_column_is_a_counter_of_the_table(self) -> None:
        fields = {field.name for field in TABLE.layouts["stats"].fields}
        assert {name for _, _, name in STATS} <= fields
        assert len(stats_heading()) <= 80

    def test_units(self) -> None:
        row = stats_row(
            stats(uptime_ms=61_500, ram_peak_bytes=123_400, stack_peak_bytes=2048, temperature_mc=41_250)
        )
        assert row.split() == ["61.5", "0", "0", "0", "0", "0", "0", "0", "123", "2048", "41.2"]

    def test_what_a_device_does_not_know_is_a_dash_and_no_zero(self) -> None:
        row = stats_row(stats(temperature_mc=UNKNOWN_TEMPERATURE)).split()
        assert row[-3:] == ["-", "-", "-"]

    def test_a_cold_board_is_below_zero(self) -> None:
        assert stats_row(stats(temperature_mc=-5_000)).split()[-1] == "-5.0"

    @given(st.integers(0, 999_999))
    def test_figures_end_below_the_ends_of_their_headings(self, uptime: int) -> None:
        row, at = stats_row(stats(uptime_ms=uptime, frames_good=7)), 0
        for _, width, _ in STATS:
            at += width
            assert row[at - 1] != " "
        assert len(row) == at


class TestBars:
    @given(arrays(np.int8, st.integers(1, 8)), st.floats(0.001, 1.0))
    def test_shares_sum_to_one_and_keep_the_order(self, scores: np.ndarray, scale: float) -> None:
        found = shares(scores, scale)
        assert found.sum() == pytest.approx(1.0)
        assert found[scores.argmax()] == found.max()
        assert (found >= 0).all() and np.isfinite(found).all()

    def test_a_step_is_worth_its_scale(self) -> None:
        low, high = shares(np.array([0, 10], np.int8), 0.1)
        assert high / low == pytest.approx(np.e)

    def test_the_largest_is_marked_and_full(self) -> None:
        found = bars(("angry", "sad"), (0.0, 1.0))
        assert found[0].startswith("  angry ") and "█" not in found[0]
        assert found[1].startswith("> sad   ") and found[1].count("█") == BAR
        assert found[1].endswith("100.0 %")
        assert len(set(map(len, found))) == 1

    def test_of_equals_one_is_marked(self) -> None:
        assert [line[0] for line in bars(("a", "b", "c"), (0.3, 0.35, 0.35))] == [" ", ">", " "]

    def test_nothing_to_draw(self) -> None:
        assert bars((), ()) == []

    def test_a_share_without_a_name_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="zip"):
            bars(("a",), (0.5, 0.5))
