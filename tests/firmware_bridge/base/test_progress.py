"""Rooms say what they do; whoever listens decides what becomes of it."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from firmware_bridge.base import progress
from firmware_bridge.base.events import Ended, Event, Outcome, listening
from firmware_bridge.base.paths import ROOT
from tests.support.told import told


def test_silent_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress.track("abc", "reading")) == ["a", "b", "c"]
    progress.tell("nobody hears this")
    assert capfd.readouterr() == ("", "")


def test_a_stand_in_is_seen_where_no_console_listens() -> None:
    code = "from firmware_bridge.base.progress import note, tell; tell('a step'); note('a stand-in')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == ""
    assert done.stderr == "a stand-in\n"


def test_with_logging_set_up_a_line_appears_once() -> None:
    code = (
        "import logging; logging.basicConfig(level='INFO', format='%(name)s %(levelname)s %(message)s');"
        "from firmware_bridge.base.progress import note, tell; tell('a step'); note('a stand-in')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr == "undertone INFO a step\nundertone WARNING a stand-in\n"


def test_warnings_and_steps_reach_a_users_own_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        progress.note("a stand-in")
        progress.tell("a step")
    assert caplog.record_tuples == [
        ("undertone", logging.WARNING, "a stand-in"),
        ("undertone", logging.INFO, "a step"),
    ]


def test_title_and_total_are_known_from_the_start() -> None:
    seen: list[Event] = []
    with listening(seen.append):
        assert list(progress.track([7, 8], "reading")) == [7, 8]
        assert list(progress.track(iter("x"), "counting")) == ["x"]
        assert list(progress.track(iter("y"), "counting", total=1)) == ["y"]
    begun = [(one.step, one.total) for one in seen if one.kind == "begun"]
    assert begun == [("reading", 2), ("counting", None), ("counting", 1)]


def test_an_item_counts_when_it_is_done_with() -> None:
    done: list[int] = []
    with listening(lambda event: done.append(event.items)):
        for item in progress.track([5, 6], "reading"):
            done.append(-item)
    assert done == [0, -5, 1, -6, 2, 2]


def test_lines_go_to_the_listener_until_it_leaves() -> None:
    with told() as heard:
        progress.note("a stand-in")
        progress.tell("a step")
    progress.note("too late")
    assert heard == ["a stand-in", "a step"]


def test_an_error_in_the_loop_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        for item in progress.track([0], "dividing"):
            1 / item


def test_an_error_of_the_items_themselves_is_a_failure() -> None:
    def broken() -> object:
        yield 1
        raise ValueError("the second item is damaged")

    ended = Ended()
    with listening(ended), pytest.raises(ValueError, match="second"):
        list(progress.track(broken(), "reading"))  # type: ignore[arg-type]
    assert [(one.outcome, one.items) for one in ended.spans] == [(Outcome.FAILED, 1)]
