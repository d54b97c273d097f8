"""Two speakers, two folds, six clips: a corpus small enough to work every table out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from train.evaluation.heard import CLEAN, Heard, Truth
from train.evaluation.leak import require_disjoint

LABELS = ("angry", "happy", "sad")
CLASSES = (0, 1, 2, 0, 1, 2)
SPEAKERS = ("ann", "ann", "ann", "bob", "bob", "bob")


def truth(**changes: Any) -> Truth:
    """Ann and Bob, each angry, happy and sad once; whoever is scored, the other was heard."""
    one = Truth(
        corpus="six clips",
        speech="synthetic",
        labels=LABELS,
        truth=np.array(CLASSES),
        targets=np.eye(3, dtype=np.float32)[list(CLASSES)],
        dimensions=None,
        speakers=SPEAKERS,
        genders=("female",) * 3 + ("male",) * 3,
        proofs=(require_disjoint(["bob"], ["ann"]), require_disjoint(["ann"], ["bob"])),
    )
    return replace(one, **changes)


def shares(guesses: str) -> np.ndarray:
    """One row a clip: `ahs` is one whose first guess is angry, second happy, third sad; shares .6, .3, .1."""
    table = np.zeros((len(guesses.split()), 3), np.float32)
    for row, order in enumerate(guesses.split()):
        for letter, share in zip(order, (0.6, 0.3, 0.1), strict=True):
            table[row, "ahs".index(letter)] = share
    return table


def heard(guesses: str = "ahs hsa sha ahs sha ahs", **changes: Any) -> Heard:
    """A system whose guesses are written out; as it stands, all of Ann's clips and the first of Bob's are right."""
    given: dict[str, Any] = {
        "system": "ears",
        "condition": CLEAN,
        "shares": shares(guesses),
        "dimensions": None,
        "folds": np.array([0, 0, 0, 1, 1, 1]),
        "parameters": 1000,
        "multiply_adds": 50_000,
        "role": "other",
    }
    return Heard(**given | changes)
