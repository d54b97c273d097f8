"""The comparison row that is always there: log filterbank and pitch (MFBF0), with nothing below it but a regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.progress import track
from train.evaluation.heard import Heard, Truth
from train.features.filterbank_pitch import FilterbankSettings, filterbank_pitch
from train.mitra.probe import Floats, fit_shares, parameters_of, regressions

NAME = "filterbank and pitch, regression"


def filterbank_statistics(sounds: Sequence[npt.NDArray[np.int16]]) -> Floats:
    """Return mean and deviation over time of log filterbank, pitch and voicing: float32 [clips, 84].

    Args:
        sounds: int16 [samples] at 16 kHz each.
    """
    settings = FilterbankSettings()
    tables = [filterbank_pitch(pcm, settings) for pcm in track(sounds, "filterbank and pitch", len(sounds))]
    return np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in tables])


def filterbank_rows(
    truth: Truth, folds: npt.NDArray[np.int64], conditions: Mapping[str, Floats], seed: int = 0
) -> list[Heard]:
    """Return the row of a corpus in every condition, each clip out of fold.

    What the front-end computes before the regression has no weights, and its work is not counted.

    Args:
        truth: The clips.
        folds: int64 [clips], where each is unseen.
        conditions: Condition to what `filterbank_statistics` returned; `clean` must be among them.
        seed: Of the regression.
    """
    return regressions(truth, folds, conditions, NAME, "filterbank", seed=seed)


def filterbank_rows_of_training(
    statistics: Floats, targets: Floats, conditions: Mapping[str, Floats], seed: int = 0
) -> list[Heard]:
    """Return the row in every condition by one regression on clips of other speakers.

    Args:
        statistics: float32 [clips, 84] of the clips of training.
        targets: float32 [clips, classes], their class shares.
        conditions: Condition to float32 [n, 84] of the clips that are scored.
        seed: Of the regression.
    """
    everything = np.ones(len(statistics), bool)
    return [
        Heard(
            system=NAME,
            condition=condition,
            shares=fit_shares(statistics, targets, everything, scored, seed),
            dimensions=None,
            folds=np.zeros(len(scored), np.int64),
            parameters=parameters_of(statistics.shape[1], targets.shape[1]),
            multiply_adds=0,
            role="filterbank",
        )
        for condition, scored in conditions.items()
    ]
