"""A plain regression as a system: from one vector a clip to class shares and dimensions, every clip out of fold.

Class shares come from a softmax regression on the targets as they are, votes or one-hot: each clip counts once for
every class with that class's share as its weight, which is the cross-entropy of the shares. Classes weigh alike,
unless it is said that they weigh as they occur.
Dimensions come from a ridge regression.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting
from train.evaluation.heard import CLEAN, Heard, Role, Truth
from train.foundation.probe import fit_logistic, standardised

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

INVERSE_PENALTY = 0.01  # of the softmax regression, as in `train.foundation.probe`
_PENALTY = 100.0  # of the ridge regression: the same strength
_ITERATIONS = 60


def fit_shares(
    features: Floats,
    targets: Floats,
    heard: Rows,
    others: Floats,
    seed: int = 0,
    inverse_penalty: float = INVERSE_PENALTY,
    balanced: bool = True,
) -> Floats:
    """Return float32 [n, classes], the class shares of `others` by a softmax regression on the clips that were heard.

    Args:
        features: float32 [clips, dimensions].
        targets: float32 [clips, classes], shares that sum to 1.
        heard: Which clips are fitted to.
        others: float32 [n, dimensions], what is asked about.
        seed: Of the solver.
        inverse_penalty: scikit-learn's C.
        balanced: Whether classes weigh alike; if not, shares are those that training held.
    """
    rows, classes = np.nonzero(targets[heard] > 0)
    weights = targets[heard][rows, classes].astype(np.float64)
    if balanced:
        mass = np.bincount(classes, weights=weights, minlength=targets.shape[1])
        weights *= (weights.sum() / (mass > 0).sum() / np.maximum(mass, 1e-9))[classes]
    known, asked = standardised(features[heard], others)
    fitted = fit_logistic(
        known[rows], classes, inverse_penalty, _ITERATIONS, tolerance=1e-3, weights=weights, seed=seed
    )
    found = np.zeros((len(others), targets.shape[1]), np.float32)
    found[:, fitted.classes_] = fitted.predict_proba(asked)
    return found


def fit_values(features: Floats, values: Floats, heard: Rows, others: Floats) -> Floats:
    """Return float32 [n, columns], the values of `others` by a ridge regression on the clips that were heard.

    Args:
        features: float32 [clips, dimensions].
        values: float32 [clips, columns], for instance valence, arousal and dominance.
        heard: Which clips are fitted to.
        others: float32 [n, dimensions], what is asked about.
    """
    from sklearn.linear_model import Ridge

    known, asked = standardised(features[heard], others)
    found = Ridge(alpha=_PENALTY).fit(known, values[heard]).predict(asked)
    return np.asarray(found, np.float32).reshape(len(others), values.shape[1])


def out_of_fold_shares(features: Floats, targets: Floats, folds: Integers, seed: int = 0) -> Floats:
    """Return float32 [clips, classes]: every clip by a regression that heard none of its fold; as `fit_shares`."""
    found = np.empty(targets.shape, np.float32)
    for unseen in each_fold(folds):
        found[unseen] = fit_shares(features, targets, ~unseen, features[unseen], seed)
    return found


def out_of_fold_values(features: Floats, values: Floats, folds: Integers) -> Floats:
    """Return float32 [clips, columns]: every clip by a regression that heard none of its fold; as `fit_values`."""
    found = np.empty(values.shape, np.float32)
    for unseen in each_fold(folds):
        found[unseen] = fit_values(features, values, ~unseen, features[unseen])
    return found


def regressions(
    truth: Truth,
    folds: Integers,
    conditions: Mapping[str, Floats],
    system: str,
    role: Role,
    parameters: int = 0,
    multiply_adds: int = 0,
    network: str = "",
    seed: int = 0,
) -> list[Heard]:
    """Return a regression as a system in every condition: fitted in clean speech, each clip out of fold.

    Args:
        truth: The clips.
        folds: int64 [clips], where each is unseen.
        conditions: Condition to float32 [clips, dimensions]; `clean` must be among them.
        system: What it is called.
        role: As in `Heard`.
        parameters: Of what runs below the regression.
        multiply_adds: Of what runs below it, per second.
        network: As in `Heard`.
        seed: Of the solver.

    Raises:
        InvalidSetting: No clean speech to fit to.
    """
    if CLEAN not in conditions:
        raise InvalidSetting(f"{system}: no clean speech", f"give it one of the conditions '{CLEAN}'")
    clean, classes = conditions[CLEAN], len(truth.labels)
    columns = classes + (0 if truth.dimensions is None else truth.dimensions.shape[1])
    found = {name: np.empty((truth.clips, columns), np.float32) for name in conditions}
    for unseen in each_fold(folds):
        asked = np.concatenate([table[unseen] for table in conditions.values()])
        parts = [fit_shares(clean, truth.targets, ~unseen, asked, seed)]
        if truth.dimensions is not None:
            parts.append(fit_values(clean, truth.dimensions, ~unseen, asked))
        answers = np.split(np.concatenate(parts, axis=1), len(conditions))
        for table, answer in zip(found.values(), answers, strict=True):
            table[unseen] = answer
    return [
        Heard(
            system=system,
            condition=condition,
            shares=table[:, :classes],
            dimensions=None if truth.dimensions is None else table[:, classes:],
            folds=folds,
            parameters=parameters + parameters_of(clean.shape[1], columns),
            multiply_adds=multiply_adds,
            role=role,
            network=network,
        )
        for condition, table in found.items()
    ]


def parameters_of(dimensions: int, outputs: int) -> int:
    """Return how many weights a regression has: one an input and a bias, for each output."""
    return (dimensions + 1) * outputs


def each_fold(folds: Integers) -> Iterator[Rows]:
    """Yield, for each fold, which clips are unseen in it: bool [clips]."""
    for fold in np.unique(folds):
        yield folds == fold
