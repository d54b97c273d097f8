"""Rooms report progress; who runs them decides what becomes of it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from firmware_bridge.base import progress
from firmware_bridge.base.paths import ROOT


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is installed by a test goes away with it."""
    monkeypatch.setattr(progress, "_reporter", None)
    monkeypatch.setattr(progress, "_note", None)


def test_silent_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress.track("abc", "reading")) == ["a", "b", "c"]
    progress.tell("nobody hears this")
    assert capfd.readouterr() == ("", "")


def test_a_stand_in_is_seen_where_no_console_listens() -> None:
    code = "from firmware_bridge.base.progress import note, tell; tell('a step'); note('a stand-in')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == ""
    assert done.stderr == "a stand-in\n"


def test_warnings_and_steps_reach_a_users_own_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        progress.note("a stand-in")
        progress.tell("a step")
    assert caplog.record_tuples == [
        ("undertone", logging.WARNING, "a stand-in"),
        ("undertone", logging.INFO, "a step"),
    ]


def test_the_reporter_sees_every_item_title_and_total() -> None:
    seen: list[Any] = []

    def reporter(items: Iterable[Any], title: str, total: int | None) -> Iterator[Any]:
        seen.append((title, total))
        for item in items:
            seen.append(item)
            yield item

    progress.install(reporter)
    assert list(progress.track([7, 8], "reading")) == [7, 8]
    assert list(progress.track(iter("x"), "counting")) == ["x"]
    assert list(progress.track(iter("y"), "counting", total=1)) == ["y"]
    assert seen == [("reading", 2), 7, 8, ("counting", None), "x", ("counting", 1), "y"]


def test_notes_go_to_the_listener_until_it_leaves() -> None:
    heard: list[str] = []
    progress.install(None, heard.append)
    progress.note("a stand-in")
    progress.install(None)
    progress.note("too late")
    assert heard == ["a stand-in"]


def test_an_error_in_the_loop_reaches_the_caller() -> None:
    progress.install(lambda items, title, total: items)
    with pytest.raises(ZeroDivisionError):
        for item in progress.track([0], "dividing"):
            1 / item
