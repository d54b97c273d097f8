"""Tests stand on their own: what several of them need lies in `tests/support`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))


def borrowed(tree: ast.AST) -> Iterator[str]:
    """Yield what a test takes from another one: an import outside `tests.support`, or a file that it runs."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        for name in names:
            inside = name == "tests" or name.startswith(("tests.", "."))
            if name == "runpy" or (inside and not f"{name}.".startswith("tests.support.")):
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import runpy", 1),
        ("from runpy import run_path", 1),
        ("def f():\n    from tests.hil.test_budgets import helper", 1),
        ("from .conftest import helper", 1),
        ("from tests import support", 1),
        ("from tests.supporters import x", 1),
        ("from tests.support.usb import Bus\nimport tests.support\nfrom tests.support import usb", 0),
        ("from hil import rig", 0),
    ],
)
def test_the_rule(source: str, found: int) -> None:
    assert len(list(borrowed(ast.parse(source)))) == found


def test_no_test_takes_from_another() -> None:
    wrong = {
        file.relative_to(TESTS).as_posix(): lines
        for file in FILES
        if (lines := list(borrowed(ast.parse(file.read_text()))))
    }
    assert not wrong
