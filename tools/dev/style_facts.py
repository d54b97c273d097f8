"""What can be counted about Python source: sizes, docstrings, types, and lines that do nothing.

A public function has no leading underscore in its own name or in a class around it, and is not inside
another function. It is typed when every argument but `self` and `cls`, and its result, is annotated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


@dataclass(frozen=True)
class Facts:
    """What was counted in one file.

    Attributes:
        path: Relative to the checkout, with slashes.
        lines: Physical lines.
        public: Number of public functions and methods.
        undocumented: Those without a docstring, as `line name`.
        functions: Number of all functions.
        untyped: Those without full annotations, as `line name`.
        bare_excepts: Lines with an `except` that names nothing.
        prints: Lines that call `print`.
        idle: Lines without effect, as `line what`.
    """

    path: str
    lines: int
    public: int
    undocumented: tuple[str, ...]
    functions: int
    untyped: tuple[str, ...]
    bare_excepts: tuple[int, ...]
    prints: tuple[int, ...]
    idle: tuple[str, ...]


def facts_of(source: str, path: str) -> Facts:
    """Count what there is in one file.

    Args:
        source: Its text.
        path: How it is called in reports.

    Raises:
        SyntaxError: It is not Python.
    """
    tree = ast.parse(source)
    public = list(public_functions(tree))
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    return Facts(
        path=path,
        lines=len(source.splitlines()),
        public=len(public),
        undocumented=tuple(f"{f.lineno} {f.name}" for f in public if not ast.get_docstring(f)),
        functions=len(functions),
        untyped=tuple(f"{f.lineno} {f.name}" for f in functions if not is_typed(f)),
        bare_excepts=tuple(
            n.lineno for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.type is None
        ),
        prints=tuple(
            n.lineno for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "print"
        ),
        idle=tuple(idle_lines(tree)),
    )


def read_facts(root: Path, folder: str) -> list[Facts]:
    """Count in every Python file below `root / folder`, sorted by path."""
    files = sorted((root / folder).rglob("*.py"))
    return [facts_of(file.read_text(encoding="utf-8"), file.relative_to(root).as_posix()) for file in files]


def public_functions(node: ast.AST) -> Iterator[Function]:
    """Yield the public functions and methods of a module or class."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            if not child.name.startswith("_"):
                yield child
        elif isinstance(child, ast.ClassDef):
            if not child.name.startswith("_"):
                yield from public_functions(child)
        elif isinstance(child, ast.If | ast.Try | ast.With):
            yield from public_functions(child)


def is_typed(function: Function) -> bool:
    """Whether every argument and the result of a function is annotated."""
    given = function.args
    named = [*given.posonlyargs, *given.args]
    if named and named[0].arg in ("self", "cls"):
        named = named[1:]
    rest = [arg for arg in (given.vararg, given.kwarg) if arg is not None]
    complete = all(arg.annotation is not None for arg in [*named, *given.kwonlyargs, *rest])
    return complete and function.returns is not None


def idle_lines(tree: ast.AST) -> Iterator[str]:
    """Yield the statements without effect, as `line what`.

    These are: an expression whose value is dropped, `x = x`, `pass` or `...` beside other statements, a
    statement that is never reached.
    """
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield from _idle_in(block, documented=name == "body" and _has_docstring(node))


def _idle_in(block: list[ast.stmt], documented: bool) -> Iterator[str]:
    for index, statement in enumerate(block):
        if index and isinstance(block[index - 1], LEAVES):
            yield f"{statement.lineno} never reached"
        if isinstance(statement, ast.Pass) and len(block) > 1:
            yield f"{statement.lineno} pass beside other statements"
        if isinstance(statement, ast.Expr) and not (documented and index == 0):
            yield from _idle_expression(statement, stub=index == int(documented) == len(block) - 1)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            before, after = ast.unparse(statement.targets[0]), ast.unparse(statement.value)
            if before == after:
                yield f"{statement.lineno} {before} is given its own value"


def _idle_expression(statement: ast.Expr, stub: bool) -> Iterator[str]:
    """Yield an expression that calls nothing; `...` may be the body of a stub."""
    value = statement.value
    acts = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom)
    if any(isinstance(node, acts) for node in ast.walk(value)):
        return
    if not (stub and isinstance(value, ast.Constant) and value.value is Ellipsis):
        yield f"{statement.lineno} value is dropped: {ast.unparse(value)[:40]}"


def _has_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node) is not None
