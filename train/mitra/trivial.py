"""What scores without hearing anything: the class frequencies and mean ratings of the clips that training heard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from train.evaluation.heard import CLEAN, Heard, Truth

TRIVIAL = "class frequencies, no sound"


def trivial(
    truth: Truth, folds: npt.NDArray[np.int64], train_counts: npt.NDArray[np.int64] | None = None
) -> Heard:
    """Return the system that says the same of every clip of a fold.

    Args:
        truth: The clips.
        folds: int64 [clips], where each is unseen; frequencies are those of the other folds.
        train_counts: int64 [classes], clips of each class that training heard, where all clips are of one fold.
            Without it the frequencies of the scored clips are taken, which can only flatter.
    """
    shares = np.empty(truth.targets.shape, np.float32)
    dimensions = None if truth.dimensions is None else np.empty(truth.dimensions.shape, np.float32)
    for fold in np.unique(folds):
        unseen = folds == fold
        heard = ~unseen if not unseen.all() else unseen
        counts = truth.targets[heard].sum(axis=0, dtype=np.float64)
        if unseen.all() and train_counts is not None:
            counts = train_counts.astype(np.float64)
        shares[unseen] = counts / counts.sum()
        if dimensions is not None and truth.dimensions is not None:
            dimensions[unseen] = truth.dimensions[heard].mean(axis=0, dtype=np.float64)
    return Heard(TRIVIAL, CLEAN, shares, dimensions, folds, 0, 0, "other")
