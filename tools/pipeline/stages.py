"""Stages whose results are kept by what they were made of.

The key of a stage is a hash over its settings, the keys of the stages before it and the source code it
rests on. A result that is there is used; one that is not is made in a temporary folder and appears whole.
So a second call does nothing, a changed recipe redoes only what depends on it, and a killed run goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import inspect
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from firmware_bridge.base.files import atomic_directory, sha256_file
from firmware_bridge.base.paths import BUILD, ROOT
from firmware_bridge.base.progress import note

KEPT = 2
ROOMS = ("firmware_bridge", "train", "quantize", "edgetpu_models", "hil", "tools")


@functools.cache
def source_hashes() -> dict[str, str]:
    """Return the SHA-256 of every Python and C file of the rooms, by path relative to the checkout.

    Taken once, when a process first asks: a file that is edited while a stage runs must not lend its new hash
    to what its old code has made.
    """
    files = (p for room in ROOMS for p in (ROOT / room).rglob("*") if p.suffix in {".py", ".c", ".h"})
    return {p.relative_to(ROOT).as_posix(): sha256_file(p) for p in sorted(files)}


def code_hash(place: str) -> str:
    """Return the SHA-256 over the source of a module or folder of this project.

    Args:
        place: A path relative to the checkout, such as `train/student` or `train/fusion.py`.

    Raises:
        KeyError: There is no source at that place.
    """
    hashes = source_hashes()
    inside = {
        name: digest for name, digest in hashes.items() if name == place or name.startswith(f"{place}/")
    }
    if not inside:
        raise KeyError(f"no source at {place}")
    return hashlib.sha256(json.dumps(inside, sort_keys=True).encode()).hexdigest()


def source_of(make: Callable[[Path], None]) -> tuple[str, ...]:
    """Return the module of this project that a function stands in, as `code_hash` names it; none for a stranger."""
    unwrapped = inspect.unwrap(make)
    file = Path(unwrapped.__code__.co_filename).resolve() if inspect.isfunction(unwrapped) else Path()
    if not file.is_relative_to(ROOT) or file.relative_to(ROOT).parts[0] not in ROOMS:
        return ()
    return (file.relative_to(ROOT).as_posix(),)


def stage_key(parts: Mapping[str, Any], code: Sequence[str]) -> str:
    """Return 16 hexadecimal digits that change with any setting, input or line of code."""
    everything = {"parts": parts, "code": {place: code_hash(place) for place in code}}
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:16]


class Stages:
    """Runs stages and remembers what it did.

    Attributes:
        root: Where the results lie, one folder per stage and key.
        made: Names of the stages that were really run.
        wanted: Names of all stages asked for, with their keys.
    """

    def __init__(self, root: Path | None = None) -> None:
        source_hashes()
        self.root = root or BUILD / "stages"
        self.made: list[str] = []
        self.wanted: dict[str, str] = {}

    def run(
        self, name: str, parts: Mapping[str, Any], code: Sequence[str], make: Callable[[Path], None]
    ) -> Path:
        """Return the folder with a stage's result; make it if it is not there.

        Args:
            name: Folder name of the stage.
            parts: JSON-ready settings and keys of the inputs.
            code: Modules and folders that the result depends on, relative to the checkout; the module that
                `make` stands in is added.
            make: Writes the result into the folder it is given.

        Returns:
            The folder; its name is the stage's key.
        """
        key = stage_key(parts, (*code, *source_of(make)))
        self.wanted[name] = key
        folder = self.root / name / key
        if folder.is_dir():
            os.utime(folder)
            return folder
        with self._alone(name):
            if not folder.is_dir():  # another process may have made it while this one waited
                self._make(name, folder, make)
        return folder

    def _make(self, name: str, folder: Path, make: Callable[[Path], None]) -> None:
        """Make a result that is not there."""
        self._clear_unfinished(self.root / name)
        started = time.monotonic()
        note(f"stage {name}")
        with atomic_directory(folder) as temporary:
            make(temporary)
        note(f"stage {name}: done in {time.monotonic() - started:.1f} s")
        self.made.append(name)
        self._prune(self.root / name)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Keep other processes from making the same stage; the lock of a killed one is gone with it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f".{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note(f"stage {name}: another build is making it; waiting")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @staticmethod
    def _clear_unfinished(folder: Path) -> None:
        """Remove what a killed run left behind."""
        for leftover in folder.glob(".*.part"):
            shutil.rmtree(leftover, ignore_errors=True)

    @staticmethod
    def _prune(folder: Path) -> None:
        """Keep the results used last; the large ones would fill the disk."""
        results = sorted((p for p in folder.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for old in results[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
