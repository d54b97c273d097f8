"""Checkpoint folders that hold safetensors files and nothing that could run code.

A torch `.bin`, `.pt` or `.ckpt` is a pickle, and unpickling runs whatever its author wrote. Only
safetensors is read, and a file of that name is opened before any library sees it: the format is eight
bytes of length, a JSON header, and numbers.
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid
from firmware_bridge.base.files import sha256_file

INDEX, SINGLE, CONFIG = "model.safetensors.index.json", "model.safetensors", "config.json"
_LONGEST_HEADER = 100_000_000  # as the format's own reader
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
_MAGIC = {b"\x80": "a pickle", b"PK": "a zip, as torch wraps its pickles in", b"\x1f\x8b": "compressed"}
_REMEDY = (
    "convert it where you trust it: AutoModel.from_pretrained(...).save_pretrained(folder) writes safetensors"
)


def check_safetensors(path: Path) -> None:
    """Refuse a file that is no whole safetensors file, whatever its name says.

    Raises:
        ModelInvalid: It is a pickle, damaged, or shorter than its header says.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        for magic, kind in _MAGIC.items():
            # A true header of that length would be beyond what the format allows, or not start with a brace.
            if start.startswith(magic) and not _is_header(start, stream, size):
                raise ModelInvalid(f"{path.name} is {kind}, not safetensors: refused unread", _REMEDY)
        if not _is_header(start, stream, size):
            raise ModelInvalid(f"{path.name} is no safetensors file", "get it again from its source")
        header = _header(path, stream, struct.unpack("<Q", start)[0])
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    expected = 8 + struct.unpack("<Q", start)[0] + max(ends, default=0)
    if size != expected:
        raise ModelInvalid(f"{path.name} has {size} bytes, its header says {expected}", "get it again")


def _is_header(start: bytes, stream: Any, size: int) -> bool:
    """Tell whether eight bytes and what follows can begin a safetensors file."""
    if len(start) < 8:
        return False
    length = struct.unpack("<Q", start)[0]
    stream.seek(8)
    return bool(2 <= length <= min(_LONGEST_HEADER, size - 8) and stream.read(1) == b"{")


def _header(path: Path, stream: Any, length: int) -> dict[str, Any]:
    """Return the JSON header."""
    stream.seek(8)
    try:
        header = json.loads(stream.read(length))
        if any("data_offsets" not in entry for name, entry in header.items() if name != "__metadata__"):
            raise ValueError("an entry without offsets")
    except (ValueError, TypeError, AttributeError) as problem:
        raise ModelInvalid(
            f"{path.name} has a damaged header ({problem})", "get it again from its source"
        ) from problem
    return dict(header)


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a checkpoint, each checked; sorted by name.

    Raises:
        EnvironmentLacking: There is no such folder or no config.json in it.
        ModelInvalid: The weights are a pickle, damaged, or outside the folder.
    """
    if not (folder / CONFIG).is_file():
        raise EnvironmentLacking(
            f"{folder}: no checkpoint there ({CONFIG} is missing)",
            f"name a folder with {CONFIG} and {SINGLE}, as save_pretrained writes it",
        )
    if (folder / INDEX).is_file():
        names = sorted(set(read_json(folder / INDEX).get("weight_map", {}).values()))
        if not names or any(Path(str(name)).name != name for name in names):
            raise ModelInvalid(f"{INDEX} names files outside its folder, or none", "get the checkpoint again")
    else:
        names = [SINGLE]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        pickles = sorted(each.name for each in folder.iterdir() if each.suffix in _PICKLES)
        if pickles:
            raise ModelInvalid(
                f"{folder.name} has its weights in {', '.join(pickles)}: pickles run code when read, refused",
                _REMEDY,
            )
        raise EnvironmentLacking(f"{folder}: {', '.join(missing)} is missing", "complete the download")
    files = [folder / name for name in names]
    for file in files:
        check_safetensors(file)
    return files


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object from a file.

    Raises:
        ModelInvalid: It is none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as problem:
        raise ModelInvalid(f"{path.name} cannot be read as JSON ({problem})", "get it again") from problem
    if not isinstance(data, dict):
        raise ModelInvalid(f"{path.name} is no JSON object", "get it again")
    return data


def fingerprint(files: list[Path], beside: str = "") -> str:
    """Return a SHA-256 over names and hashes of files, and over whatever else decides the result."""
    lines = [f"{file.name} {sha256_file(file)}\n" for file in sorted(files)]
    return hashlib.sha256(("".join(lines) + beside).encode()).hexdigest()
