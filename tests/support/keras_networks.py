"""Networks whose weights all count: an untrained one would hide a layer that is left out."""

from __future__ import annotations

from typing import Any

import numpy as np

STEP = 7.0 / 255.0


def spread_weights(model: Any, seed: int) -> Any:
    """Give every weight, running mean and variance a value of its own, so that nothing cancels by chance."""
    dice = np.random.default_rng(seed)
    for layer in model.layers:
        values = layer.get_weights()
        if "norm" in layer.name and len(values) == 4:
            size = values[0].shape
            values = [dice.uniform(0.7, 1.3, size), dice.normal(0, 0.3, size)]
            values += [dice.normal(0, 0.1, size), dice.uniform(0.5, 1.5, size)]
            layer.set_weights([value.astype(np.float32) for value in values])
    return model
