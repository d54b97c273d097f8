"""A network's weights as a file: arrays in their order, without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def save_weights(path: Path, model: Any) -> None:
    """Write a network's weights as `.npz`, without pickle."""
    np.savez(path, **{f"w{index:03d}": value for index, value in enumerate(model.get_weights())})


def load_weights(path: Path, model: Any) -> Any:
    """Give a freshly built network the weights of `save_weights`; return it."""
    with np.load(path, allow_pickle=False) as stored:
        model.set_weights([stored[name] for name in sorted(stored.files)])
    return model
