"""What code a stage's result rests on, found by reading it: nothing is listed by hand.

Two grains. Within `tools`, where one module wires many stages, definitions are followed one by one: the function
that makes the result, what it names, what that names. Whatever it takes from another room counts as that whole
module with everything the module imports (grimp), and with the C, TOML and templates that lie in their packages.
Annotations are not followed: what a stage is handed is data, and data has digests of its own (`inputs.py`).
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_bridge.base.closure import file_of, module_closure, source_hashes, versions_of
from firmware_bridge.base.paths import ROOMS, ROOT

# The room whose definitions are followed one by one.
WIRING = "tools"

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "tensorflow-cpu",
    "keras",
    "ai-edge-litert",
    "soundfile",
    "soxr",
)


@functools.cache
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that compute."""
    return versions_of(LIBRARIES)


@dataclass(frozen=True)
class _Module:
    """A module of the wiring: its definitions, and what its names mean."""

    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)


@functools.cache
def _read(module: str) -> _Module:
    file = file_of(module)
    if file is None:
        raise KeyError(f"no module {module}")
    found = _Module()
    for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            found.definitions.update({t.id: node for t in node.targets if isinstance(t, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.definitions[node.target.id] = node
        else:
            found.imported.update(_imports(node))
    return found


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield local name and dotted origin of everything that a piece of code imports."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            yield from ((a.asname or a.name.split(".")[0], a.name) for a in inner.names)
        elif isinstance(inner, ast.ImportFrom) and inner.module:
            yield from ((a.asname or a.name, f"{inner.module}.{a.name}") for a in inner.names)


class _NoAnnotations(ast.NodeTransformer):
    """Takes annotations and docstrings away: neither decides a result."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        return node


@dataclass
class Closure:
    """What a stage rests on.

    Attributes:
        definitions: Source of each definition of the wiring, without comments, by `module:name`.
        files: Files of the other rooms, relative to the checkout.
    """

    definitions: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def follow(self, module: str, name: str) -> None:
        """Add a definition of the wiring and all that it names."""
        place = f"{module}:{name}"
        node = _read(module).definitions.get(name)
        if place in self.definitions or node is None:
            return
        bare = _NoAnnotations().visit(ast.parse(ast.unparse(node)))
        self.definitions[place] = ast.unparse(bare)
        known = _read(module).imported | dict(_imports(bare))
        reached = {n.id for n in ast.walk(bare) if isinstance(n, ast.Name)}
        through = {
            (n.value.id, n.attr)
            for n in ast.walk(bare)
            if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
        }
        for one in sorted(reached | {alias for alias, _ in _imports(bare)}):
            if one in known:
                self._take(known[one], [attribute for value, attribute in through if value == one])
            elif one in _read(module).definitions:
                self.follow(module, one)

    def _take(self, origin: str, attributes: list[str]) -> None:
        """Add what an imported name stands for."""
        if origin.split(".")[0] not in ROOMS:
            return
        if file_of(origin) is None:
            origin, attributes = origin.rsplit(".", 1)[0], [origin.rsplit(".", 1)[1]]
        if origin.split(".")[0] == WIRING:
            for attribute in attributes:
                self.follow(origin, attribute)
        else:
            self.files |= module_closure(origin)

    def digest(self) -> str:
        """Return the SHA-256 over all of it and the libraries below."""
        hashes = source_hashes()
        content = {
            "definitions": self.definitions,
            "files": {file: hashes[file] for file in sorted(self.files)},
            "libraries": library_versions(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def closure_of(make: Callable[..., Any]) -> Closure:
    """Return what a function rests on: the outermost definition that it stands in, and all that this names.

    A stranger (a test, a notebook) is not read: its stages are told apart by their parts alone.
    """
    plain = inspect.unwrap(make)
    module, outermost = plain.__module__, plain.__qualname__.split(".")[0]
    found = Closure()
    if module.split(".")[0] in ROOMS and module.split(".")[0] != WIRING:
        found.files |= module_closure(module)
    elif module.split(".")[0] == WIRING and file_of(module) is not None:
        found.follow(module, outermost)
    return found


def code_of(part: Callable[..., Any]) -> str:
    """Return the SHA-256 of the code of a part that a recipe chose by name: no import leads to it.

    A part from outside the project counts by its own file.
    """
    plain = inspect.unwrap(part)
    if file_of(plain.__module__) is not None:
        return closure_of(plain).digest()
    return hashlib.sha256(Path(inspect.getfile(plain)).read_bytes()).hexdigest()
