"""Clips without sound in corpora of any shape, for protocols to divide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.told import told
from train.corpora import Clip, Corpus

LABELS = ("happy", "sad")


def make(name: str = "toy", speakers: int = 6, takes: int = 2, unit: str = "person", **facts: Any) -> Corpus:
    """Return a corpus of `takes` happy and sad clips for each speaker; functions among the facts get its number."""
    clips = []
    for who in range(speakers):
        for take in range(takes):
            for label in LABELS:
                given = {key: value(who, take) if callable(value) else value for key, value in facts.items()}
                fields: dict[str, Any] = {
                    "speaker": f"{name}/{who:02}",
                    "label": label,
                    "gender": "mf"[who % 2],
                }
                clips.append(
                    Clip(path=Path(f"/{name}/{who:02}/{label}-{take}.wav"), corpus=name, **fields | given)
                )
    return Corpus(name, Path(f"/{name}"), LABELS, tuple(clips), "none", "nobody", True, speaker_unit=unit)  # type: ignore[arg-type]


@pytest.fixture
def toy() -> Callable[..., Corpus]:
    return make


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The lines that the code tells the user."""
    with told() as lines:
        yield lines
