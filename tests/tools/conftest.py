"""Small corpora in the official layouts, and a bundle with two one-layer networks, for the verbs to work on."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base import progress
from firmware_bridge.contract.bundle import Bundle, write_bundle
from train.corpora.ravdess import EMOTIONS

_MADE = runpy.run_path(str(Path(__file__).parent.parent / "hil" / "conftest.py"))
LABELS = ["angry", "calm", "happy"]
CODES = {name: code for code, name in EMOTIONS.items()}
SPLIT = {
    "train": ["ravdess/01", "ravdess/02"],
    "validation": ["ravdess/03"],
    "test": ["ravdess/04", "ravdess/05"],
    "hash": "0" * 64,
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The command line installs a reporter of progress: no test leaves it behind."""
    yield
    progress.install(None)


def sound(seed: int, seconds: float = 0.6) -> np.ndarray:
    """Return int16 samples of a decaying tone and a few others of its own, in noise: no two sound the same."""
    dice = np.random.default_rng(seed)
    time = np.arange(int(seconds * 16000)) / 16000
    tone = 6000 * np.sin(2 * np.pi * (150 + 60 * (seed % 7)) * time) * np.exp(-3 * time)
    for start, pitch in zip(dice.uniform(0, 0.7, 5) * seconds, dice.uniform(300, 6000, 5), strict=True):
        tone += 3000 * np.sin(2 * np.pi * pitch * time) * ((time > start) & (time < start + 0.08))
    return (tone + dice.normal(0, 80, len(time))).astype(np.int16)


def save(path: Path, pcm: np.ndarray) -> None:
    """Write a clip without waiting for the disk, as the program's own writer does."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, pcm, 16000, subtype="PCM_16")


def write_ravdess(
    root: Path,
    actors: Iterable[int] = range(1, 7),
    emotions: Iterable[str] = tuple(CODES),
    takes: int = 1,
    seconds: float = 0.6,
) -> Path:
    """Write clips in RAVDESS's layout and return its folder."""
    seed = 0
    for actor in actors:
        for emotion in emotions:
            for take in range(1, takes + 1):
                name = f"03-01-{CODES[emotion]}-01-01-{take:02}-{actor:02}.wav"
                save(root / f"Actor_{actor:02}" / name, sound(seed, seconds))
                seed += 1
    return root


def write_words(root: Path, words: Iterable[str] = ("bed", "cat"), speakers: int = 6) -> Path:
    """Write clips in Speech Commands' layout and return its folder."""
    for place, word in enumerate(words):
        for speaker in range(speakers):
            save(root / word / f"{speaker:08x}_nohash_0.wav", sound(10_000 + 100 * place + speaker, 0.4))
    return root


@pytest.fixture(scope="session")
def ravdess(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six actors, all emotions, one clip each. Not to be written to."""
    return write_ravdess(tmp_path_factory.mktemp("data") / "ravdess")


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three words by 40 speakers. Not to be written to."""
    return write_words(tmp_path_factory.mktemp("data") / "words", ("bed", "cat", "dog"), 40)


@pytest.fixture
def make_ravdess() -> Callable[..., Path]:
    return write_ravdess


@pytest.fixture
def make_words() -> Callable[..., Path]:
    return write_words


@pytest.fixture
def no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any corpus: the data folder is empty."""
    folder = tmp_path / "no-data"
    folder.mkdir()
    monkeypatch.setenv("UNDERTONE_DATA", str(folder))
    return folder


def make_manifest(**changes: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the files of a small bundle; `changes` replace fields."""
    spec, keywords = _MADE["SPEC"], _MADE["KEYWORDS"]
    classes, words = len(LABELS), len(keywords)
    files = {
        "acoustic.tflite": _MADE["one_layer"](classes, 1),
        "keyword.tflite": _MADE["one_layer"](words, 2),
    }
    vote = np.array([[0.1, 0.4], [0.2, -0.3], [-0.3, 0.1]])
    both = np.hstack([np.eye(classes), vote])
    head = _MADE["head"]
    manifest = {
        "name": "tiny",
        "labels": LABELS,
        "keywords": keywords,
        "window_ms": 500,
        "hop_ms": 250,
        "frontend": spec.to_dict(),
        "table_hash": spec.table_hash,
        "scaling": {"kind": "range"},
        "models": {
            name: _MADE["manifest_entry"](f"{name}.tflite", files[f"{name}.tflite"], outputs)
            for name, outputs in (("acoustic", classes), ("keyword", words))
        },
        "fusion": head(both, classes + words),
        "keyword_vote": head(vote, words),
        "corpus": {"ravdess": "f" * 64, "speech_commands": "e" * 64},
        "split": SPLIT,
        "recipe": {},
        "figures": {},
        "licences": [
            {"name": "ravdess", "kind": "corpus", "licence": "L", "attribution": "A", "commercial": False}
        ],
        "evidence": "real",
        "git_revision": "none",
    }
    from firmware_bridge.microfrontend import InputScaling

    manifest["scaling"] = InputScaling(kind="range").to_dict()
    return manifest | changes, files


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A whole bundle for 500 ms windows that knows three of RAVDESS's emotions."""
    manifest, files = make_manifest()
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny", manifest, files)


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """Write a bundle with some fields of the manifest replaced."""

    def make(folder: str = "bundle", **changes: Any) -> Bundle:
        manifest, files = make_manifest(**changes)
        return write_bundle(tmp_path / folder, manifest, files)

    return make
