"""The confusions of Mitra et al.: what a class is taken for at first, and what comes second.

A class that is missed at first but guessed second was heard, only less than another one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from train.evaluation.heard import Heard, Truth
from train.evaluation.metrics import confusion


@dataclass(frozen=True)
class ClassGuesses:
    """What became of one class.

    Attributes:
        clips: How many are of the class.
        taken_for: The class that it was most often mistaken for at first; None where it never was.
        taken_for_share: Share of its clips that were.
        second: The commonest second guess of its clips.
        second_right: Of the clips whose first guess was wrong, the share whose second guess was right.
    """

    clips: int
    taken_for: str | None
    taken_for_share: float
    second: str | None
    second_right: float | None


@dataclass(frozen=True)
class GuessTable:
    """First and second guesses.

    Attributes:
        labels: Class names.
        first: Counts, rows are the truth, columns the first guess.
        second: The same with the second guess.
        classes: What became of each class.
    """

    labels: tuple[str, ...]
    first: list[list[int]]
    second: list[list[int]]
    classes: dict[str, ClassGuesses]

    def as_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready data."""
        return asdict(self)


def first_and_second(truth: Truth, one: Heard) -> GuessTable:
    """Return the confusions of a system's first and second guesses; equal shares rank by class, as in argmax."""
    order = np.argsort(-one.shares, axis=1, kind="stable")
    count = len(truth.labels)
    first, second = (confusion(truth.truth, order[:, place], count) for place in (0, 1))
    classes = {}
    for index, label in enumerate(truth.labels):
        clips = int(first[index].sum())
        wrong = first[index].copy()
        wrong[index] = 0
        mistaken = (truth.truth == index) & (order[:, 0] != index)
        classes[label] = ClassGuesses(
            clips=clips,
            taken_for=truth.labels[int(wrong.argmax())] if wrong.any() else None,
            taken_for_share=float(wrong.max() / clips) if clips else 0.0,
            second=truth.labels[int(second[index].argmax())] if clips else None,
            second_right=float((order[mistaken, 1] == index).mean()) if mistaken.any() else None,
        )
    return GuessTable(truth.labels, first.tolist(), second.tolist(), classes)
