"""A plain logistic regression on what a sequence holds on average: the teacher that costs seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.parts import PartSettings
from train.foundation.encoder import mean_and_deviation
from train.foundation.probe import fit_logistic
from train.teacher.registry import Floats, Lesson, teacher

_LEAST_DEVIATION = 1e-3  # a value that hardly moves must not be blown up


class RegressionSettings(PartSettings):
    """Settings of the regression.

    Attributes:
        name: Which teacher it is.
        inverse_penalty: scikit-learn's C; small, as values outnumber clips.
        iterations: Most steps of the solver.
    """

    name: Literal["regression"] = "regression"
    inverse_penalty: float = Field(default=0.003, gt=0)
    iterations: int = Field(default=300, ge=1)


@dataclass(frozen=True, eq=False)
class Regression:
    """A trained regression.

    Attributes:
        mean: float32[values], subtracted from what `averages` gives.
        deviation: float32[values], by which it is then divided.
        weights: float32[values, classes].
        bias: float32[classes]; minus infinity for a class that no clip had.
    """

    mean: Floats
    deviation: Floats
    weights: Floats
    bias: Floats

    def predict(self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None) -> Floats:
        """Return class shares float32[clips, classes]."""
        from scipy.special import softmax

        logits = (averages(sequences, steps) - self.mean) / self.deviation @ self.weights + self.bias
        return np.asarray(softmax(logits, axis=1), np.float32)

    def save(self, path: Path) -> None:
        """Write it to one `.npz` file, without pickle."""
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, mean=self.mean, deviation=self.deviation, weights=self.weights, bias=self.bias)


def averages(sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return the mean over the real steps, and beside it the deviation where there is more than one.

    Args:
        sequences: float [clips, steps, channels].
        steps: int64[clips], steps that are no padding; None for all.

    Returns:
        float32[clips, channels], or [clips, 2 * channels] for sequences of several steps.
    """
    clips, longest, channels = sequences.shape
    if longest == 1:
        return sequences[:, 0].astype(np.float32)
    known = np.full(clips, longest) if steps is None else np.maximum(steps, 1)
    found = np.empty((clips, 2 * channels), np.float32)
    for row, sequence, count in zip(found, sequences, known, strict=True):
        row[:] = mean_and_deviation(sequence[:count])
    return found


@teacher("regression", summary="logistic regression on averages over time", settings=RegressionSettings)
def train_regression(lesson: Lesson, settings: RegressionSettings) -> Regression:
    """Return a regression fitted to the raters' distributions: each clip counts for a class by its share.

    Classes weigh alike, whatever their numbers. Nothing is stopped early, so that watched clips are not looked at.

    Raises:
        InvalidSetting: Fewer than two classes to learn from.
    """
    values = averages(lesson.sequences, lesson.steps)[lesson.learn]
    shares = lesson.targets[lesson.learn]
    clips, classes = np.nonzero(shares)
    known = np.unique(classes)
    if len(known) < 2:
        raise InvalidSetting("a teacher of fewer than two classes", "train it on a corpus with several")
    mean, deviation = values.mean(0), np.maximum(values.std(0), _LEAST_DEVIATION)
    fitted = fit_logistic(
        ((values - mean) / deviation)[clips],
        classes,
        settings.inverse_penalty,
        settings.iterations,
        weights=shares[clips, classes],
        balanced=True,
        seed=lesson.seed,
    )
    weights = np.zeros((values.shape[1], shares.shape[1]), np.float32)
    bias = np.full(shares.shape[1], -np.inf, np.float32)
    if len(known) == 2:  # scikit-learn keeps one row for two classes
        weights[:, known[1]], bias[known] = fitted.coef_[0], (0.0, fitted.intercept_[0])
    else:
        weights[:, known], bias[known] = fitted.coef_.T, fitted.intercept_
    return Regression(mean, deviation.astype(np.float32), weights, bias)
