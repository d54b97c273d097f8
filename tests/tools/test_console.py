"""The only place that prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from firmware_bridge.base import events, progress
from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.paths import ROOT
from tools import console

Capture = pytest.CaptureFixture[str]


def test_json_is_sorted_readable_and_keeps_letters(capsys: Capture) -> None:
    console.emit_json({"b": 1, "a": "ä"})
    told = capsys.readouterr()
    assert told.out == '{\n  "a": "ä",\n  "b": 1\n}\n'
    assert told.err == ""


def test_text_goes_to_stdout_and_logs_to_stderr(capsys: Capture) -> None:
    console.emit_text("result")
    console.log("news")
    assert capsys.readouterr() == ("result\n", "news\n")


def test_numbers_are_aligned_right_and_words_left(capsys: Capture) -> None:
    console.emit_table("T", ("name", "value"), [("a", "1"), ("long name", "1,234"), ("b", "-")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("T")
    cells = [line.rstrip() for line in lines if line.strip().startswith(("a ", "long", "b "))]
    assert len({len(line) for line in cells}) == 1
    assert cells[0].endswith("    1")


def test_cells_are_not_taken_for_markup(capsys: Capture) -> None:
    console.emit_table("T", ("a",), [("[bold]x[/bold]",)])
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_a_table_in_a_pipe_is_not_folded(capsys: Capture) -> None:
    long = "/a/very/long/folder/" * 6
    console.emit_table("T", ("name", "folder"), [("x", long)])
    assert long in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "numeric"),
    [("12", True), ("-3.5", True), ("+1", True), ("", True), ("-", True), ("± 2", True), ("a1", False)],
)
def test_what_reads_as_a_number(cell: str, numeric: bool) -> None:
    assert console._looks_numeric(cell) is numeric


def test_an_error_leaves_stdout_alone_unless_json_is_wanted(capsys: Capture) -> None:
    error = InvalidSetting("wrong", "right", "README.md")
    assert console.fail(error, as_json=False) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "undertone: wrong\n  remedy: right\n  see: README.md\n"
    console.fail(error, as_json=True)
    assert json.loads(capsys.readouterr().out)["what"] == "wrong"


def test_without_a_terminal_begin_and_end_are_lines(capsys: Capture) -> None:
    with console.showing(), events.stage("teacher"):
        assert list(progress.track([1, 2, 3], "counting")) == [1, 2, 3]
        progress.note("a word")
        events.kept("student")
    told = capsys.readouterr()
    assert told.out == ""
    lines = [line.split(" in ")[0] for line in told.err.splitlines()]
    assert lines == ["stage teacher", "counting (3 steps)", "counting: done", "a word", "stage teacher: done"]


def test_work_of_unknown_length(capsys: Capture) -> None:
    with console.showing():
        assert list(progress.track(iter("ab"), "reading")) == ["a", "b"]
    assert capsys.readouterr().err.splitlines()[0] == "reading"


def test_a_stage_that_fails_says_so(capsys: Capture) -> None:
    with console.showing(), pytest.raises(ZeroDivisionError), events.stage("teacher"):
        raise ZeroDivisionError
    assert "stage teacher: failed after 0.0 s" in capsys.readouterr().err


def test_nothing_is_shown_afterwards(capsys: Capture) -> None:
    before = list(events.LOGGER.handlers)
    with pytest.raises(ZeroDivisionError), console.showing():
        raise ZeroDivisionError
    progress.tell("late")
    assert capsys.readouterr().err == ""
    assert before == events.LOGGER.handlers


def test_a_warning_is_shown_once() -> None:
    """Where nobody has set up `logging`, its last resort writes warnings too: not beside the console."""
    code = (
        "from firmware_bridge.base.progress import note; from tools import console\n"
        "with console.showing(): note('a stand-in')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr == "a stand-in\n"


def test_a_library_that_sets_up_logging_in_passing_doubles_nothing() -> None:
    code = (
        "import logging; from firmware_bridge.base.progress import note; from tools import console\n"
        "with console.showing():\n"
        "    logging.info('this sets up the root logger')\n"
        "    note('a stand-in')\n"
        "    logging.getLogger('elsewhere').warning('another library warns')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr == "a stand-in\nanother library warns\n"


def test_whoever_has_set_up_logging_gets_every_line() -> None:
    code = (
        "import logging; from firmware_bridge.base.progress import note; from tools import console\n"
        "logging.basicConfig(format='LOG %(message)s')\n"
        "with console.showing(): note('a stand-in')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert sorted(done.stderr.splitlines()) == ["LOG a stand-in", "a stand-in"]


class TestBars:
    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        """Makes standard error a terminal; called inside the test, where it is the captured one."""

        def make() -> None:
            monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
            monkeypatch.setenv("TERM", "xterm")
            monkeypatch.setenv("COLUMNS", "80")

        return make

    def test_bars_give_every_item(self, terminal: Callable[[], None], capsys: Capture) -> None:
        terminal()
        with console.showing():
            assert list(progress.track(range(5), "training")) == [0, 1, 2, 3, 4]
        told = capsys.readouterr()
        assert told.out == ""
        assert "training" in told.err
        assert "5/5" in told.err

    def test_one_inside_another(self, terminal: Callable[[], None], capsys: Capture) -> None:
        terminal()
        with console.showing():
            for _ in progress.track("ab", "outer"):
                list(progress.track(range(3), "inner"))
        told = capsys.readouterr().err
        assert "outer" in told and "2/2" in told
        assert "inner" in told and "3/3" in told

    def test_work_of_unknown_length_ends_full(self, terminal: Callable[[], None], capsys: Capture) -> None:
        terminal()
        with console.showing():
            list(progress.track(iter("abc"), "reading"))
            with events.step("starting"):
                progress.note("[not] markup")
        told = capsys.readouterr().err
        assert "3/3" in told
        assert "1/1" in told
        assert "[not] markup" in told

    def test_an_error_leaves_the_bar_where_it_was(
        self, terminal: Callable[[], None], capsys: Capture
    ) -> None:
        terminal()
        with pytest.raises(ZeroDivisionError), console.showing(), events.step("dividing", 4) as advance:
            advance()
            raise ZeroDivisionError
        told = capsys.readouterr().err
        assert "1/4" in told
        assert "4/4" not in told
        console.log("the terminal is free again")
        assert capsys.readouterr().err == "the terminal is free again\n"
