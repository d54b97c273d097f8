"""What code a module rests on, found by reading imports (grimp), and the hashes of that code.

A module counts with everything it imports, in functions too, and with the C, TOML and templates in their packages.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from firmware_bridge.base.files import sha256_file
from firmware_bridge.base.paths import ROOMS, ROOT

# Files that are not Python and decide what a module computes; recipes are data.
RENDERED = frozenset({".c", ".h", ".cc", ".toml", ".j2", ".html"})


@functools.cache
def source_hashes() -> dict[str, str]:
    """Return the SHA-256 of every source file of the rooms, by path relative to the checkout.

    Taken once, when a process first asks: a file that is edited while a stage runs must not lend its new hash
    to what its old code has made.
    """
    files = (p for room in ROOMS for p in (ROOT / room).rglob("*") if p.suffix in {".py", *RENDERED})
    return {
        p.relative_to(ROOT).as_posix(): sha256_file(p) for p in sorted(files) if p.parent.name != "recipes"
    }


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Return the versions of libraries by name; one that is not installed is `none`."""
    found = {}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


@functools.cache
def _graph() -> Any:
    import grimp

    return grimp.build_graph(*ROOMS, cache_dir=None)


@functools.cache
def module_closure(module: str) -> frozenset[str]:
    """Return the files, relative to the checkout, that a module rests on, its own among them.

    Raises:
        KeyError: No such module in any room.
    """
    graph = _graph()
    if module not in graph.modules:
        raise KeyError(f"no module {module}")
    modules = {module, *graph.find_upstream_modules(module)}
    # A package's own file runs before its modules do.
    modules |= {".".join(m.split(".")[:n]) for m in modules for n in range(1, m.count(".") + 1)}
    modules |= {above for m in modules for above in graph.find_upstream_modules(m)}
    files = {file for m in modules if (file := file_of(m)) is not None}
    packages = {file.rsplit("/", 1)[0] for file in files}
    beside = {f for f in source_hashes() if not f.endswith(".py") and _package_of(f) in packages}
    return frozenset(files | beside)


def file_of(module: str) -> str | None:
    """Return the file of one of the project's modules, relative to the checkout; None for a stranger."""
    place = module.replace(".", "/")
    return next((f for f in (f"{place}.py", f"{place}/__init__.py") if f in source_hashes()), None)


def _package_of(file: str) -> str:
    """Return the nearest folder above a file that is a Python package."""
    folder = file.rsplit("/", 1)[0]
    while f"{folder}/__init__.py" not in source_hashes() and "/" in folder:
        folder = folder.rsplit("/", 1)[0]
    return folder
