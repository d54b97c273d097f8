"""Training of the keyword network: first on short crops around the word, then on whole windows.

A word fills a fifth of a window. Crops are four times cheaper and say where to look; the whole windows
afterwards teach the network how loud the loudest evidence is where there is no word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.settings import Settings
from train.keyword.registry import KEYWORD_NETWORKS
from train.keyword.windows import KeywordViews
from train.student.fit import FitSettings, fit


class KeywordFitSettings(Settings):
    """How the keyword network is trained.

    Attributes:
        crop_ms: Length of the crops.
        jitter_ms: Largest distance of the word's middle from the crop's.
        crops: Training on crops.
        windows: Training on whole windows.
    """

    crop_ms: int = Field(default=1280, ge=320)
    jitter_ms: int = Field(default=160, ge=0)
    crops: FitSettings = FitSettings(epochs=100, least_steps=1400, rate=6e-3, smoothing=0.05)
    windows: FitSettings = FitSettings(epochs=6, least_steps=80, rate=2e-3, smoothing=0.05, average_from=0.2)


def crop_around(
    centres: NDArray[np.int32],
    length: int,
    jitter: int,
) -> Any:
    """Return a `take` for `fit` that cuts crops around the keywords, or anywhere where there is none.

    Args:
        centres: int32[views, items], middle of the keyword in frames, -1 for none.
        length: Frames of a crop.
        jitter: Largest distance of the word's middle from the crop's, in frames.
    """

    def take(
        views: NDArray[Any], chosen: NDArray[np.int64], items: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[Any]:
        last = views.shape[2] - length
        anywhere = rng.integers(0, last + 1, len(items))
        middle = centres[chosen, items] - length // 2 + rng.integers(-jitter, jitter + 1, len(items))
        starts = np.where(centres[chosen, items] >= 0, np.clip(middle, 0, last), anywhere)
        cut = [views[v, i, s : s + length] for v, i, s in zip(chosen, items, starts, strict=True)]
        return np.stack(cut)

    return take


def train_keyword(
    views: KeywordViews,
    classes: int,
    network: PartSettings,
    settings: KeywordFitSettings,
    step_ms: int,
    input_scale: float,
    seed: int,
) -> Any:
    """Train a keyword network.

    Args:
        views: The training windows.
        classes: Number of keyword classes, "no keyword" among them.
        network: Settings of a keyword network (`train/keyword`).
        settings: How to train.
        step_ms: Distance of two frames.
        input_scale: Real value of one feature step.
        seed: Same seed and data, same weights.

    Returns:
        A `keras.Model` from float32 [batch, frames, channels, 1] to logits.
    """
    frames, channels = views.features.shape[2:]
    build = KEYWORD_NETWORKS.find(network.name).build
    targets = np.eye(classes, dtype=np.float32)[views.classes]
    length = min(frames, settings.crop_ms // step_ms)
    cropped = fit(
        lambda: build((length, channels), classes, network),
        views.features,
        targets,
        settings.crops,
        seed,
        input_scale,
        "keyword network, crops",
        take=crop_around(views.centres, length, settings.jitter_ms // step_ms),
    )

    def build_whole() -> Any:
        whole = build((frames, channels), classes, network)
        whole.set_weights(cropped.get_weights())
        return whole

    title = "keyword network, windows"
    return fit(build_whole, views.features, targets, settings.windows, seed, input_scale, title)
