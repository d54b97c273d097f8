"""The house's rules, held over every file: who may import whom, and what nobody writes.

Imports are import-linter's, whose contracts stand in pyproject.toml; most of the rest is ruff's. Here are the two
rules that neither knows: which libraries are too heavy for the start of a command, and arrays without pickle.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.paths import ROOMS, ROOT

BIN = Path(sys.executable).parent
# Too heavy for the start of a command: imported inside functions only.
LATE = (
    "tensorflow",
    "keras",
    "matplotlib",
    "sklearn",
    "ai_edge_litert",
    "scipy.signal",
    "pandas",
    "onnx",
    "onnxruntime",
    "torch",
    "transformers",
    "dask",
    "distributed",
)
LONGEST = 400

FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    line = [BIN / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_are_kept() -> None:
    found = lint_imports(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
    assert " 0 broken" in found.stdout


@pytest.fixture(scope="module")
def small_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of empty rooms, in which an import can be planted."""
    folder = tmp_path_factory.mktemp("house")
    for package in (*ROOMS, "train/evaluation", "train/mitra"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text("")
        (folder / package / "part.py").write_text("")
    return folder


# The contracts themselves, on imports that must and must not pass.
@pytest.mark.parametrize(
    ("importer", "line", "good"),
    [
        ("train", "import firmware_bridge.part, tensorflow", True),
        ("train", "import quantize.part", False),
        ("train/evaluation", "from tensorflow import math", False),
        ("train/mitra", "import keras", False),
        ("hil", "from train.evaluation import part", True),
        ("hil", "import train.part", False),
        ("hil", "import keras", False),
        ("edgetpu_models", "def f():\n    import train", False),
        ("firmware_bridge", "class A:\n    from train import part", False),
        ("firmware_bridge", "import numpy", True),
        ("firmware_bridge", "import matplotlib.figure", False),
        ("quantize", "from hil.part import x", False),
        ("tools", "import hil.part, train.part, tensorflow", True),
        ("tools", "import pickle", False),
        ("train", "def f():\n    from joblib import load", False),
    ],
)
def test_a_planted_import(small_house: Path, importer: str, line: str, good: bool) -> None:
    part = small_house / importer / "part.py"
    part.write_text(line + "\n")
    try:
        found = lint_imports(small_house)
    finally:
        part.write_text("")
    assert (found.returncode == 0) is good, found.stdout + found.stderr
    assert good or " BROKEN" in found.stdout


def test_every_list_of_rooms_names_the_same() -> None:
    """TOML has no variables: the lists in pyproject.toml are held against the one in `paths.py`."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert settings["importlinter"]["root_packages"] == list(ROOMS)
    assert settings["setuptools"]["packages"] == list(ROOMS)
    assert settings["mypy"]["packages"] == list(ROOMS)
    assert settings["coverage"]["run"]["source"] == list(ROOMS)
    folders = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert folders == set(ROOMS)
    for file in FILES:
        again = file.read_text().count('"firmware_bridge", "train"')
        assert again == (file == ROOT / "firmware_bridge" / "base" / "paths.py"), f"{file}: say ROOMS"


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield path and tree of every module."""
    for file in FILES:
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())


def imported_on_start(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module imports when it is imported itself, not those for type checkers only."""
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def too_heavy(tree: ast.Module) -> list[str]:
    return [name for name in imported_on_start(tree) if any(f"{name}.".startswith(f"{h}.") for h in LATE)]


def pickled(tree: ast.AST) -> list[int]:
    """Return the lines where an array may be read with pickle."""
    words = (node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "allow_pickle")
    return [word.value.lineno for word in words if ast.unparse(word.value) != "False"]


def test_heavy_libraries_are_imported_late() -> None:
    assert not {name: heavy for name, tree in trees() if (heavy := too_heavy(tree))}


def test_no_array_is_read_with_pickle() -> None:
    assert not {name: lines for name, tree in trees() if (lines := pickled(tree))}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import tensorflow as tf", ["tensorflow"]),
        ("from scipy.signal import stft", ["scipy.signal.stft"]),
        ("from scipy import signal", ["scipy.signal"]),
        ("import scipy, onnxsim", []),
        ("if TYPE_CHECKING:\n    import torch", []),
        ("def f():\n    import torch", []),
    ],
)
def test_what_is_heavy(source: str, found: list[str]) -> None:
    assert too_heavy(ast.parse(source)) == found


def test_what_is_pickled() -> None:
    assert pickled(ast.parse("np.load(a, allow_pickle=False)\nnp.load(b, allow_pickle=True)")) == [2]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ('x = eval("1")', "S307"),
        ('exec("1")', "S102"),
        ("import pickle\n\npickle.loads(b'')", "S301"),
        ("try:\n    f()\nexcept:\n    g()", "E722"),
        ("print(1)", "T201"),
    ],
)
def test_ruff_refuses_what_nobody_writes(source: str, rule: str) -> None:
    line = [BIN / "ruff", "check", "--no-cache", "--output-format", "concise", "--stdin-filename"]
    found = subprocess.run(
        [*line, "train/planted.py", "-"], cwd=ROOT, input=source, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert f" {rule} " in found.stdout


def test_ruff_finds_nothing() -> None:
    line = [
        BIN / "ruff",
        "check",
        "--no-cache",
        "--select",
        "E722,S102,S301,S302,S307,T20",
        "--quiet",
        *ROOMS,
    ]
    found = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_no_module_is_long() -> None:
    sizes = {file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines()) for file in FILES}
    assert not {name: size for name, size in sizes.items() if size > LONGEST}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is(room: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
