"""Weights come back as they went, and nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from train.weights import load_weights, save_weights


def test_weights_come_back_in_their_order(tmp_path: Path) -> None:
    values = [np.full(2, float(index)) for index in range(12)]
    save_weights(tmp_path / "w.npz", SimpleNamespace(get_weights=lambda: values))
    got: list[Any] = []
    load_weights(tmp_path / "w.npz", SimpleNamespace(set_weights=got.extend))
    assert [one[0] for one in got] == list(range(12))


def test_a_pickle_is_no_weight(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w000=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_weights(tmp_path / "w.npz", SimpleNamespace(set_weights=list))
