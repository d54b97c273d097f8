"""A twin that lives through faults, hangs and a failing Edge TPU as the board does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.twin.build import Firmware
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.ports.twin.schedules import Outcome, Schedules
from firmware_bridge.ports.twin.tpu_trouble import TpuTrouble, Trouble
from firmware_bridge.protocol import TABLE, Message
from tests.support.twin_talk import SLOT_BYTES, messages, noise, segment, wire
from tools.board.crash import crash_lines, crash_record

REASONS = TABLE.reset_reasons


def ask(twin: Twin, name: str, sequence: int = 9, **fields: object) -> Message:
    return messages(twin.receive(wire(name, sequence, **fields)))[-1]


def score(twin: Twin, number: int, pcm: np.ndarray) -> Message:
    answers = messages(b"".join(twin.receive(part) for part in segment(number, pcm)))
    return answers[-1]


@pytest.fixture
def twin(boot: Callable[..., Twin]) -> Twin:
    return boot(recovers=True)


def test_after_power_on_there_is_nothing_to_tell(twin: Twin) -> None:
    identity = ask(twin, "hello", session=1)
    assert identity.reset_reason == REASONS["power"] and identity.troubles == 0
    assert ask(twin, "get_crash").reason == 0
    assert crash_lines(crash_record(ask(twin, "get_crash"), None)) == ["no crash since the power came"]
    stats = ask(twin, "get_stats", 10)
    assert stats.restarts == stats.watchdog_resets == stats.faults == stats.tpu_failures == 0
    assert stats.temperature_mc == 41500


@pytest.mark.parametrize("kind", [Trouble.FAILED, Trouble.GONE])
def test_a_failed_run_is_answered_then_the_device_restarts_and_scores(twin: Twin, kind: Trouble) -> None:
    pcm = noise(8000, 1)
    ask(twin, "hello", session=1)
    good = score(twin, 1, pcm)
    twin.board.mailbox.trouble = TpuTrouble({2: kind})
    assert "gave no scores" in score(twin, 2, pcm).sentence
    identity = ask(twin, "hello", session=2)
    assert identity.reset_reason == REASONS["tpu"]
    stats = ask(twin, "get_stats", 10)
    assert (stats.restarts, stats.tpu_failures) == (1, 1)
    assert score(twin, 3, pcm).fused.tolist() == good.fused.tolist()


def test_a_host_that_does_not_ask_keeps_it_for_two_seconds_only(twin: Twin) -> None:
    twin.board.mailbox.trouble = TpuTrouble({0: Trouble.FAILED})
    for part in segment(1, noise(8000, 1))[:-1]:
        twin.receive(part)
    twin.pass_time(1900)
    assert ask(twin, "get_stats", 10).restarts == 0
    twin.pass_time(200)
    assert ask(twin, "get_stats", 11).restarts == 1


def test_a_hang_is_ended_by_the_watchdog_which_says_where_it_was(twin: Twin, firmware: Firmware) -> None:
    pcm = noise(8000, 1)
    twin.board.mailbox.trouble = TpuTrouble({0: Trouble.HANGS})
    assert [one.name for one in messages(b"".join(twin.receive(part) for part in segment(1, pcm)))][
        -1
    ] == "error"
    identity = ask(twin, "hello", session=1)
    assert identity.reset_reason == REASONS["watchdog"]
    assert identity.troubles == TABLE.troubles["crash_kept"]
    record = crash_record(ask(twin, "get_crash"), firmware.image)
    assert record is not None and record["reason"] == "watchdog" and record["task"] == "main"
    assert record["uptime_ms"] >= 8000
    named = " ".join([record["at"], *record["trace"]])
    assert "infer" in named or "score" in named, named
    assert "ut_device_receive" in named or "main" in named, named
    assert score(twin, 2, pcm).name == "result"


def test_the_temperature_is_not_read_at_the_end_of_a_segment(twin: Twin) -> None:
    twin.board.mailbox.trouble = TpuTrouble(hot=True)
    assert score(twin, 1, noise(8000, 1)).name == "result"
    assert not messages(twin.receive(wire("get_stats", 10))), "this read hangs, and the watchdog ends it"
    assert ask(twin, "get_stats", 11).watchdog_resets == 1


def test_a_tpu_that_does_not_come_up_is_named(firmware: Firmware, image: bytes) -> None:
    twin = Twin(firmware, Flash(SLOT_BYTES, [image]), recovers=True)
    twin.board.mailbox.trouble = TpuTrouble(absent_starts=frozenset({0}))
    twin.boot()
    identity = ask(twin, "hello", session=1)
    assert identity.troubles == TABLE.troubles["tpu_missing"] and identity.slot == 255
    assert ask(twin, "get_stats", 10).temperature_mc == -(2**31)
    twin.reset()
    assert ask(twin, "hello", 11, session=1).slot == 0


def test_the_button_and_the_power_are_told_apart(twin: Twin) -> None:
    twin.reset()
    assert ask(twin, "hello", session=1).reset_reason == REASONS["host"]
    twin.power_cycle()
    assert ask(twin, "hello", session=1).reset_reason == REASONS["power"]


def test_two_listens_in_a_row_begin_with_fresh_sound(boot: Callable[..., Twin]) -> None:
    sound = np.arange(1, 32001, dtype=np.int16)
    twin = boot(sound=sound, recovers=True)
    for round_ in range(2):
        ask(twin, "listen", 10 + round_, mode=2)
        twin.pass_time(100)
        captured = ask(twin, "get_capture", 20 + round_, offset=0)
        assert captured.pcm[:5].tolist() == [1, 2, 3, 4, 5]
        assert captured.lost_samples == 0
        ask(twin, "listen", 30 + round_, mode=0)
        twin.pass_time(500)


def test_a_gap_between_two_polls_is_counted(boot: Callable[..., Twin]) -> None:
    twin = boot(sound=np.ones(64000, np.int16))
    ask(twin, "listen", 10, mode=2)
    twin.board.clock.wait(792 * 2_000_000)  # two seconds in which nobody takes: one is kept
    captured = ask(twin, "get_capture", 20, offset=0)
    twin.pass_time(1)
    assert ask(twin, "get_capture", 21, offset=int(captured.offset)).lost_samples >= 15000


def test_seeded_schedules_of_trouble_all_come_back(bundle: Bundle) -> None:
    schedules = Schedules(bundle.directory)
    outcomes = [schedules.run(seed) for seed in range(40)]
    assert [one for one in outcomes if one.wrong] == []
    assert {"tpu", "watchdog", "host"} <= {one.reasons for one in outcomes}


def test_a_row_of_schedules_names_those_that_were_lost(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules = Schedules(bundle.directory)
    good = schedules.run_all(3, first=7)
    assert (good.first, good.count, good.lost) == (7, 3, ())
    assert sum(good.last_starts.values()) == 3 == good.as_dict()["came_back"]
    real = Schedules.run

    def one_is_lost(self: Schedules, seed: int) -> Outcome:
        return Outcome(seed, "does not answer", -1, "") if seed == 8 else real(self, seed)

    monkeypatch.setattr(Schedules, "run", one_is_lost)
    bad = schedules.run_all(3, first=7)
    assert [one.seed for one in bad.lost] == [8]
    assert bad.as_dict()["came_back"] == 2
