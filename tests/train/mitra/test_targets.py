"""Votes against consensus, on six clips by hand and on a corpus in which votes must win."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from tests.support import systems
from train.evaluation.heard import Truth
from train.evaluation.leak import require_disjoint
from train.mitra.targets import compare_targets, targets_for, train_on

VOTES = np.array([[0.8, 0.2, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.4, 0], [0.5, 0.5, 0], [0, 0, 1]], np.float32)


def rated() -> Truth:
    return systems.truth(targets=VOTES, raters=True)


def test_targets() -> None:
    assert targets_for(rated(), "votes") is VOTES or np.array_equal(targets_for(rated(), "votes"), VOTES)
    assert targets_for(rated(), "consensus").tolist() == np.eye(3)[list(systems.CLASSES)].tolist()


def test_who_knows_the_votes_against_who_knows_the_consensus() -> None:
    votes = systems.heard(shares=VOTES, system="votes")
    consensus = systems.heard(shares=np.eye(3, dtype=np.float32)[list(systems.CLASSES)], system="consensus")
    found = compare_targets(rated(), votes, consensus, "nothing", resamples=50)
    assert found.split_clips == 3
    # Clip 5 is split evenly and its label is happy: argmax of the votes says angry. Happy 1 of 2.
    assert found.scores["votes"].card.uar.value == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert found.scores["consensus"].card.uar.value == pytest.approx(1.0)
    assert found.uar.difference.value == pytest.approx(-1 / 6)
    assert found.scores["votes"].share_ccc.value == pytest.approx(1.0)
    assert found.share_ccc.value > 0
    assert found.scores["votes"].divergence.value == pytest.approx(0.0, abs=1e-3)
    # Consensus: .8 ln .8 + .2 ln(.2 / .0001) and so on for three clips, over six.
    parts = [p * np.log(p) + (1 - p) * np.log(1e4 * (1 - p)) for p in (0.8, 0.6, 0.5)]
    assert found.scores["consensus"].divergence.value == pytest.approx(sum(parts) / 6, rel=1e-3)
    assert found.divergence.value == pytest.approx(-sum(parts) / 6, rel=1e-2)
    json.dumps(found.as_dict(), allow_nan=False)


def test_without_raters_there_is_nothing_to_compare() -> None:
    with pytest.raises(CorpusInvalid, match="no raters' votes"):
        compare_targets(systems.truth(), systems.heard(), systems.heard(system="b"), "nothing")


def test_speakers_must_be_unheard() -> None:
    swapped = systems.heard(folds=np.array([1, 1, 1, 0, 0, 0]))
    with pytest.raises(SpeakerLeak):
        compare_targets(rated(), swapped, systems.heard(system="b"), "nothing")


def test_training_on_votes_recovers_them_better() -> None:
    """The input is the raters' leaning itself: who is taught the label alone must exaggerate it."""
    rng = np.random.default_rng(0)
    leaning = rng.uniform(0, 1, 240)
    counts = rng.binomial(9, leaning)
    targets = np.stack([counts / 9, 1 - counts / 9], axis=1).astype(np.float32)
    people = [f"p{number % 8}" for number in range(240)]
    folds = np.arange(240) % 8 % 4
    known = Truth(
        corpus="leanings",
        speech="synthetic",
        labels=("one", "other"),
        truth=(targets[:, 1] > 0.5).astype(np.int64),
        targets=targets,
        dimensions=None,
        speakers=tuple(people),
        genders=(None,) * 240,
        proofs=tuple(
            require_disjoint(
                [p for p in people if int(p[1]) % 4 != fold], [p for p in people if int(p[1]) % 4 == fold]
            )
            for fold in range(4)
        ),
        raters=True,
    )
    inputs = np.repeat(leaning[:, None], 8, axis=1).astype(np.float32)
    votes, consensus = (train_on(known, folds, inputs, kind) for kind in ("votes", "consensus"))
    found = compare_targets(known, votes, consensus, "their leaning", resamples=200)
    assert found.divergence.high < 0
    assert found.inputs == "their leaning"
    assert found.speech == "synthetic"


def test_two_folds_are_too_few_to_choose_in() -> None:
    with pytest.raises(InvalidSetting, match="2 folds"):
        train_on(rated(), systems.heard().folds, np.zeros((6, 2), np.float32), "votes")
