"""Which teachers there are: what hears a sequence for each clip and gives class shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.parts import Parts, PartSettings

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a teacher is trained on.

    Attributes:
        sequences: float [clips, steps, channels] of a feature (`train/features`), padded.
        steps: int64[clips], how many steps of each are no padding.
        targets: float32[clips, classes], rater distributions, one-hot where there is one label.
        dimensions: float32[clips, 3] of valence, arousal and dominance, NaN for no label; None where a corpus has none.
        learn: bool[clips], what it learns from.
        watch: bool[clips], clips of other speakers that may decide when to stop; may be empty.
        seed: Same seed and data, same teacher.
    """

    sequences: npt.NDArray[Any]
    steps: npt.NDArray[np.int64]
    targets: Floats
    dimensions: Floats | None
    learn: Mask
    watch: Mask
    seed: int


class Trained(Protocol):
    """A trained teacher."""

    def predict(self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None) -> Floats:
        """Return class shares float32[clips, classes] for sequences as in the lesson."""
        ...

    def save(self, path: Path) -> None:
        """Write it to one `.npz` file, without pickle."""
        ...


Train = Callable[[Lesson, Any], Trained]


@dataclass(frozen=True)
class TeacherPart:
    """A way to make a teacher.

    Attributes:
        name: What a recipe says.
        summary: One line.
        settings: The class of its settings.
        train: Trains one.
    """

    name: str
    summary: str
    settings: type[PartSettings]
    train: Train


TEACHERS: Parts[TeacherPart] = Parts("teacher")


def teacher(name: str, *, summary: str, settings: type[PartSettings]) -> Callable[[Train], Train]:
    """Register the decorated function as teacher `name`; the arguments are those of `TeacherPart`."""

    def register(train: Train) -> Train:
        TEACHERS.add(name, TeacherPart(name, summary, settings, train))
        return train

    return register
