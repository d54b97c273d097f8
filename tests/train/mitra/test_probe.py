"""The plain regression: every clip out of fold, votes as weights, noise heard by what clean speech taught."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from tests.support import systems
from train.evaluation.heard import require_same_clips
from train.mitra.filterbank import filterbank_rows, filterbank_rows_of_training, filterbank_statistics
from train.mitra.probe import (
    fit_shares,
    fit_values,
    out_of_fold_shares,
    out_of_fold_values,
    parameters_of,
    regressions,
)

FOLDS = np.arange(80) % 4


@pytest.fixture
def cloud() -> tuple[np.ndarray, np.ndarray]:
    """80 points in two clusters, and their classes one-hot."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 80)
    features = rng.normal(0, 1, (80, 5)) + 3 * classes[:, None]
    return features.astype(np.float32), np.eye(2, dtype=np.float32)[classes]


def test_classes_that_lie_apart_are_told(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    features, targets = cloud
    found = out_of_fold_shares(features, targets, FOLDS)
    assert (found.argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.95
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_fold_is_not_fitted_to_itself(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    features, targets = cloud
    turned = targets.copy()
    turned[FOLDS == 1] = turned[FOLDS == 1][:, ::-1]
    before, after = (out_of_fold_shares(features, one, FOLDS)[FOLDS == 1] for one in (targets, turned))
    np.testing.assert_array_equal(before, after)
    values = out_of_fold_values(features, targets, FOLDS)[FOLDS == 1]
    np.testing.assert_array_equal(values, out_of_fold_values(features, turned, FOLDS)[FOLDS == 1])


def test_votes_that_say_nothing_apart_teach_their_shares() -> None:
    """Inputs that carry nothing, votes of one to three: classes weigh alike, so the answer is one half each."""
    features = np.zeros((40, 3), np.float32)
    targets = np.tile(np.float32([0.25, 0.75]), (40, 1))
    found = fit_shares(features, targets, np.ones(40, bool), features[:2])
    assert found == pytest.approx(0.5, abs=1e-3)


def test_split_votes_equal_split_clips() -> None:
    """A clip with votes of one half each teaches what two clips of weight one half teach."""
    rng = np.random.default_rng(1)
    features = rng.normal(size=(30, 4)).astype(np.float32)
    votes = np.full((30, 2), 0.5, np.float32)
    votes[:10] = [1, 0]
    votes[20:] = [0, 1]
    heard = np.ones(30, bool)
    flipped = fit_shares(features, votes[:, ::-1].copy(), heard, features)
    assert fit_shares(features, votes, heard, features) == pytest.approx(flipped[:, ::-1], abs=2e-2)


def test_a_class_that_training_lacks_has_no_share(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    features, targets = cloud
    wider = np.concatenate([targets, np.zeros((80, 1), np.float32)], axis=1)
    assert fit_shares(features, wider, np.ones(80, bool), features)[:, 2].max() == 0


def test_values_on_a_line() -> None:
    features = np.linspace(-1, 1, 400, dtype=np.float32)[:, None]
    found = fit_values(features, 2 * features, np.ones(400, bool), features[[0, 399]])
    # Ridge by hand: standardised x has a sum of squares of 400, so the slope shrinks by 400 / (400 + 100).
    assert found[:, 0] == pytest.approx([-1.6, 1.6], rel=0.01)


def test_weights_are_counted() -> None:
    assert parameters_of(84, 8) == 680


class TestSystems:
    inputs = np.concatenate([np.eye(3)[list(systems.CLASSES)], np.ones((6, 1))], axis=1).astype(np.float32)
    folds = np.array([0, 0, 0, 1, 1, 1])

    def test_a_regression_is_a_system_in_every_condition(self) -> None:
        known = systems.truth(dimensions=self.inputs[:, :3])
        heard = {"clean": self.inputs, "5 dB": np.roll(self.inputs, 1, axis=1)}
        clean, noisy = regressions(known, self.folds, heard, "net last", "last", 1000, 77, "net")
        require_same_clips(known, [clean, noisy])
        assert clean.shares.argmax(axis=1).tolist() == list(systems.CLASSES)
        assert noisy.shares.argmax(axis=1).tolist() != list(systems.CLASSES)
        assert (clean.parameters, clean.multiply_adds) == (1000 + 5 * 6, 77)
        assert clean.dimensions is not None
        assert clean.dimensions[0, 0] > clean.dimensions[1, 0]

    def test_no_system_without_clean_speech(self) -> None:
        with pytest.raises(InvalidSetting, match="no clean speech"):
            regressions(systems.truth(), self.folds, {"5 dB": self.inputs}, "net", "last")

    def test_the_filterbank_row(self) -> None:
        (row,) = filterbank_rows(systems.truth(), self.folds, {"clean": self.inputs})
        assert (row.role, row.multiply_adds, row.dimensions) == ("filterbank", 0, None)
        assert row.shares.argmax(axis=1).tolist() == list(systems.CLASSES)

    def test_the_filterbank_row_of_other_speakers(self) -> None:
        (row,) = filterbank_rows_of_training(
            self.inputs, systems.truth().targets, {"clean": self.inputs[[2, 0]]}
        )
        assert row.shares.argmax(axis=1).tolist() == [2, 0]
        assert row.folds.tolist() == [0, 0]


def test_statistics_of_sounds() -> None:
    rng = np.random.default_rng(0)
    quiet, loud = (rng.integers(-top, top, 16000).astype(np.int16) for top in (300, 9000))
    found = filterbank_statistics([quiet, loud])
    assert found.shape == (2, 84)
    assert np.isfinite(found).all()
    assert (found[1, :40] > found[0, :40] + 1).all()  # louder in every channel
