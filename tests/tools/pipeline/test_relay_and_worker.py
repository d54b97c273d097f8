"""Events from one process to another, and errors that arrive as they left: both sides of the pipe, in one process."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_bridge.base import errors, events
from firmware_bridge.base.errors import InvalidSetting, UndertoneError, UnknownName
from firmware_bridge.base.events import Event, Kind, Outcome
from firmware_bridge.base.paths import ROOT
from hil.client.conversation import DeviceRefused
from tools.pipeline import relay
from tools.pipeline.relay import Line, Listener, Speaker
from tools.pipeline.stages import Stages
from tools.pipeline.worker import Done, Failed, Refused, make

CONTEXT = multiprocessing.get_context("spawn")


class Pipe:
    """A line whose other end lies here."""

    def __init__(self) -> None:
        self.heard, speaking = CONTEXT.Pipe(duplex=False)
        self.line = Line(speaking, CONTEXT.Lock())

    def all(self) -> list[Event]:
        found = []
        while self.heard.poll():
            found.append(self.heard.recv())
        return found


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Time that passes when the test says so."""
    now = [100.0]
    monkeypatch.setattr(relay, "time", SimpleNamespace(monotonic=lambda: now[0], time=time.time))
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def advanced(items: int, span: int = 1) -> Event:
    return Event(Kind.ADVANCED, step="reading", span=span, items=items, total=9)


class TestSpeaker:
    def test_single_items_are_told_now_and_then(self, pipe: Pipe, clock: Callable[[float], None]) -> None:
        speaker = Speaker(pipe.line)
        speaker(Event(Kind.BEGUN, step="reading", span=1, total=9))
        for items in range(1, 9):
            clock(1.01 * relay.INTERVAL_S / 3)
            speaker(advanced(items))
        assert [event.items for event in pipe.all()] == [0, 3, 6]

    def test_steps_have_clocks_of_their_own(self, pipe: Pipe, clock: Callable[[float], None]) -> None:
        speaker = Speaker(pipe.line)
        for span in (1, 2):
            clock(1.0)
            speaker(advanced(1, span))
            speaker(advanced(2, span))
        assert [(event.span, event.items) for event in pipe.all()] == [(1, 1), (2, 1)]

    def test_ends_and_lines_are_never_left_out(self, pipe: Pipe, clock: Callable[[float], None]) -> None:
        speaker = Speaker(pipe.line)
        speaker(advanced(1))
        speaker(Event(Kind.WARNED, line="a stand-in"))
        speaker(Event(Kind.ENDED, step="reading", span=1, items=9, outcome=Outcome.DONE, seconds=0.1))
        assert [event.kind for event in pipe.all()] == [Kind.ADVANCED, Kind.WARNED, Kind.ENDED]

    def test_a_step_that_ended_is_forgotten(self, pipe: Pipe) -> None:
        speaker = Speaker(pipe.line)
        for span in range(50):
            speaker(advanced(1, span))
            speaker(Event(Kind.ENDED, step="reading", span=span, outcome=Outcome.DONE))
        assert speaker._told == {}


class TestListener:
    def heard(self, *given: Event, close: bool = True) -> list[Event]:
        found: list[Event] = []
        listener = Listener()
        with events.listening(found.append):
            for event in given:
                listener.hear(event)
            if close:
                listener.close()
        return found

    def test_what_it_hears_is_what_is_emitted(self) -> None:
        told = [Event(Kind.TOLD, line="one", process=7), advanced(1)]
        assert self.heard(*told) == told

    def test_what_a_lost_process_had_begun_is_stopped(self) -> None:
        begun = Event(Kind.BEGUN, step="training", span=3, process=7)
        *_, last = self.heard(begun)
        assert (last.kind, last.outcome, last.step) == (Kind.ENDED, Outcome.STOPPED, "training")
        assert (last.process, last.span) == (7, 3)
        assert last.seconds is not None and last.seconds >= 0

    def test_what_ended_by_itself_is_not_stopped_again(self) -> None:
        begun = Event(Kind.BEGUN, step="training", span=3, process=7)
        ended = Event(Kind.ENDED, step="training", span=3, process=7, outcome=Outcome.DONE)
        assert self.heard(begun, ended) == [begun, ended]

    def test_processes_may_count_alike(self) -> None:
        """Span 3 of one process ends; that of the other, with the same number, had not."""
        mine, theirs = (Event(Kind.BEGUN, step="training", span=3, process=who) for who in (7, 8))
        ended = Event(Kind.ENDED, step="training", span=3, process=7, outcome=Outcome.DONE)
        *_, last = self.heard(mine, theirs, ended)
        assert (last.process, last.outcome) == (8, Outcome.STOPPED)

    def test_closing_twice_says_it_once(self) -> None:
        listener, found = Listener(), []
        with events.listening(found.append):
            listener.hear(Event(Kind.BEGUN, step="training", span=3, process=7))
            listener.close()
            listener.close()
        assert [event.kind for event in found] == [Kind.BEGUN, Kind.ENDED]


def gives(inputs: Any, stages: Stages, *given: Any) -> Any:
    return inputs, given


def makes(inputs: Any, stages: Stages) -> Path:
    return stages.run("made-up", {"of": inputs}, lambda folder: (folder / "x").touch())


def raises(inputs: Any, stages: Stages) -> None:
    raise inputs


class TestWork:
    def test_a_result_comes_with_what_was_made(self, tmp_path: Path) -> None:
        first, second = (make(tmp_path, makes, "a", ()) for _ in range(2))
        assert isinstance(first, Done) and isinstance(second, Done)
        assert first.result == second.result
        assert (first.made, second.made) == (["made-up"], [])
        assert set(first.wanted) == set(first.spent) == {"made-up"}

    def test_what_is_given_arrives_in_order(self, tmp_path: Path) -> None:
        found = make(tmp_path, gives, "in", (1, "two"))
        assert isinstance(found, Done)
        assert found.result == ("in", (1, "two"))

    def test_a_bug_brings_its_traceback(self, tmp_path: Path) -> None:
        found = make(tmp_path, raises, KeyError("a bug"), ())
        assert isinstance(found, Failed)
        assert "KeyError: 'a bug'" in found.trace and "in raises" in found.trace

    def test_ctrl_c_is_no_result(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path, raises, KeyboardInterrupt(), ())

    @pytest.mark.parametrize(
        "error",
        [
            InvalidSetting("a is wrong", "use b", "train/README.md"),
            UnknownName("corpus", "x", ["b", "a"]),
            DeviceRefused(3, "not now"),
        ],
    )
    def test_an_error_arrives_as_it_left(self, tmp_path: Path, error: UndertoneError) -> None:
        """Some classes take other arguments than their message: pickling them alone would fail or say it twice."""
        found = make(tmp_path, raises, error, ())
        assert isinstance(found, Refused)
        hearing, telling = multiprocessing.Pipe(duplex=False)
        telling.send(found)
        again = hearing.recv().error()
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == str(error)
        assert again.as_dict() == error.as_dict()

    def test_every_plain_class_of_errors_survives(self, tmp_path: Path) -> None:
        kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
        plain = [kind for kind in kinds if issubclass(kind, UndertoneError) and kind is not UnknownName]
        assert len(plain) > 10
        for kind in plain:
            found = make(tmp_path, raises, kind("what", "remedy", "see"), ())
            assert isinstance(found, Refused)
            assert found.error().as_dict() == kind("what", "remedy", "see").as_dict()
            assert found.error().exit_status == kind.exit_status


def test_a_process_writes_nothing_itself_whatever_a_library_does_to_logging() -> None:
    """The parent shows what it is told; a line of the child's own would come twice."""
    code = (
        "import logging\n"
        "from multiprocessing import Lock, Pipe\n"
        "from firmware_bridge.base.progress import note\n"
        "from tools.pipeline import worker\n"
        "from tools.pipeline.relay import Line\n"
        "worker._end_with = lambda stop: None\n"
        "hearing, speaking = Pipe(duplex=False)\n"
        "worker.begin(Line(speaking, Lock()), hearing)\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "note('a stand-in')\n"
        "print(hearing.poll(5))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
