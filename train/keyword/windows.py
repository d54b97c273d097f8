"""Training windows of the keyword network: words in silence, in noise and beside emotional speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.base.settings import Settings
from firmware_bridge.microfrontend import InputScaling, MicroFrontend
from firmware_bridge.sound.acoustics import change_speed, to_float, to_pcm16
from train.augment import AugmentSettings, place, vary_features, vary_sound
from train.composed import Composed, ComposedSettings, compose
from train.views import Features, Pcm, Surroundings, compute_features


class KeywordWindowSettings(Settings):
    """What the keyword network hears in training.

    Attributes:
        views: Varied windows per keyword clip.
        negative_share: Windows without a keyword, as a share of those with one.
        beside_speech: Share of all windows that hold emotional speech as well.
    """

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


@dataclass(frozen=True, eq=False)
class KeywordViews:
    """Training windows of the keyword network.

    Attributes:
        features: int8[views, items, frames, channels].
        classes: int64[items], 0 for no keyword.
        centres: int32[views, items], the frame in the middle of the keyword, -1 for none.
    """

    features: Features
    classes: NDArray[np.int64]
    centres: NDArray[np.int32]


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
) -> KeywordViews:
    """Make the training windows.

    Args:
        clips: The sound.
        samples: Window length in samples.
        frontend: The front-end.
        scaling: Features to int8.
        composed: How a word is joined with emotional speech.
        augment: How strongly windows are varied. Its speed changes the word alone, so that the place of the
            word stays known; its offset is not used, since words lie anywhere as it is.
        surroundings: Noises and rooms.
        settings: How many windows of which kind.
        seed: Same seed, same bytes.
    """
    negatives = int(len(clips.words) * settings.negative_share)
    labels = np.concatenate([clips.classes, np.zeros(negatives, np.int64)])
    items = len(labels)
    centres = np.full((settings.views, items), -1, np.int32)
    outside = augment.model_copy(update={"speed": 0.0, "offset_ms": 0})

    def window(index: int) -> Pcm:
        view, item = divmod(index, items)
        rng = np.random.default_rng([seed, view, item, 2])
        word: Pcm | None = clips.words[item] if item < len(clips.words) else None
        if word is None and clips.others and rng.random() < 0.5:
            word = clips.others[int(rng.integers(len(clips.others)))]
        if word is not None:
            word = to_pcm16(change_speed(to_float(word), 1.0 + augment.speed * rng.uniform(-1.0, 1.0)))
        if clips.speech and rng.random() < settings.beside_speech:
            made = compose(clips.speech[int(rng.integers(len(clips.speech)))], word, samples, composed, rng)
        elif word is not None:
            start = int(rng.integers(0, max(1, samples - len(word) + 1)))
            made = Composed(to_pcm16(place(to_float(word), samples, start)), start + len(word) // 2)
        else:
            made = Composed(rng.integers(-30, 31, samples).astype(np.int16), -1)
        if item < len(clips.words):
            centres[view, item] = frontend.spec.frames(made.centre)
        return vary_sound(made.pcm, samples, outside, surroundings.noises, surroundings.rooms, rng)

    def vary(features: Features, index: int) -> Features:
        view, item = divmod(index, items)
        return vary_features(features, augment, np.random.default_rng([seed, view, item, 3]))

    total = settings.views * items
    flat = compute_features(total, window, frontend, scaling, "computing keyword windows", vary)
    return KeywordViews(flat.reshape(settings.views, items, *flat.shape[1:]), labels, centres)
