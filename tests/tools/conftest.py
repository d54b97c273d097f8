"""Small corpora in the official layouts, and a bundle with two one-layer networks, for the verbs to work on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.contract.bundle import Bundle, write_bundle
from tests.support.recordings import write_ravdess, write_words
from tests.support.tiny_bundle import ravdess_manifest


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


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A whole bundle for 500 ms windows that knows three of RAVDESS's emotions."""
    manifest, files = ravdess_manifest()
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny", manifest, files)


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """Write a bundle with some fields of the manifest replaced."""

    def make(folder: str = "bundle", **changes: Any) -> Bundle:
        manifest, files = ravdess_manifest(**changes)
        return write_bundle(tmp_path / folder, manifest, files)

    return make
