"""Files that are either whole or absent."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there appears at `path` whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_changed(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically, unless it is there already.

    What did not change keeps its time stamp, so that a build system makes nothing of it again.
    """
    if not path.is_file() or path.read_bytes() != data:
        write_bytes(path, data)


def write_json(path: Path, data: Any) -> None:
    """Write `data` as readable JSON with sorted keys, atomically."""
    write_bytes(path, (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode())


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield a new directory; on success it takes the place of `path`, on failure nothing changes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    # A folder in the temporary one has the usual rights; the temporary one is for its owner alone.
    new, old = room / "new", room / "old"
    new.mkdir()
    try:
        yield new
        if path.exists() or path.is_symlink():
            path.rename(old)
        new.rename(path)
    finally:
        shutil.rmtree(room, ignore_errors=True)
