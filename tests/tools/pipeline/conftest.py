"""A small recipe's inputs, for the tests of a build's parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.pipeline.inputs import Inputs, gather
from tools.pipeline.recipe import parse_recipe

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
MakeInputs = Callable[..., Inputs]


@pytest.fixture
def make_inputs(ravdess: Path, words_folder: Path) -> MakeInputs:
    """Gather a small recipe's inputs; sections given replace those of the recipe."""

    def make(**changes: Any) -> Inputs:
        data: dict[str, Any] = {
            "name": "tiny",
            "kind": "scratch",
            "seed": 5,
            "emotion_corpus": f"ravdess:{ravdess}",
            "keyword_corpus": f"speech_commands:{words_folder}",
            "window": {"window_ms": 800, "hop_ms": 400},
            "frontend": {"preset": "student"},
            "foundation": {"network": "none"},
            "split": {"test": 2, "validation": 1},
            "views": {"count": 2},
            "keyword_windows": {"views": 2},
            "composed": {"words": ("bed", "cat"), "table": dict.fromkeys(EMOTIONS, (20, 40, 40))},
        }
        return gather(parse_recipe(data | changes, "test"))

    return make


@pytest.fixture
def words_folder(words: Path) -> Path:
    return words
