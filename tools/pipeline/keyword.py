"""The keyword branch: training windows, the network, and how well it knows words of unheard speakers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend import MicroFrontend
from tools.pipeline.closure import code_of
from tools.pipeline.inputs import Inputs
from tools.pipeline.stages import Stages
from train.corpora.record import Clip
from train.keyword.windows import KeywordClips, KeywordViews, keyword_views
from train.weights import load_weights, save_weights


def keyword_class(inputs: Inputs, clips: Sequence[Clip]) -> NDArray[np.int64]:
    """Return the keyword class of each clip, 1 and up (0 is "none")."""
    words = inputs.recipe.composed.words
    return np.array([words.index(clip.label or "") + 1 for clip in clips], np.int64)


def training_windows(inputs: Inputs) -> KeywordViews:
    """Make the keyword network's training windows from training speakers of both corpora."""
    from train.corpora.reading import read_clips

    recipe = inputs.recipe
    clips = inputs.word_split.take("train", inputs.keywords)
    sound = KeywordClips(
        words=read_clips(clips, "reading keywords"),
        classes=keyword_class(inputs, clips),
        others=read_clips(inputs.others, "reading other words") if inputs.others else [],
        speech=read_clips([inputs.clips[row] for row in inputs.rows("train")], "reading emotional speech"),
    )
    return keyword_views(
        sound,
        recipe.window.window_samples,
        MicroFrontend(inputs.frontend),
        inputs.scaling,
        recipe.composed,
        recipe.keyword_augment,
        inputs.surroundings,
        recipe.keyword_windows,
        recipe.seed,
    )


def make_keyword(inputs: Inputs, stages: Stages) -> Path:
    """Stage: the trained keyword network, `weights.npz`, and its calibration windows, `calibration.npy`."""
    from train.keyword import KEYWORD_NETWORKS

    recipe = inputs.recipe
    parts = {
        "corpora": inputs.digests,
        "splits": [inputs.split.hash, inputs.word_split.hash],
        "recipe": recipe.dump(
            "window",
            "frontend",
            "composed",
            "keyword",
            "keyword_windows",
            "keyword_fit",
            "keyword_augment",
            "seed",
        ),
        "calibration": recipe.dump("calibration"),
        "network": code_of(KEYWORD_NETWORKS.find(recipe.keyword.name).build),
    }

    def make(folder: Path) -> None:
        from quantize.convert import choose_windows
        from train.keyword.fit import train_keyword

        views = training_windows(inputs)
        model = train_keyword(
            views,
            len(recipe.composed.classes),
            recipe.keyword,
            recipe.keyword_fit,
            inputs.frontend.step_ms,
            inputs.scaling.real_scale,
            recipe.seed,
        )
        save_weights(folder / "weights.npz", model)
        np.save(folder / "calibration.npy", choose_windows(views.features, recipe.calibration))

    return stages.run("keyword", parts, make)


def keyword_network(inputs: Inputs, keyword: Path, posteriors: bool) -> Any:
    """Return the trained keyword network with a batch of one; on the chip it ends in posteriors."""
    from train.keyword import KEYWORD_NETWORKS

    frames = inputs.frontend.frames(inputs.recipe.window.window_samples)
    shape, classes = (frames, inputs.frontend.channels), len(inputs.recipe.composed.classes)
    network = inputs.recipe.keyword
    build = KEYWORD_NETWORKS.find(network.name).build
    model = build(shape, classes, network, batch=1, posteriors=posteriors)
    return load_weights(keyword / "weights.npz", model)
