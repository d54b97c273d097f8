"""A bundle and a corpus for Mitra's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle, write_bundle
from tests.support.recordings import write_ravdess
from tests.support.tiny_bundle import ravdess_manifest


@pytest.fixture(scope="module")
def ravdess(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six actors, all emotions, one clip each. Not to be written to."""
    return write_ravdess(tmp_path_factory.mktemp("data") / "ravdess")


@pytest.fixture(scope="module")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A whole bundle for 500 ms windows that knows three of RAVDESS's emotions."""
    manifest, files = ravdess_manifest()
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny", manifest, files)
