"""Training windows of the keyword network: words in silence, in noise and beside emotional speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from firmware_bridge.microfrontend import InputScaling, MicroFrontend
from train.augment import AugmentSettings, vary_features, vary_sound
from train.composed import ComposedSettings, compose
from train.views import Features, Pcm, Surroundings, compute_features


class KeywordWindowSettings(BaseModel):
    """What the keyword network hears in training.

    Attributes:
        views: Varied windows per keyword clip.
        negative_share: Windows without a keyword, as a share of those with one.
        beside_speech: Share of all windows that hold emotional speech as well.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    views: int = Field(default=6, ge=1, le=50)
    negative_share: float = Field(default=0.5, ge=0, le=4)
    beside_speech: float = Field(default=0.6, ge=0, le=1)


@dataclass(frozen=True)
class KeywordClips:
    """Sound for the keyword windows, all of training speakers.

    Attributes:
        words: int16 clips of the keywords.
        classes: int64[words], their classes, 1 and up.
        others: int16 clips of other words.
        speech: int16 emotional clips.
    """

    words: Sequence[Pcm]
    classes: NDArray[np.int64]
    others: Sequence[Pcm]
    speech: Sequence[Pcm]


def keyword_views(
    clips: KeywordClips,
    samples: int,
    frontend: MicroFrontend,
    scaling: InputScaling,
    composed: ComposedSettings,
    augment: AugmentSettings,
    surroundings: Surroundings,
    settings: KeywordWindowSettings,
    seed: int,
) -> tuple[Features, NDArray[np.int64]]:
    """Make the training windows.

    Args:
        clips: The sound.
        samples: Window length in samples.
        frontend: The front-end.
        scaling: Features to int8.
        composed: How a word is joined with emotional speech.
        augment: How strongly windows are varied.
        surroundings: Noises and rooms.
        settings: How many windows of which kind.
        seed: Same seed, same bytes.

    Returns:
        int8[views, items, frames, channels] and the class int64[items] of each item, 0 for no keyword.
    """
    negatives = int(len(clips.words) * settings.negative_share)
    labels = np.concatenate([clips.classes, np.zeros(negatives, np.int64)])
    items = len(labels)

    def window(index: int) -> Pcm:
        view, item = divmod(index, items)
        rng = np.random.default_rng([seed, view, item, 2])
        beside = bool(clips.speech) and rng.random() < settings.beside_speech
        word: Pcm | None = clips.words[item] if item < len(clips.words) else None
        if word is None and clips.others and rng.random() < 0.5:
            word = clips.others[int(rng.integers(len(clips.others)))]
        if beside:
            speech = clips.speech[int(rng.integers(len(clips.speech)))]
            joined = compose(speech, word, samples, composed, rng)
        elif word is not None:
            joined = np.zeros(samples, np.int16)
            start = int(rng.integers(0, samples - min(samples, len(word)) + 1))
            joined[start : start + len(word)] = word[: samples - start]
        else:
            joined = rng.integers(-30, 31, samples).astype(np.int16)
        return vary_sound(joined, samples, augment, surroundings.noises, surroundings.rooms, rng)

    def vary(features: Features, index: int) -> Features:
        view, item = divmod(index, items)
        return vary_features(features, augment, np.random.default_rng([seed, view, item, 3]))

    total = settings.views * items
    flat = compute_features(total, window, frontend, scaling, "computing keyword windows", vary)
    return flat.reshape(settings.views, items, *flat.shape[1:]), labels
