"""The only place that prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import json

import pytest

from firmware_bridge.base import progress
from firmware_bridge.base.errors import InvalidSetting
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


def test_without_a_terminal_progress_is_two_lines(capsys: Capture) -> None:
    console.show_progress()
    assert list(progress.track([1, 2, 3], "counting")) == [1, 2, 3]
    progress.note("a word")
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0] == "counting (3 steps)"
    assert lines[1].startswith("counting: done in ")
    assert lines[2] == "a word"


def test_work_of_unknown_length(capsys: Capture) -> None:
    console.show_progress()
    assert list(progress.track(iter("ab"), "reading")) == ["a", "b"]
    assert capsys.readouterr().err.splitlines()[0] == "reading"


def test_bars_give_every_item(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    console.show_progress()
    assert list(progress.track(range(5), "training")) == [0, 1, 2, 3, 4]
    told = capsys.readouterr()
    assert told.out == ""
    assert "training" in told.err


def test_work_side_by_side_shares_one_display(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    console.show_progress()
    first, second = progress.track(range(3), "students"), progress.track(range(2), "keyword")
    assert (next(first), next(second), next(first)) == (0, 0, 1)
    assert list(second) == [1]
    assert list(first) == [2]
    told = capsys.readouterr().err
    assert "students" in told
    assert "keyword" in told
    assert "3/3" in told
    assert "2/2" in told
    # The display is gone: the next work has one of its own.
    assert list(progress.track(range(1), "later")) == [0]
    assert "later" in capsys.readouterr().err


def test_a_bar_that_is_left_gives_its_place_away(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    console.show_progress()
    left = progress.track(range(3), "left")
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert list(progress.track(range(1), "later")) == [0]
    assert console._users == 0
