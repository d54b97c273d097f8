"""Options that verbs share: one spelling, one default, and no second declaration."""

from __future__ import annotations

import ast
import importlib
from collections import defaultdict
from pathlib import Path

import click
import pytest

from firmware_bridge.base.paths import BUNDLE, ROOT
from tools import options
from tools.cli import VERBS

SHARED = {
    "--json": "as_json",
    "--bundle": "bundle_dir",
    "--recipe": "recipe_name",
    "--corpus": "corpus",
    "--channel": "channel",
    "--speakers": "speakers",
    "--seed": "seed",
    "--scheduler": "scheduler",
    "--port": "port",
    "--baud": "baud",
    "--sdk": "sdk",
}


def commands() -> list[click.Command]:
    """Every command that a user can call, those below a group too."""
    found: list[click.Command] = []
    for _, module, _ in VERBS:
        one = importlib.import_module(f"tools.verbs.{module}").command
        found += list(one.commands.values()) if isinstance(one, click.Group) else [one]
    return found


@pytest.fixture(scope="module")
def by_flag() -> dict[str, list[click.Option]]:
    found: dict[str, list[click.Option]] = defaultdict(list)
    for one in commands():
        for parameter in one.params:
            if isinstance(parameter, click.Option):
                found[parameter.opts[0]].append(parameter)
    return found


def test_every_command_has_json() -> None:
    lacking = [one.name for one in commands() if not any("--json" in p.opts for p in one.params)]
    assert not lacking


@pytest.mark.parametrize("flag", SHARED)
def test_a_shared_option_has_one_parameter_everywhere(
    by_flag: dict[str, list[click.Option]], flag: str
) -> None:
    assert by_flag[flag], "no verb has it"
    if flag == "--port":  # of `build` it is the name of a port of the firmware, not where a device answers
        by_flag = {flag: [one for one in by_flag[flag] if one.default == options.BOARD_URL]}
    assert {one.name for one in by_flag[flag]} == {SHARED[flag]}


def test_a_shared_option_is_declared_in_one_place() -> None:
    """What two verbs declare for themselves, letter by letter, belongs into `options.py`."""
    seen: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tools").rglob("*.py")):
        if path.name == "options.py":
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "click.option":
                seen[ast.unparse(call)].append(path.name)
                flags = {one.value for one in call.args if isinstance(one, ast.Constant)}
                mine = flags & (set(SHARED) - {"--port"})
                assert not mine, f"{path.name} declares {mine}, which tools/options.py has"
    assert not {text: files for text, files in seen.items() if len(files) > 1}


def test_the_bundle_is_the_last_that_was_built(by_flag: dict[str, list[click.Option]]) -> None:
    assert {one.default for one in by_flag["--bundle"]} == {BUNDLE, None}
    again = [path.name for path in (ROOT / "tools").rglob("*.py") if 'BUILD / "bundle"' in path.read_text()]
    assert not again, "say BUNDLE"


def test_a_bundle_is_followed_to_where_it_lies(tmp_path: Path) -> None:
    @click.command()
    @options.bundle()
    def show(bundle_dir: Path) -> None:
        found.append(bundle_dir)

    found: list[Path] = []
    (tmp_path / "bundles" / "one").mkdir(parents=True)
    (tmp_path / "bundle").symlink_to("bundles/one")
    show.main(["--bundle", str(tmp_path / "bundle")], standalone_mode=False)
    assert found == [tmp_path / "bundles" / "one"]
