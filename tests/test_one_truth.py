"""What is said in one place only: searches for duplicates that were there once, and must not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.base.paths import ROOMS, ROOT

FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))

# What may stand in one file only, as a regular expression, and that file.
ONCE = {
    r'ConfigDict\([^)]*extra="forbid"': "firmware_bridge/base/settings.py",
    r"\.errors\([^)]*\)\[0\]": "firmware_bridge/base/settings.py",
    r"_edgetpu\.tflite\"": "firmware_bridge/contract/bundle.py",
    r"Windowing\(window_ms=\w+\.window_ms": "firmware_bridge/contract/bundle.py",
    r"\bFrontendSpec\.model_validate\(": None,
    r"\bInputScaling\.model_validate\(": None,
    r'BUILD / "bundle"$': "firmware_bridge/base/paths.py",
    r"import jinja2|from jinja2": "firmware_bridge/base/templates.py",
    r"import pooch": "train/foundation/network_file.py",
    r"\bimport fcntl\b": None,
    r"urllib\.request|urlopen": None,
    r'"socket://10\.10\.10\.1:7000"$': "tools/options.py",
}

# Names that do not say what they hold, of anything; and of modules only.
NAMELESS = {"judge", "judged", "joint", "said"}
NAMELESS_MODULES = {"integer", "words"}

# Attributes that mean how a figure came to be; where people spoke it is `origin` or `speech`, of a rule its `ground`.
EVIDENCE = {"measured", "emulated", "modelled", "simulated", "estimated", "derived"}


def where(pattern: str) -> set[str]:
    found = re.compile(pattern, re.MULTILINE)
    return {file.relative_to(ROOT).as_posix() for file in FILES if found.search(file.read_text())}


@pytest.mark.parametrize("pattern", ONCE)
def test_it_is_said_once(pattern: str) -> None:
    place = ONCE[pattern]
    assert where(pattern) == ({place} if place else set())


def names(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module gives: functions, classes, variables, parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def nameless(file: Path) -> set[str]:
    return (set(names(ast.parse(file.read_text()))) | {file.stem}) & NAMELESS | {file.stem} & NAMELESS_MODULES


def test_names_say_what_they_hold() -> None:
    assert not {file.relative_to(ROOT).as_posix(): bad for file in FILES if (bad := nameless(file))}


def test_a_nameless_name_is_found(tmp_path: Path) -> None:
    file = tmp_path / "joint.py"
    file.write_text("def judge(words):\n    said = words\n    return said\n")
    assert nameless(file) == {"joint", "judge", "said"}


def test_there_is_one_simulated_tpu() -> None:
    assert [file.parent.name for file in FILES if file.stem == "simulated_tpu"] == ["reference"]
    assert not where(r"\bSimulatedTpu\b")


def compared_with(tree: ast.AST) -> Iterator[str]:
    """Yield every word that something called `evidence` is compared with, or set to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and ast.unparse(node.left).split(".")[-1] == "evidence":
            yield from (one.value for one in node.comparators if isinstance(one, ast.Constant))
        if isinstance(node, ast.keyword) and node.arg == "evidence" and isinstance(node.value, ast.Constant):
            yield node.value.value
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                is_evidence = isinstance(key, ast.Constant) and key.value == "evidence"
                if is_evidence and isinstance(value, ast.Constant):
                    yield value.value


def test_evidence_means_how_a_figure_came_to_be() -> None:
    used = {file.name: set(compared_with(ast.parse(file.read_text()))) - EVIDENCE for file in FILES}
    assert not {name: words for name, words in used.items() if words}
    assert set(
        compared_with(ast.parse('f(evidence="real")\na.evidence == "seen"\nx = {"evidence": "y"}'))
    ) == {
        "real",
        "seen",
        "y",
    }
