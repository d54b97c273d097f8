"""Clips to int8 feature windows: one clean view of each clip, and several varied ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import track
from firmware_bridge.microfrontend import InputScaling, MicroFrontend
from firmware_bridge.sound.acoustics import Signal
from train.augment import AUGMENTS

Pcm = NDArray[np.int16]
Features = NDArray[np.int8]
BLOCK = 64


@dataclass(frozen=True)
class Surroundings:
    """What speech is mixed with: noise recordings and room impulse responses, float32."""

    noises: tuple[Signal, ...] = ()
    rooms: tuple[Signal, ...] = ()


def compute_features(
    count: int,
    make_window: Callable[[int], Pcm],
    frontend: MicroFrontend,
    scaling: InputScaling,
    title: str,
    vary: Callable[[Features, int], Features] | None = None,
) -> Features:
    """Compute the int8 features of many windows, block by block, so that sound is never held as a whole.

    Args:
        count: How many windows.
        make_window: Index to int16[window_samples]; called from several threads.
        frontend: PCM to uint16[frames, channels].
        scaling: Features to int8.
        title: What the progress bar says.
        vary: Changes int8[frames, channels] of an index, for augmentation.

    Returns:
        int8[count, frames, channels].
    """
    result: Features | None = None
    threads = usable_cores()
    with ThreadPoolExecutor(threads) as pool:
        for start in track(range(0, count, BLOCK), title):
            block = range(start, min(start + BLOCK, count))
            windows = list(pool.map(make_window, block))
            scaled = scaling.apply(np.stack(frontend.process_batch(windows, threads=threads)))
            if vary is not None:
                scaled = np.stack([vary(one, index) for one, index in zip(scaled, block, strict=True)])
            if result is None:
                result = np.empty((count, *scaled.shape[1:]), np.int8)
            result[start : start + len(block)] = scaled
    if result is None:
        raise ValueError("no windows to compute features of")
    return result


def clip_views(
    clips: Sequence[Pcm],
    samples: int,
    frontend: MicroFrontend,
    scaling: InputScaling,
    augment: PartSettings,
    surroundings: Surroundings,
    views: int,
    seed: int,
) -> Features:
    """Return the clean view and `views` varied views of each clip.

    Args:
        clips: int16[samples of the clip] each.
        samples: Window length in samples; longer clips are cut.
        frontend: The front-end.
        scaling: Features to int8.
        augment: How the views vary: settings of an augmentation (`train/augment`).
        surroundings: Noises and rooms.
        views: How many varied views.
        seed: Same seed, same bytes.

    Returns:
        int8[1 + views, clips, frames, channels]; index 0 is the clean view.
    """
    total = len(clips) * (1 + views)
    part = AUGMENTS.find(augment.name)

    def window(index: int) -> Pcm:
        view, clip = divmod(index, len(clips))
        if view == 0:
            padded = np.zeros(samples, np.int16)
            padded[: min(samples, len(clips[clip]))] = clips[clip][:samples]
            return padded
        rng = np.random.default_rng([seed, view, clip, 0])
        return part.sound(clips[clip], samples, augment, surroundings.noises, surroundings.rooms, rng)

    def vary(features: Features, index: int) -> Features:
        view, clip = divmod(index, len(clips))
        if view == 0:
            return features
        return part.features(features, augment, np.random.default_rng([seed, view, clip, 1]))

    flat = compute_features(total, window, frontend, scaling, "computing feature views", vary)
    return flat.reshape(1 + views, len(clips), *flat.shape[1:])
