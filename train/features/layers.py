"""How a feature chooses a foundation model's layer: every layer ranked on training speakers, with a picture."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from train.features.registry import Speech
from train.foundation.model import Layered
from train.foundation.ranking import choose_layer, plot_ranking, rank_layers

Tables = Mapping[str, npt.NDArray[np.float32]]


def ranked(
    model: Layered, tables: Tables, kept: Tables | None, speech: Speech, by: str
) -> tuple[dict[str, Any], bytes]:
    """Return the ranking of all layers, JSON-ready with the chosen one under `chosen`, and a picture of it (PNG).

    Args:
        model: Whose layers they are.
        tables: Layer name to float32 [clips, dimensions], for the probe; of all clips.
        kept: The same for saliency; None takes `tables`.
        speech: Whose training speakers decide.
        by: `probe`, `saliency`, `correlation`, or a layer's name.
    """
    rows = speech.learn
    scores = rank_layers(
        model,
        {name: table[rows] for name, table in tables.items()},
        speech.truth[rows],
        speech.speakers[rows],
        speech.targets[rows],
        kept={name: table[rows] for name, table in kept.items()} if kept else None,
        seed=speech.seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        plot_ranking(scores, Path(folder) / "layers.png")
        picture = (Path(folder) / "layers.png").read_bytes()
    chosen = choose_layer(scores, by)
    return {"chosen": chosen.layer, "layers": [score.as_dict() for score in scores]}, picture
