"""Real compiler output, where it is at hand, and made-up models everywhere else."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Pair:
    """A compiled file, what is in it, and its original (if it is known)."""

    compiled: Path
    original: Path | None
    truth: dict[str, str]

    @property
    def alone(self) -> bool:
        return "cocompiled" not in self.compiled.name

    @property
    def parameter_bytes(self) -> int:
        return int(self.truth["on_chip_bytes"]) + int(self.truth["off_chip_bytes"])


@pytest.fixture(scope="session")
def pairs(data_root: Path) -> list[Pair]:
    folder = data_root / "edgetpu_pairs"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    with (folder / "PAIRS.csv").open() as stream:
        originals = {row["compiled"]: row["original"] for row in csv.DictReader(stream)}
    with (folder / "TRUTH.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    found = []
    for row in rows:
        name = row.pop("compiled")
        original = folder / originals[name] if originals.get(name) else None
        found.append(Pair(folder / name, original, row))
    return found


def _compiled_models(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    return folder


@pytest.fixture(scope="session")
def pair_folder(data_root: Path) -> Path:
    """Originals and real compiles of many makers."""
    return _compiled_models(data_root / "edgetpu_pairs")


@pytest.fixture(scope="session")
def red_pair(data_root: Path) -> tuple[bytes, bytes]:
    """A colour tracker and its real compile."""
    folder = _compiled_models(data_root / "edgetpu_same_architecture")
    names = ("color_red_64x64.tflite", "color_red_64x64_edgetpu.tflite")
    return (folder / names[0]).read_bytes(), (folder / names[1]).read_bytes()


@pytest.fixture(scope="session")
def red_compiled(red_pair: tuple[bytes, bytes]) -> bytes:
    """The colour tracker's real compile."""
    return red_pair[1]
