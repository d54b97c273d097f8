"""Which augmentations there are: how training windows are varied, as sound and as features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.parts import Parts, PartSettings
from firmware_bridge.sound.acoustics import Signal

Pcm = NDArray[np.int16]
VarySound = Callable[[Pcm, int, Any, Sequence[Signal], Sequence[Signal], np.random.Generator], Pcm]
VaryFeatures = Callable[[NDArray[np.int8], Any, np.random.Generator], NDArray[np.int8]]


@dataclass(frozen=True)
class Augment:
    """An augmentation.

    Attributes:
        name: What a recipe says.
        summary: One line.
        settings: The class of its settings.
        sound: From a clip int16[n], samples of a window, settings, noises, rooms and a generator to a window
            int16[samples].
        features: From int8[frames, channels], settings and a generator to the same shape.
    """

    name: str
    summary: str
    settings: type[PartSettings]
    sound: VarySound
    features: VaryFeatures


AUGMENTS: Parts[Augment] = Parts("augmentation")
