"""How much a linear probe can tell from one layer, on speakers that it was not fitted on."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import SpeakerLeak
from train.evaluation.metrics import confusion, uar

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

FOLDS = 4
_INVERSE_PENALTY = 0.01  # sklearn's C; strong, as dimensions outnumber clips
_ITERATIONS = 60


def speaker_folds(speakers: npt.NDArray[np.str_], folds: int = FOLDS, seed: int = 0) -> Integers:
    """Return the fold of every clip; all clips of a speaker share one.

    Args:
        speakers: Who speaks in each clip.
        folds: How many folds are wanted; fewer come out where there are fewer speakers.
        seed: Decides who shares a fold.

    Raises:
        SpeakerLeak: There is one speaker only, so nobody is left to test on.
    """
    names, whose = np.unique(speakers, return_inverse=True)
    if len(names) < 2:
        raise SpeakerLeak(
            "a probe needs at least 2 speakers, one of them unheard in training",
            "add clips of another speaker",
        )
    dealt = np.random.default_rng(seed).permutation(len(names)) % min(folds, len(names))
    return np.asarray(dealt[whose], np.int64)


def probe_uar(pooled: Floats, labels: Integers, fold: Integers, seed: int = 0) -> float:
    """Return the unweighted average recall of a logistic regression, over all folds together.

    Every clip is scored once, by a probe that heard none of its fold's speakers. Features are
    standardised with the fitting clips' mean and deviation.

    Args:
        pooled: float32 [clips, dimensions].
        labels: Class of each clip.
        fold: Fold of each clip, as `speaker_folds` returns it.
        seed: Seed of the solver.

    Returns:
        A share between 0 and 1; the mean recall over the classes that occur.
    """
    guesses = np.empty(len(labels), np.int64)
    for left_out in np.unique(fold):
        test = fold == left_out
        known, asked = standardised(pooled[~test], pooled[test])
        probe = fit_logistic(
            known, labels[~test], _INVERSE_PENALTY, _ITERATIONS, tolerance=1e-3, balanced=True, seed=seed
        )
        guesses[test] = probe.predict(asked)
    return float(uar(confusion(labels, guesses, int(labels.max()) + 1)))


def standardised(known: Floats, asked: Floats) -> tuple[Floats, Floats]:
    """Return both with the mean and deviation of the first taken out, float32 [clips, dimensions] each."""
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-3
    return (known - mean) / deviation, (asked - mean) / deviation


def fit_logistic(
    values: Floats,
    labels: Integers,
    inverse_penalty: float,
    iterations: int,
    *,
    tolerance: float = 1e-4,
    weights: npt.NDArray[Any] | None = None,
    balanced: bool = False,
    seed: int = 0,
) -> Any:
    """Return a fitted scikit-learn `LogisticRegression`; that it stops early is part of it, and not told.

    Args:
        values: float32 [rows, dimensions], standardised.
        labels: int64 [rows].
        inverse_penalty: scikit-learn's C.
        iterations: Most steps of the solver: the last digits of the weights do not change a ranking.
        tolerance: At which it stops.
        weights: float [rows], how much each row counts; None for alike.
        balanced: Whether classes weigh alike, whatever their numbers of rows.
        seed: Of the solver.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(
        C=inverse_penalty,
        class_weight="balanced" if balanced else None,
        max_iter=iterations,
        tol=tolerance,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fitted.fit(values, labels, sample_weight=weights)
