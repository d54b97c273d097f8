"""The command line: verbs found on use, errors as one line with a remedy, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from firmware_bridge.base.errors import CheckFailed, InvalidSetting, UndertoneError
from firmware_bridge.base.events import stage
from firmware_bridge.base.progress import tell
from tools import cli
from tools.cli import VERBS, run

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "pydantic", "rich", "tensorflow", "scipy", "sklearn", "matplotlib", "ai_edge_litert")


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Give the command line one verb, `try`, that does what the test says."""

    def install(act: Callable[[], object]) -> None:
        @click.command(name="try")
        @click.option("--json", "as_json", is_flag=True)
        @click.option("--count", type=click.IntRange(1, 5))
        def command(as_json: bool, count: int | None) -> object:
            return act()

        monkeypatch.setattr(cli, "VERBS", (("try", "made_up_verb", "does as it is told"),))
        monkeypatch.setitem(sys.modules, "tools.verbs.made_up_verb", SimpleNamespace(command=command))  # type: ignore[arg-type]

    return install


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


def test_help_lists_every_verb_and_imports_none(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(verb in told and line.split()[0] in told for verb, _, line in VERBS)


def test_help_answers_at_once() -> None:
    code = f"""
import sys, time
from tools.cli import run
assert run(["--help"]) == 0
heavy = [name for name in {HEAVY!r} if name in sys.modules]
assert not heavy, heavy
sys.stderr.write(str(time.process_time()))
"""
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert done.returncode == 0, done.stderr
        seconds.append(float(done.stderr))
    assert min(seconds) < 0.3


@pytest.mark.parametrize("name", [verb for verb, _, _ in VERBS])
def test_every_verb_has_help(name: str, capsys: Capture) -> None:
    assert run([name, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Usage:")
    assert "--json" in told or name == "explain"


def test_every_verb_of_the_table_is_a_file() -> None:
    for _, module, line in VERBS:
        assert (ROOT / "tools" / "verbs" / f"{module}.py").is_file()
        assert not line.endswith(".")


def test_an_unknown_verb_lists_the_known_ones(capsys: Capture) -> None:
    assert run(["bild-model"]) == 2
    told = capsys.readouterr()
    assert "no verb 'bild-model'" in told.err
    assert all(verb in told.err for verb, _, _ in VERBS)
    assert told.out == ""


def test_an_unknown_option_is_one_line(capsys: Capture) -> None:
    assert run(["doctor", "--loud"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("undertone: No such option")
    assert "--loud" in told.splitlines()[0]
    assert "--help" in told


def test_no_arguments_show_the_help(capsys: Capture) -> None:
    assert run([]) == 0
    told = capsys.readouterr()
    assert "build-model" in told.out
    assert told.err == ""


def test_the_version(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("undertone 0.")


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), ("text", 0)])
def test_the_verbs_result_is_the_status(
    verb: Callable[[Callable[[], object]], None], returned: object, status: int
) -> None:
    verb(lambda: returned)
    assert run(["try"]) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidSetting("a is wrong", "use b", "train/README.md"), 2),
        (CheckFailed("a promise is broken", "mend it"), 1),
        (UndertoneError("nothing else to say"), 2),
    ],
)
def test_an_error_is_told_with_its_remedy(
    verb: Callable[[Callable[[], object]], None], capsys: Capture, error: UndertoneError, status: int
) -> None:
    verb(raising(error))
    assert run(["try"]) == status
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"undertone: {error.what}"
    assert [line for line in lines if "remedy" in line] == (
        [f"  remedy: {error.remedy}"] if error.remedy else []
    )
    assert [line for line in lines if "see" in line] == ([f"  see: {error.see}"] if error.see else [])


def test_an_error_as_json(verb: Callable[[Callable[[], object]], None], capsys: Capture) -> None:
    verb(raising(InvalidSetting("a is wrong", "use b")))
    assert run(["try", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": "InvalidSetting",
        "what": "a is wrong",
        "remedy": "use b",
        "see": "",
    }


def test_a_value_out_of_range(verb: Callable[[Callable[[], object]], None], capsys: Capture) -> None:
    verb(lambda: 0)
    assert run(["try", "--count", "9"]) == 2
    assert "1<=x<=5" in capsys.readouterr().err


def test_a_stopped_run_says_that_nothing_is_lost(
    verb: Callable[[Callable[[], object]], None], capsys: Capture
) -> None:
    verb(raising(KeyboardInterrupt()))
    assert run(["try"]) == 130
    assert "goes on from there" in capsys.readouterr().err


def test_a_closed_pipe_is_no_error(verb: Callable[[Callable[[], object]], None]) -> None:
    verb(raising(BrokenPipeError()))
    assert run(["try"]) == 0


def test_a_bug_is_not_hidden(verb: Callable[[Callable[[], object]], None]) -> None:
    verb(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run(["try"])


def test_the_installed_command_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", "explain"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


Verb = Callable[[Callable[[], object]], None]


def tells() -> int:
    with stage("made-up"):
        tell("a word")
    return 1


def test_events_are_written_where_the_user_says(verb: Verb, tmp_path: Path) -> None:
    verb(tells)
    file = tmp_path / "events.jsonl"
    assert run(["--events", str(file), "try"]) == 1
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(one["kind"], one["stage"]) for one in found] == [
        ("begun", "made-up"),
        ("told", "made-up"),
        ("ended", "made-up"),
    ]
    assert run(["try"]) == 1
    assert len(file.read_text().splitlines()) == 3, "without the option nothing is written"


def test_events_of_a_makefile_come_by_the_environment(
    verb: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb(tells)
    monkeypatch.setenv(cli.EVENTS_VARIABLE, str(tmp_path / "events.jsonl"))
    assert run(["try"]) == run(["try"]) == 1
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 6


def test_events_of_a_failure_are_whole(verb: Verb, tmp_path: Path) -> None:
    def fails() -> None:
        with stage("made-up"):
            raise CheckFailed("a promise is broken")

    verb(fails)
    file = tmp_path / "events.jsonl"
    assert run(["--events", str(file), "try"]) == 1
    assert json.loads(file.read_text().splitlines()[-1])["outcome"] == "failed"


def test_events_that_cannot_be_written_are_refused_before_anything_runs(
    verb: Verb, tmp_path: Path, capsys: Capture
) -> None:
    verb(raising(AssertionError("it ran")))
    (tmp_path / "file").touch()
    assert run(["--events", str(tmp_path / "file" / "events.jsonl"), "try"]) == 2
    told = capsys.readouterr().err
    assert "events cannot be written" in told
    assert "remedy:" in told


def test_help_has_every_verb_under_one_heading(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    headings = [heading for heading, _ in cli.SECTIONS]
    assert [line.removesuffix(":") for line in lines if line.removesuffix(":") in headings] == headings
    assert len({verb for verb, _, _ in VERBS}) == len(VERBS)
    for heading, section in cli.SECTIONS:
        at = lines.index(f"{heading}:")
        below = lines[at + 1 : (lines[at:].index("") + at) if "" in lines[at:] else None]
        assert {verb for verb, _, _ in section} <= {line.split()[0] for line in below}


GROUPS = [("fuzz", "edgetpu"), ("endure", "link"), ("bench", "twin"), ("chip", "show")]


@pytest.mark.parametrize(("group", "inner"), GROUPS)
def test_a_group_lists_what_is_in_it(group: str, inner: str, capsys: Capture) -> None:
    assert run([group, "--help"]) == 0
    assert inner in capsys.readouterr().out
    assert run([group, "nonsense"]) == 2
    told = capsys.readouterr().err
    assert "No such command 'nonsense'" in told and "--help" in told


@pytest.mark.parametrize(("group", "inner"), GROUPS)
def test_the_help_of_a_group_imports_nothing_heavy(group: str, inner: str) -> None:
    code = f"""
import sys
from tools.cli import run
assert run([{group!r}, {inner!r}, "--help"]) == 0
heavy = [name for name in {HEAVY!r} if name in sys.modules]
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
