"""Tiny corpora in the official layouts, written on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.sound.audio import write_wav
from tests.support.miniatures import Miniatures
from tests.support.told import told

Writer = Callable[..., Path]


@pytest.fixture
def wavs(tmp_path: Path) -> Writer:
    """Write short different WAV files at the paths given, relative to a new folder; returns the folder."""

    def write(*names: str, root: str = "corpus") -> Path:
        for number, name in enumerate(names):
            tone = np.sin(np.arange(1600) * (0.05 + 0.01 * number)) * 8000
            write_wav(tmp_path / root / name, tone.astype(np.int16))
        return tmp_path / root

    return write


@pytest.fixture
def ravdess(wavs: Writer) -> Path:
    """Two actors with one clip of each emotion, official layout."""
    return wavs(
        *(
            f"Actor_{actor}/03-01-{emotion:02}-01-02-01-{actor}.wav"
            for actor in ("01", "02")
            for emotion in range(1, 9)
        )
    )


@pytest.fixture
def mini(tmp_path: Path) -> Miniatures:
    """Builds miniatures of corpora in their official layouts."""
    return Miniatures(tmp_path)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The lines that the code tells the user."""
    with told() as lines:
        yield lines
