"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


def find_data_root() -> Path | None:
    """Return the first folder of real recordings, by the same rule as the program."""
    listed = os.environ.get("UNDERTONE_DATA", "")
    candidates = [Path(p) for p in listed.split(os.pathsep) if p] or [
        ROOT / "data",
        ROOT.parent / "shared" / "data",
    ]
    return next((c for c in candidates if (c / "ravdess").is_dir()), None)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real recordings; tests that need it are skipped where there is none."""
    root = find_data_root()
    if root is None:
        pytest.skip("no real recordings at hand (UNDERTONE_DATA)")
    return root


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20251120)
