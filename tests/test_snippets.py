"""What the documents tell a reader to type exists, and what they show of Python runs."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from firmware_bridge.base.paths import DOCS, ROOT
from firmware_bridge.contract.bundle import write_bundle
from tests.support.tiny_bundle import make_manifest
from tools.cli import VERBS, main_group, run
from tools.dev.docs.site import hand_written

PAGES = hand_written()
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
# Verbs that answer at once and touch nothing: run as they stand in the documents, where no name in capitals is in them.
CHEAP = {"list", "doctor", "explain"}


def blocks(page: Path, languages: tuple[str, ...]) -> list[str]:
    """Return the fenced blocks of a page in one of the languages (empty for those without)."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


OURS = re.compile(r"(\.venv/bin/)?(undertone|make|python -m|pytest) [\w-]")


def words_of(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield those of the lines that begin with a program of ours, as words."""
    for line in lines:
        text = line.split(" #")[0].split(" | ")[0].strip()
        if OURS.match(text) and "…" not in text:
            yield [one.removeprefix(".venv/bin/") for one in shlex.split(text)]


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the commands that a page gives to type: lines of its blocks."""
    yield from words_of(line for block in blocks(page, ("", "sh")) for line in block.splitlines())


def mentions(page: Path) -> Iterator[list[str]]:
    """Yield the commands that the text of a page speaks of, perhaps without all that they need."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    yield from words_of(re.findall(r"`([^`\n]+)`", text))


ALL = [(page, words) for page in PAGES for words in commands(page)]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that a line names, and what is left of the line.

    Raises:
        click.UsageError: There is no such verb.
    """
    context = click.Context(main_group, info_name="undertone")
    _, rest, _ = main_group.make_parser(context).parse_args(list(words))
    command: click.Command = main_group
    while isinstance(command, click.Group) and rest:
        inner = command.get_command(context, rest[0])
        if inner is None:
            raise click.UsageError(f"no verb {rest[0]}")
        command, rest = inner, rest[1:]
    return command, rest


def parse_undertone(words: list[str]) -> None:
    """Parse a command line as click does, without running it or looking at files.

    Raises:
        click.UsageError: A verb, an option or the number of arguments is wrong.
    """
    command, rest = command_of(words)
    context = click.Context(command)
    given, _, _ = command.make_parser(context).parse_args(list(rest))
    for one in command.params:
        value = given.get(str(one.name))
        if (
            isinstance(one, click.Argument)
            and one.required
            and not (isinstance(value, str | tuple) and value)
        ):
            raise click.UsageError(f"{command.name} lacks {one.name}")
        if isinstance(one, click.Option) and isinstance(one.type, click.Choice) and value and value.islower():
            one.type.convert(value, one, context)


def test_there_is_something_to_check() -> None:
    typed = [words[0] for page in PAGES for words in commands(page)]
    said = [words[0] for page in PAGES for words in mentions(page)]
    assert typed.count("undertone") >= 12
    assert typed.count("make") >= 10
    assert said.count("undertone") >= 30
    assert said.count("python") >= 5


@pytest.mark.parametrize(
    "words",
    [
        "undertone sing",
        "undertone hil --loud",
        "undertone inspect",
        "undertone encoders --deal random",
        "undertone template ad",
    ],
)
def test_a_wrong_command_is_found(words: str) -> None:
    with pytest.raises(click.UsageError):
        parse_undertone(words.split())


def check(words: list[str]) -> None:
    """Fail where a command of ours cannot be typed like that."""
    if words[0] == "undertone":
        parse_undertone(words[1:])
    elif words[0] == "make":
        folder = words[words.index("-C") + 1] if "-C" in words else None
        named = {word for word in words[1:] if "=" not in word and not word.startswith("-")} - {folder}
        assert named <= TARGETS, words
    elif words[0] == "python":
        assert importlib.util.find_spec(words[2].split(".")[0]), words
        assert importlib.util.find_spec(words[2]), words


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_of_a_page_can_be_typed(page: Path) -> None:
    for words in commands(page):
        try:
            check(words)
        except click.UsageError as error:
            pytest.fail(f"{' '.join(words)}: {error.format_message()}")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_that_a_page_speaks_of_exist(page: Path) -> None:
    for words in mentions(page):
        if words[0] != "undertone":
            check(words)
            continue
        command, rest = command_of([word for word in words[1:] if word != "VERB"])
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
        wrong = [word for word in rest if word.startswith("--") and word not in known]
        assert not wrong, words


def cheap() -> list[str]:
    """Return the command lines that are run: each once."""
    found = {
        " ".join(words[1:])
        for _, words in ALL
        if words[0] == "undertone" and words[1] in CHEAP and not re.search(r"\b[A-Z]{3,}\b", " ".join(words))
    }
    return sorted(found)


@pytest.mark.parametrize("line", cheap())
def test_a_cheap_command_runs(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    # `doctor` finds fault with a machine without a board: that is an answer.
    assert run(shlex.split(line)) in (0, 1)
    assert capsys.readouterr().out


PYTHON = [
    (page, index)
    for page in PAGES
    if page.parts[0] == "docs"
    for index in range(len(blocks(page, ("python",))))
]


@pytest.mark.parametrize(("page", "index"), PYTHON, ids=lambda one: str(one))
def test_python_of_the_docs_runs(page: Path, index: int, tmp_path: Path) -> None:
    """Elsewhere than in the checkout; a block with tests is given to pytest with a device."""
    code = blocks(page, ("python",))[index]
    (tmp_path / "test_snippet.py").write_text(code)
    command = [sys.executable, "test_snippet.py"]
    if "def test_" in code:
        bundle = write_bundle(tmp_path / "bundle", *make_manifest()).directory
        command = [sys.executable, "-m", "pytest", "-q", "--dut", "host", "--bundle", str(bundle)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_page_of_how_to_has_code_that_runs() -> None:
    shown = {page for page, _ in PYTHON}
    without = {path.relative_to(ROOT) for path in (DOCS / "how_to").glob("*.md")} - shown
    assert without <= {Path("docs/how_to/foundation_model.md")}, "that one shows commands alone"


class TestExampleCi:
    @pytest.fixture(scope="class")
    def workflow(self) -> dict[Any, Any]:
        found: dict[Any, Any] = yaml.safe_load((DOCS / "example_ci.yml").read_text())
        return found

    def test_it_is_a_workflow(self, workflow: dict[Any, Any]) -> None:
        # YAML 1.1 reads the key `on` as a truth value; GitHub does not.
        assert set(workflow) == {"name", True, "env", "jobs"}
        for job in workflow["jobs"].values():
            assert job["runs-on"] and job["timeout-minutes"]
            for one in job["steps"]:
                assert ("run" in one) != ("uses" in one)
                assert "uses" not in one or re.fullmatch(r"[\w-]+/[\w-]+@v\d+", one["uses"])

    def test_its_commands_exist(self, workflow: dict[Any, Any]) -> None:
        lines = [
            line
            for job in workflow["jobs"].values()
            for one in job["steps"]
            for line in one.get("run", "").splitlines()
        ]
        ours = [shlex.split(line) for line in lines if line.startswith(("undertone ", "make ", "pytest "))]
        assert len(ours) >= 6
        for words in ours:
            if words[0] == "undertone":
                parse_undertone(words[1:])
            elif words[0] == "make":
                assert words[-1] in TARGETS
        assert {words[1] for words in ours if words[0] == "undertone"} <= {verb for verb, _, _ in VERBS}


def test_the_hooks_of_a_commit_are_the_checks_of_make_style() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repo,) = config["repos"]
    assert repo["repo"] == "local"
    entries = [hook["entry"] for hook in repo["hooks"]]
    recipe = re.search(r"^style:.*\n\t@(.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert entries == [one.strip().replace("$(BIN)", ".venv/bin") for one in recipe[1].split("&&")]
    for hook in repo["hooks"]:
        assert hook["language"] == "system"
        assert hook["pass_filenames"] is False
