"""Stages whose results are kept by what they were made of.

The key of a stage is a hash over its settings, the digests of its data, the keys of the stages before it and the
code it rests on (`closure.py`). A result that is there is used; one that is not is made in a temporary folder
and appears whole. So a second call does nothing, a changed recipe redoes only what depends on it, and a killed
run goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from firmware_bridge.base.closure import source_hashes
from firmware_bridge.base.events import kept, stage
from firmware_bridge.base.files import atomic_directory
from firmware_bridge.base.paths import BUILD
from firmware_bridge.base.progress import tell
from tools.pipeline.closure import closure_of

KEPT = 2


def stage_key(parts: Mapping[str, Any], code: str) -> str:
    """Return 16 hexadecimal digits that change with any setting or input (`parts`) and with the code's digest."""
    return hashlib.sha256(json.dumps({"parts": parts, "code": code}, sort_keys=True).encode()).hexdigest()[
        :16
    ]


@dataclass(frozen=True)
class Spent:
    """Seconds that making a stage took: on the clock, and of this process's processor time."""

    wall_s: float
    cpu_s: float


class Stages:
    """Runs stages and remembers what it did.

    Attributes:
        root: Where the results lie, one folder per stage and key.
        made: Names of the stages that were really run.
        wanted: Names of all stages asked for, with their keys.
        spent: What each stage took that was really run.
    """

    def __init__(self, root: Path | None = None) -> None:
        source_hashes()
        self.root = root or BUILD / "stages"
        self.made: list[str] = []
        self.wanted: dict[str, str] = {}
        self.spent: dict[str, Spent] = {}

    def take_note(self, made: Iterable[str], wanted: Mapping[str, str], spent: Mapping[str, Spent]) -> None:
        """Remember what another process did with the same results."""
        self.made.extend(made)
        self.wanted.update(wanted)
        self.spent.update(spent)

    def run(self, name: str, parts: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
        """Return the folder with a stage's result; make it if it is not there.

        Args:
            name: Folder name of the stage.
            parts: JSON-ready settings, digests of data, and keys of the inputs.
            make: Writes the result into the folder it is given; what its code rests on is found by reading it.

        Returns:
            The folder; its name is the stage's key.
        """
        key = stage_key(parts, closure_of(make).digest())
        self.wanted[name] = key
        folder = self.root / name / key
        if folder.is_dir():
            os.utime(folder)
            kept(name)
            return folder
        with self._alone(name):
            if not folder.is_dir():  # another process may have made it while this one waited
                self._make(name, folder, make)
        return folder

    def _make(self, name: str, folder: Path, make: Callable[[Path], None]) -> None:
        """Make a result that is not there."""
        self._clear_unfinished(self.root / name)
        started, before = time.monotonic(), time.process_time()
        with stage(name), atomic_directory(folder) as temporary:
            make(temporary)
        self.spent[name] = Spent(time.monotonic() - started, time.process_time() - before)
        self.made.append(name)
        self._prune(self.root / name)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Keep other processes from making the same stage; the lock of a killed one is gone with it."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / f".{name}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            tell(f"stage {name}: another process is making it; waiting")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

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
