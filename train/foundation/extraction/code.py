"""The digest of the source that turns recordings into numbers: what `shard.py` imports, and what that imports."""

from __future__ import annotations

import ast
import functools
import hashlib
from importlib.metadata import version
from pathlib import Path

from firmware_bridge.base.files import sha256_file
from firmware_bridge.base.paths import ROOT

START = "train.foundation.extraction.shard"
LIBRARIES = ("numpy", "onnxruntime", "soxr", "soundfile")


@functools.cache
def code_digest() -> str:
    """Return a SHA-256 over the closure of `START` and the libraries below it: another one, perhaps other numbers."""
    lines = [f"{file.relative_to(ROOT).as_posix()} {sha256_file(file)}\n" for file in closure(START)]
    lines += [f"{library} {version(library)}\n" for library in LIBRARIES]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def closure(start: str) -> list[Path]:
    """Return the project's files that a module needs, itself included, sorted; imports in functions count."""
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        file = _file_of(waiting.pop())
        if file is None or file in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                # What is imported may be a module itself, or a name within one.
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return sorted(found)


def _file_of(module: str) -> Path | None:
    """Return the file of one of the project's modules, or `None`."""
    place = ROOT.joinpath(*module.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None
