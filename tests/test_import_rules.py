"""The house's rules, held over every file: who may import whom, and what nobody writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EVERYTHING = ("firmware_bridge", "train", "quantize", "edgetpu_models", "hil", "tools")
# Room -> what of the other rooms it may import (a dotted prefix).
MAY = {
    "firmware_bridge": (),
    "train": ("firmware_bridge",),
    "quantize": ("firmware_bridge", "train"),
    "edgetpu_models": ("firmware_bridge",),
    "hil": ("firmware_bridge", "edgetpu_models", "train.evaluation"),
    "tools": EVERYTHING,
}
# Room -> libraries that it keeps away from.
NEVER = {
    "firmware_bridge": ("tensorflow", "keras", "sklearn", "matplotlib"),
    "edgetpu_models": ("tensorflow", "keras"),
    "hil": ("tensorflow", "keras"),
    "train.evaluation": ("tensorflow", "keras"),
}
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
FORBIDDEN_MODULES = ("pickle", "cPickle", "dill", "joblib", "shelve", "marshal")
FORBIDDEN_CALLS = ("eval", "exec")
LONGEST = 400

FILES = sorted(file for room in EVERYTHING for file in (ROOT / room).rglob("*.py"))


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, name: str, is_package: bool = False) -> Iterator[tuple[str, int]]:
    """Yield every imported dotted name with its line, relative ones resolved, inside functions too."""
    package = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{start}.{alias.name}", node.lineno) for alias in node.names)


def under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def allowed(importer: str, imported: str) -> bool:
    """Whether a module of one room may import a name."""
    room, other = importer.split(".")[0], imported.split(".")[0]
    if other in EVERYTHING and other != room and not any(under(imported, p) for p in MAY[room]):
        return False
    banned = [
        library for place, libraries in NEVER.items() if under(importer, place) for library in libraries
    ]
    return not any(under(imported, library) for library in banned)


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run on import, without those for type checkers only."""
    for statement in tree.body:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement


def sources() -> Iterator[tuple[str, Path, ast.Module]]:
    """Yield name, path and tree of every module."""
    for file in FILES:
        yield module_name(file), file, ast.parse(file.read_text())


def test_imports_point_downwards() -> None:
    wrong = [
        f"{name}:{line} imports {imported}"
        for name, file, tree in sources()
        for imported, line in imports(tree, name, file.name == "__init__.py")
        if not allowed(name, imported)
    ]
    assert not wrong, "see the table of rooms in the README"


def test_heavy_libraries_are_imported_late() -> None:
    wrong = [
        f"{name} imports {imported} on start"
        for name, _, tree in sources()
        for statement in top_level(tree)
        for imported, _ in imports(ast.Module([statement], []), name)
        if any(under(imported, heavy) for heavy in LATE)
    ]
    assert not wrong


def test_nobody_pickles_evaluates_or_swallows() -> None:
    assert not [f"{name}: {what}" for name, _, tree in sources() for what in sins(tree)]


def sins(tree: ast.AST) -> Iterator[str]:
    """Yield what must not be written anywhere."""
    for imported, line in imports(tree, "room.module"):
        if imported.split(".")[0] in FORBIDDEN_MODULES:
            yield f"line {line}: imports {imported}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield f"line {node.lineno}: {node.func.id}()"
        if (
            isinstance(node, ast.keyword)
            and node.arg == "allow_pickle"
            and ast.unparse(node.value) != "False"
        ):
            yield f"line {node.value.lineno}: allow_pickle"
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"line {node.lineno}: bare except"


def test_only_the_console_prints() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not [line for line in wrong if not line.startswith("tools.console:")]


def test_no_module_is_long() -> None:
    sizes = {file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines()) for file in FILES}
    assert not {name: size for name, size in sizes.items() if size > LONGEST}


@pytest.mark.parametrize("room", EVERYTHING)
def test_every_room_says_what_it_is(room: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))


# The rules themselves, on imports that must and must not pass.
@pytest.mark.parametrize(
    ("importer", "imported", "good"),
    [
        ("train.fusion", "firmware_bridge.contract.fusion", True),
        ("train.fusion", "quantize.convert", False),
        ("train.fusion", "tensorflow", True),
        ("train.evaluation.metrics", "tensorflow.math", False),
        ("hil.rig.run", "train.evaluation.score", True),
        ("hil.rig.run", "train.corpora", False),
        ("hil.rig.run", "tools.console", False),
        ("edgetpu_models.lint", "train.student", False),
        ("firmware_bridge.contract.bundle", "train", False),
        ("firmware_bridge.contract.bundle", "pydantic", True),
        ("quantize.convert", "hil.rig.run", False),
        ("tools.cli", "hil.rig.run", True),
    ],
)
def test_the_rule(importer: str, imported: str, good: bool) -> None:
    assert allowed(importer, imported) is good


def test_imports_are_found_wherever_they_hide() -> None:
    source = (
        "import a.b\ndef f():\n  from c import d\n  class G:\n    from .e import h\n    from .. import i\n"
    )
    assert [n for n, _ in imports(ast.parse(source), "room.sub.module")] == [
        "a.b",
        "c.d",
        "room.sub.e.h",
        "room.i",
    ]
    assert [n for n, _ in imports(ast.parse("from . import a"), "room.sub", is_package=True)] == [
        "room.sub.a"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n  from joblib import load",
        "eval('1')",
        "np.load(p, allow_pickle=True)",
        "try:\n  f()\nexcept:\n  g()",
    ],
)
def test_every_sin_is_found(source: str) -> None:
    assert len(list(sins(ast.parse(source)))) == 1


def test_what_is_allowed_is_no_sin() -> None:
    assert not list(sins(ast.parse("np.load(p, allow_pickle=False)\ntry:\n  f()\nexcept OSError:\n  g()")))
