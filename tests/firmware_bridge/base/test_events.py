"""The stream of events: who begins, who ends, how long it took, and who hears of it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.base import events
from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.base.events import (
    Ended,
    Event,
    JsonLines,
    Kind,
    Outcome,
    describe,
    kept,
    listening,
    stage,
    step,
)
from firmware_bridge.base.progress import note, tell, track


@pytest.fixture
def heard() -> Iterator[list[Event]]:
    """All events of a test."""
    found: list[Event] = []
    with listening(found.append):
        yield found


def shape(found: list[Event]) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.stage, one.step or one.line) for one in found]


def test_a_stage_holds_what_happens_inside(heard: list[Event]) -> None:
    with stage("teacher"):
        assert list(track("ab", "reading clips")) == ["a", "b"]
        note("a stand-in")
    tell("outside")
    assert shape(heard) == [
        ("begun", "teacher", ""),
        ("begun", "teacher", "reading clips"),
        ("advanced", "teacher", "reading clips"),
        ("advanced", "teacher", "reading clips"),
        ("ended", "teacher", "reading clips"),
        ("warned", "teacher", "a stand-in"),
        ("ended", "teacher", ""),
        ("told", "", "outside"),
    ]
    spans = [one.span for one in heard if not one.line]
    assert spans[0] == spans[-1] and len(set(spans)) == 2
    assert [one.items for one in heard if one.step] == [0, 1, 2, 2]
    assert {one.total for one in heard if one.step} == {2}
    assert {one.process for one in heard} == {os.getpid()}


def test_stages_inside_stages_come_back(heard: list[Event]) -> None:
    with stage("outer"):
        with stage("inner"):
            tell("in")
        tell("out")
    assert [(one.stage, one.line) for one in heard if one.line] == [("inner", "in"), ("outer", "out")]


def test_a_duration_is_of_a_clock_that_only_goes_forward(
    heard: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wall clock is set back in the middle of it, as a time server does."""
    monkeypatch.setattr(time, "monotonic", iter([10.0, 12.5]).__next__)
    monkeypatch.setattr(time, "time", iter([1000.0, 400.0]).__next__)
    with step("waiting"):
        pass
    begun, ended = heard
    assert begun.seconds is None
    assert ended.seconds == 2.5


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (CheckFailed("a promise"), Outcome.FAILED),
        (ZeroDivisionError(), Outcome.FAILED),
        (SystemExit(3), Outcome.FAILED),
        (KeyboardInterrupt(), Outcome.STOPPED),
    ],
)
def test_how_it_ended(heard: list[Event], error: BaseException, outcome: Outcome) -> None:
    with pytest.raises(type(error)), stage("s"), step("dividing"):
        raise error
    assert [one.outcome for one in heard if one.kind is Kind.ENDED] == [outcome, outcome]
    with stage("after"):
        tell("the stage that failed is left")
    assert heard[-2].stage == "after"


def test_a_loop_that_is_left_early_is_stopped(heard: list[Event]) -> None:
    items = track(range(10), "counting")
    for item in items:
        if item == 3:
            break
    items.close()  # type: ignore[attr-defined]  (a generator; the loop's own is closed when it is forgotten)
    assert (heard[-1].outcome, heard[-1].items, heard[-1].total) == (Outcome.STOPPED, 3, 10)


def test_what_was_there_already_takes_no_time(heard: list[Event]) -> None:
    kept("teacher")
    (one,) = heard
    assert (one.kind, one.stage, one.outcome, one.seconds) == (Kind.ENDED, "teacher", Outcome.KEPT, 0.0)


def test_everybody_who_listens_hears_in_order_until_the_block_ends() -> None:
    first: list[str] = []
    with listening(lambda event: first.append("a")):
        with listening(lambda event: first.append("b")):
            tell("x")
        tell("y")
    tell("z")
    assert first == ["a", "b", "a"]
    with pytest.raises(ZeroDivisionError), listening(lambda event: first.append("c")):
        raise ZeroDivisionError
    tell("nobody is left")
    assert first == ["a", "b", "a"]


def test_threads_have_stages_of_their_own(heard: list[Event]) -> None:
    """Two stages side by side in one process: what a thread says belongs to its own stage."""
    both = threading.Barrier(2)

    def work(name: str) -> None:
        with stage(name):
            both.wait(10)
            tell(f"in {name}")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((one.stage, one.line) for one in heard if one.line) == [("a", "in a"), ("b", "in b")]


def test_ended_keeps_ends_alone() -> None:
    ended = Ended()
    with listening(ended), stage("s"):
        list(track("ab", "reading"))
        kept("t")
    assert [(one.name, one.items, one.outcome) for one in ended.spans] == [
        ("reading", 2, Outcome.DONE),
        ("stage t", 0, Outcome.KEPT),
        ("stage s", 0, Outcome.DONE),
    ]


class TestJsonLines:
    def test_one_object_a_line_without_single_items(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "events.jsonl"
        with listening(JsonLines(path)), stage("s"):
            list(track(range(1000), "räding"))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [(one["kind"], one.get("step", "")) for one in lines] == [
            ("begun", ""),
            ("begun", "räding"),
            ("ended", "räding"),
            ("ended", ""),
        ]
        assert set(lines[2]) == {
            "kind",
            "stage",
            "step",
            "span",
            "items",
            "total",
            "seconds",
            "outcome",
            "at",
            "process",
        }
        assert (lines[2]["items"], lines[2]["total"], lines[2]["outcome"]) == (1000, 1000, "done")
        assert lines[2]["seconds"] >= 0

    def test_a_line_is_there_as_soon_as_it_happened(self, tmp_path: Path) -> None:
        """Whoever follows the file of a run that is killed has all that came before."""
        path = tmp_path / "events.jsonl"
        with listening(JsonLines(path)):
            tell("first")
            assert json.loads(path.read_text())["line"] == "first"

    def test_a_second_run_is_appended(self, tmp_path: Path) -> None:
        path = tmp_path / "events.jsonl"
        for word in ("one", "two"):
            with listening(JsonLines(path)):
                tell(word)
        assert [json.loads(line)["line"] for line in path.read_text().splitlines()] == ["one", "two"]

    def test_processes_share_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "events.jsonl"
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=_write_many, args=(path, name)) for name in "abc"]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(lines) == 3 * 200
        for name in "abc":
            own = [one for one in lines if one["line"].startswith(name)]
            assert [one["line"][1:4] for one in own] == [f"{n:03}" for n in range(200)]
            assert len({one["process"] for one in own}) == 1


def _write_many(path: Path, name: str) -> None:
    with listening(JsonLines(path)):
        for number in range(200):
            tell(f"{name}{number:03}" + "x" * 300)


class TestLogging:
    def test_stages_and_lines_are_information_and_steps_are_for_debugging(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG, "undertone"), stage("s"):
            list(track("ab", "reading"))
            note("a stand-in")
            kept("t")
        found = [(record.levelname, record.getMessage().split(" in ")[0]) for record in caplog.records]
        assert found == [
            ("INFO", "stage s"),
            ("DEBUG", "reading (2 steps)"),
            ("DEBUG", "reading: done"),
            ("WARNING", "a stand-in"),
            ("DEBUG", "stage t: up to date"),
            ("INFO", "stage s: done"),
        ]

    def test_steps_are_silent_as_long_as_nobody_asks(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        list(track("ab", "reading"))
        assert caplog.records == []

    def test_a_percent_sign_is_no_format(self, caplog: pytest.LogCaptureFixture) -> None:
        note("98 %d of clips")
        assert caplog.messages == ["98 %d of clips"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event(Kind.BEGUN, "s"), "stage s"),
        (Event(Kind.BEGUN, "s", "reading", total=3), "reading (3 steps)"),
        (Event(Kind.BEGUN, "s", "reading"), "reading"),
        (Event(Kind.ENDED, "s", seconds=3.14, outcome=Outcome.DONE), "stage s: done in 3.1 s"),
        (
            Event(Kind.ENDED, "s", "reading", seconds=0.0, outcome=Outcome.FAILED),
            "reading: failed after 0.0 s",
        ),
        (Event(Kind.ENDED, "s", seconds=9.99, outcome=Outcome.STOPPED), "stage s: stopped after 10.0 s"),
        (Event(Kind.ENDED, "s", seconds=0.0, outcome=Outcome.KEPT), "stage s: up to date"),
    ],
)
def test_an_event_in_words(event: Event, words: str) -> None:
    assert describe(event) == words


def test_a_subscriber_that_raises_stops_the_work_and_the_others_know(heard: list[Event]) -> None:
    """The file of events on a full disk: the run says so and does not go on without its record."""

    def full(event: Event) -> None:
        if event.kind is Kind.ADVANCED:
            raise OSError("no space left on device")

    with listening(full), pytest.raises(OSError, match="no space"):
        list(track("ab", "reading"))
    assert (heard[-1].kind, heard[-1].outcome) == (Kind.ENDED, Outcome.FAILED)


def test_nothing_stays_behind() -> None:
    assert events._subscribers == []
