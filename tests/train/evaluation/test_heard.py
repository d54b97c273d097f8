"""A corpus's truth and what systems made of it: only what fits together and is proved gets through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from tests.support import systems
from train.evaluation.heard import require_same_clips
from train.evaluation.leak import ProofOfFolds, admit_leak, require_disjoint
from train.evaluation.score import score


def test_what_fits_passes() -> None:
    require_same_clips(systems.truth(), [systems.heard(), systems.heard(condition="5 dB")])
    assert systems.truth().clips == 6
    assert systems.truth().warning == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"speakers": ("ann",) * 5}, "speakers do not fit 6 clips of 3 classes"),
        ({"genders": (None,) * 7}, "genders do not fit"),
        ({"targets": np.ones((6, 2), np.float32)}, "targets do not fit"),
        ({"dimensions": np.ones((6, 2), np.float32)}, "dimensions do not fit"),
        ({"truth": np.array([0, 1, 2, 0, 1, 3])}, "outside 0 to 2"),
        ({"truth": np.zeros(0, np.int64)}, "no clips"),
    ],
)
def test_a_truth_in_disorder_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(CorpusInvalid, match=says):
        systems.truth(**changes)


def test_no_truth_without_a_proof() -> None:
    with pytest.raises(SpeakerLeak, match="without a proof"):
        systems.truth(proofs=())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"folds": np.zeros(5, np.int64)}, "different lengths"),
        ({"dimensions": np.zeros((4, 3), np.float32)}, "different lengths"),
        ({"shares": np.full((6, 3), np.nan, np.float32)}, "not finite"),
        ({"dimensions": np.full((6, 3), np.inf, np.float32)}, "not finite"),
        ({"role": "best"}, "one of salient, probed, last"),
    ],
)
def test_a_system_in_disorder_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        systems.heard(**changes)
    assert says in f"{caught.value.what} {caught.value.remedy}"


def test_names_tell_the_condition() -> None:
    assert systems.heard().name == "ears"
    assert systems.heard(condition="5 dB").name == "ears, 5 dB"


def test_two_systems_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidSetting, match="2 systems, 1 names"):
        require_same_clips(systems.truth(), [systems.heard(), systems.heard()])
    with pytest.raises(InvalidSetting, match="0 systems"):
        require_same_clips(systems.truth(), [])


def test_other_clips_are_refused() -> None:
    one = systems.heard("ahs", folds=np.zeros(1, np.int64))
    with pytest.raises(InvalidSetting, match=r"shape \(1, 3\) for targets of \(6, 3\)"):
        require_same_clips(systems.truth(), [one])


def test_a_clip_in_the_fold_that_heard_its_speaker_is_refused() -> None:
    swapped = systems.heard(folds=np.array([1, 0, 0, 1, 1, 1]))
    with pytest.raises(SpeakerLeak, match="the model has heard ann"):
        require_same_clips(systems.truth(), [swapped])


@pytest.mark.parametrize("fold", [-1, 2])
def test_a_fold_without_a_proof_is_refused(fold: int) -> None:
    with pytest.raises(SpeakerLeak, match="a fold without a proof"):
        require_same_clips(systems.truth(), [systems.heard(folds=np.array([0, 0, 0, 1, 1, fold]))])


def test_one_leaking_fold_marks_the_whole() -> None:
    leaking = (require_disjoint(["bob"], ["ann"]), admit_leak(["ann", "bob"], ["bob"]))
    found = systems.truth(proofs=leaking)
    assert found.warning == "LEAKS SPEAKERS"
    assert found.proof.hash != systems.truth().proof.hash


def test_a_single_proof_keeps_its_hash() -> None:
    proof = require_disjoint(["x"], ["ann"])
    assert ProofOfFolds((proof,)).hash == proof.hash


def test_proofs_of_folds_cover_whoever_is_held_out_in_one() -> None:
    found = systems.truth().proof
    found.cover(["ann", "bob"])
    with pytest.raises(SpeakerLeak, match="no fold holds out eve"):
        found.cover(["ann", "eve"])
    with pytest.raises(SpeakerLeak):
        ProofOfFolds(()).cover(["ann"])


def test_a_scorecard_over_folds() -> None:
    known, one = systems.truth(), systems.heard()
    card = score(known.truth, one.shares, known.speakers, known.labels, known.proof, resamples=20)
    assert card.per_speaker == pytest.approx({"ann": 1.0, "bob": 1 / 3})
    assert card.proof == known.proof.hash
