"""The style measurements on made-up source, and the verdict on a made-up checkout."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tools.cli import run
from tools.dev.style import COLUMNS, measure, shown
from tools.dev.style import command as style_command
from tools.dev.style_facts import facts_of, idle_lines

SOURCE = '''"""A module."""

def good(a: int, *rest: str, flag: bool = True, **more: int) -> None:
    """Say what it does."""
    def inside(x):
        return x

def bad(a, b: int) -> None:
    print(a)

class Public:
    """A class."""

    def method(self, a: int) -> int:
        try:
            return a
        except:
            return 0

    def _hidden(self): ...

class _Private:
    def method(self) -> int:
        return 1
'''


def test_facts_are_counted() -> None:
    facts = facts_of(SOURCE, "room/a.py")
    assert facts.lines == 24
    assert facts.public == 3
    assert facts.undocumented == ("8 bad", "14 method")
    assert facts.functions == 6
    assert set(facts.untyped) == {"5 inside", "8 bad", "20 _hidden"}
    assert facts.bare_excepts == (17,)
    assert facts.prints == (9,)
    assert facts.idle == ()


@pytest.mark.parametrize("argument", ["a", "*rest", "**more", "*, named"])
def test_every_kind_of_argument_must_be_annotated(argument: str) -> None:
    assert facts_of(f"def f({argument}) -> None:\n    g()\n", "a.py").untyped == ("1 f",)


def test_self_and_a_result_are_seen() -> None:
    assert facts_of("class C:\n  def f(self) -> int:\n    return 1\n", "a.py").untyped == ()
    assert facts_of("def f(a: int):\n  return 1\n", "a.py").untyped == ("1 f",)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("x = 1\nx == 2\n", "2 value is dropped: x == 2"),
        ("x\n", "1 value is dropped: x"),
        ("def f():\n    return 1\n    g()\n", "3 never reached"),
        ("for i in a:\n    continue\n    g()\n", "3 never reached"),
        ("if a:\n    g()\n    pass\n", "3 pass beside other statements"),
        ("x = x\n", "1 x is given its own value"),
        ("a.b = a.b\n", "1 a.b is given its own value"),
        ("g()\n'not a docstring'\n", "2 value is dropped: 'not a docstring'"),
        ("try:\n    g()\nfinally:\n    1\n", "4 value is dropped: 1"),
        ("def f():\n    g()\n    ...\n", "3 value is dropped: ..."),
    ],
)
def test_idle_lines_are_found(source: str, what: str) -> None:
    assert list(idle_lines(ast.parse(source))) == [what]


@pytest.mark.parametrize(
    "source",
    [
        '"""Doc."""\nclass C:\n    """Doc."""\n    def f(self) -> int:\n        """Doc."""\n        ...\n',
        "def f(): ...\n",
        "class E(Exception):\n    pass\n",
        "async def f():\n    await g()\n    yield 1\n",
        "g() if a else h()\n",
        "x = y = x\n",
        "def f():\n    if a:\n        return 1\n    g()\n",
    ],
)
def test_what_acts_is_left_alone(source: str) -> None:
    assert list(idle_lines(ast.parse(source))) == []


def checkout(root: Path, source: str, tests: str) -> Path:
    for room in ("firmware_bridge", "train", "quantize", "edgetpu_models", "hil", "tools"):
        (root / room).mkdir(parents=True)
        (root / room / "__init__.py").write_text('"""A room."""\n')
    (root / "train" / "work.py").write_text(source)
    (root / "tests" / "train").mkdir(parents=True)
    (root / "tests" / "train" / "test_work.py").write_text(tests)
    return root


CLEAN = 'def f(a: int) -> int:\n    """Return a."""\n    return a\n'


def test_a_clean_checkout_keeps_every_promise(tmp_path: Path) -> None:
    found = measure(checkout(tmp_path, CLEAN, CLEAN * 4))
    assert found["broken"] == {}
    assert found["row"]["modules"] == 7
    assert found["row"]["max"] == 3
    assert found["row"]["test/src"] == pytest.approx(12 / 9)
    assert found["test_share_by_room"]["train"] == 3.0


@pytest.mark.parametrize(
    ("source", "tests", "column", "offender"),
    [
        ("x = 1\n" * 401, CLEAN * 200, "max", "train/work.py: 401 lines"),
        ("def f(a: int) -> int:\n    return a\n", CLEAN * 4, "doc %", "train/work.py:1 f"),
        ('def f(a):\n    """Doc."""\n    g()\n', CLEAN * 4, "typed %", "train/work.py:1 f"),
        ("try:\n    f()\nexcept:\n    g()\n", CLEAN * 4, "bare except", "train/work.py:3"),
        ("print(1)\n", CLEAN * 4, "print()", "train/work.py:1"),
        (CLEAN, "x = 1\n", "test/src", "train: 0.25"),
        ("x = 1\nx\n", CLEAN * 4, "idle lines", "train/work.py:2 value is dropped: x"),
    ],
)
def test_a_broken_promise_is_named_with_its_file(
    tmp_path: Path, source: str, tests: str, column: str, offender: str
) -> None:
    broken = measure(checkout(tmp_path, source, tests))["broken"]
    assert list(broken) == [column]
    assert offender in broken[column]


def test_the_console_may_print(tmp_path: Path) -> None:
    root = checkout(tmp_path, CLEAN, CLEAN * 4)
    (root / "tools" / "console.py").write_text("print(1)\n")
    assert measure(root)["broken"] == {}
    (root / "hil" / "loud.py").write_text("print(1)\n")
    assert measure(root)["broken"] == {"print()": ["hil/loud.py:1"]}


def test_the_median_counts_all_modules(tmp_path: Path) -> None:
    root = checkout(tmp_path, CLEAN, CLEAN)
    for index in range(9):
        (root / "train" / f"long{index}.py").write_text("x = 1\n" * 121)
    assert "median" in measure(root)["broken"]


def test_exit_status_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = (
        checkout(tmp_path / "good", CLEAN, CLEAN * 4),
        checkout(tmp_path / "bad", "print(1)\n", CLEAN * 4),
    )
    assert style_command.main(["--root", str(good), "--json"], standalone_mode=False) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"row", "broken", "test_share_by_room"}
    assert set(found["row"]) == {column.name for column in COLUMNS}
    assert style_command.main(["--root", str(bad)], standalone_mode=False) == 1
    out = capsys.readouterr().out
    assert "BROKEN" in out
    assert "train/work.py:1" in out


def test_figures_are_short() -> None:
    assert [shown(v) for v in (0.394, 12345.0, 96.0, 99.7)] == ["0.39", "12,345", "96", "100"]


def test_style_is_no_verb() -> None:
    assert run(["style"]) == 2
