"""Which features there are: what a teacher hears of every clip, as a sequence of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.parts import Parts, PartSettings

Pcm = npt.NDArray[np.int16]
Arrays = dict[str, npt.NDArray[Any]]
Remember = Callable[[str, Callable[[], Arrays]], Arrays]


def compute_again(name: str, make: Callable[[], Arrays]) -> Arrays:
    """Return what `make` gives: nothing is kept."""
    return make()


@dataclass(frozen=True, eq=False)
class Speech:
    """What features are computed of.

    Attributes:
        pcm: int16[samples of the clip] at 16 kHz each.
        window_samples: Samples of the device's window, for features that hear whole windows.
        truth: int64[clips], class of each.
        targets: float32[clips, classes], rater distributions.
        speakers: Speaker of each.
        learn: int64 rows of the training speakers: a layer is chosen by them alone.
        seed: Same seed and clips, same values.
        remember: Keeps what rests on the sound alone, by a name that says what it is: folds of the same clips share it.
    """

    pcm: Sequence[Pcm]
    window_samples: int
    truth: npt.NDArray[np.int64]
    targets: npt.NDArray[np.float32]
    speakers: npt.NDArray[np.str_]
    learn: npt.NDArray[np.int64]
    seed: int
    remember: Remember = compute_again


@dataclass(frozen=True, eq=False)
class FeatureSequences:
    """What a feature gives.

    Attributes:
        sequences: float [clips, steps, channels], padded with zeros.
        steps: int64[clips], how many steps of each clip are no padding.
        layers: How a foundation model's layers were ranked, and the `chosen` one (JSON-ready); empty where none were.
        picture: The same as a PNG file; empty where there is none.
    """

    sequences: npt.NDArray[Any]
    steps: npt.NDArray[np.int64]
    layers: Mapping[str, Any] = field(default_factory=dict)
    picture: bytes = b""


Hear = Callable[[Speech, Any], FeatureSequences]


def nothing_lacks(settings: Any) -> str:
    """Return what a feature lacks here: nothing."""
    return ""


def fixed(settings: Any) -> str:
    """Return what decides the values beside code, settings and speech: nothing."""
    return ""


def no_network(settings: Any) -> tuple[str, str] | None:
    """Return name and licence of the network whose values a feature gives: none."""
    return None


@dataclass(frozen=True)
class FeaturePart:
    """A feature.

    Attributes:
        name: What a recipe says.
        summary: One line.
        settings: The class of its settings.
        hear: Computes it.
        lacks: Says what it needs and this machine does not have, in a sentence; empty where it can be computed.
        digest: SHA-256 of what decides the values beside code, settings and speech: a network's weights.
        network: Name and licence of the network whose values these are; the licence travels with what was learnt.
    """

    name: str
    summary: str
    settings: type[PartSettings]
    hear: Hear
    lacks: Callable[[Any], str] = nothing_lacks
    digest: Callable[[Any], str] = fixed
    network: Callable[[Any], tuple[str, str] | None] = no_network


FEATURES: Parts[FeaturePart] = Parts("feature")


def feature(
    name: str,
    *,
    summary: str,
    settings: type[PartSettings],
    lacks: Callable[[Any], str] = nothing_lacks,
    digest: Callable[[Any], str] = fixed,
    network: Callable[[Any], tuple[str, str] | None] = no_network,
) -> Callable[[Hear], Hear]:
    """Register the decorated function as feature `name`; the arguments are those of `FeaturePart`."""

    def register(hear: Hear) -> Hear:
        FEATURES.add(name, FeaturePart(name, summary, settings, hear, lacks, digest, network))
        return hear

    return register


def averaged(sequence: npt.NDArray[Any], steps: int) -> npt.NDArray[Any]:
    """Return [steps, channels] with so many steps averaged into one; what is left of the last group is dropped.

    A sequence shorter than a group gives one step.
    """
    count = max(1, len(sequence) // steps)
    return np.asarray(sequence[: count * steps].reshape(count, -1, sequence.shape[1]).mean(1))


def padded(sequences: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return sequences [steps, channels] padded with zeros to the longest, and the steps of each."""
    steps = np.array([len(one) for one in sequences], np.int64)
    table = np.zeros((len(sequences), int(steps.max()), sequences[0].shape[1]), sequences[0].dtype)
    for row, one in zip(table, sequences, strict=True):
        row[: len(one)] = one
    return table, steps
