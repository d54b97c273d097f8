"""The scorecard against cases worked out by hand, and what it never says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import SpeakerLeak
from train.evaluation.leak import AdmittedLeak, require_disjoint
from train.evaluation.score import GUESSES, PA_UAR_PERCENT, Scorecard, score

LABELS = ("angry", "happy", "sad")
TRUTH = np.array([0, 0, 0, 0, 1, 1, 2, 2])
SAID = np.array([0, 0, 0, 1, 1, 0, 2, 2])
SPEAKERS = ("a", "a", "b", "b", "a", "b", "a", "b")
PROOF = require_disjoint(["x", "y"], ["a", "b"])


def table(said: np.ndarray = SAID, classes: int = 3) -> np.ndarray:
    """Scores whose best class is the one said."""
    scores = np.zeros((len(said), classes))
    scores[np.arange(len(said)), said] = 1
    return scores


def card(scores: np.ndarray | None = None, **changes: Any) -> Scorecard:
    given = {
        "truth": TRUTH,
        "speakers": SPEAKERS,
        "labels": LABELS,
        "proof": PROOF,
        "resamples": 200,
    } | changes
    return score(scores=table() if scores is None else scores, **given)


class TestByHand:
    def test_counts(self) -> None:
        found = card()
        assert found.confusion == [[3, 1, 0], [1, 1, 0], [0, 0, 2]]
        assert found.clips == 8
        assert found.accuracy == pytest.approx(6 / 8)

    def test_recalls_and_their_mean(self) -> None:
        found = card()
        assert [found.per_class[label]["recall"] for label in LABELS] == pytest.approx([3 / 4, 1 / 2, 1])
        assert found.uar.value == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)

    def test_precision_and_f1(self) -> None:
        found = card()
        assert [found.per_class[label]["precision"] for label in LABELS] == pytest.approx([3 / 4, 1 / 2, 1])
        assert found.macro_f1.value == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
        assert [found.per_class[label]["clips"] for label in LABELS] == [4, 2, 2]

    def test_speakers_have_scores_of_their_own(self) -> None:
        # a: 2 of 2 angry, 1 of 1 happy, 1 of 1 sad; b: 1 of 2, 0 of 1, 1 of 1
        assert card().per_speaker == pytest.approx({"a": 1.0, "b": 0.5})

    def test_shares_of_speakers_above_a_bar(self) -> None:
        found = card().pa_uar["1"]
        assert found == {"50": 0.5, "75": 0.5}, "b is at 50 %, which is not above it"

    def test_guessing(self) -> None:
        found = card()
        assert found.majority["uar"] == found.prior["uar"] == pytest.approx(1 / 3)
        # Always `angry`: recall 1, precision 1/2, F1 2/3, and nothing for the other two.
        assert found.majority["macro_f1"] == pytest.approx(2 / 9)

    def test_priors_of_training_are_taken_where_they_are_known(self) -> None:
        other = card(train_counts=[1, 100, 1]).majority
        # Always `happy`: precision 2/8, recall 1, F1 0.4
        assert other["macro_f1"] == pytest.approx(0.4 / 3)

    def test_more_guesses_never_hurt(self) -> None:
        scores = np.random.default_rng(4).normal(size=(8, 3))
        best = card(scores).n_best_uar
        assert best["1"] <= best["2"] <= best["3"] == 1.0
        assert set(best) == {str(n) for n in GUESSES}


class TestScores:
    def test_only_their_order_matters(self) -> None:
        scores = np.random.default_rng(5).normal(size=(8, 3))
        once, again = card(scores), card(np.exp(3 * scores))
        assert once == again

    def test_int8_scores_of_a_device_are_taken_as_they_are(self) -> None:
        assert card((100 * table() - 50).astype(np.int8)).confusion == card().confusion

    @pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_refused(self, wrong: float) -> None:
        scores = table()
        scores[3, 1] = wrong
        with pytest.raises(ValueError, match="finite"):
            card(scores)

    @pytest.mark.parametrize(
        "changes",
        [
            {"scores": table()[:-1]},
            {"scores": table(classes=4)},
            {"truth": TRUTH[:-1]},
            {"speakers": SPEAKERS[:-1]},
            {"truth": TRUTH[:0], "scores": table()[:0], "speakers": ()},
        ],
    )
    def test_arrays_that_do_not_fit_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"labels, .* speakers and scores"):
            card(**changes)


class TestHonesty:
    def test_a_speaker_outside_the_proof_is_refused_before_anything_is_computed(self) -> None:
        with pytest.raises(SpeakerLeak, match="does not cover c"):
            card(np.full((8, 3), np.nan), speakers=("c", *SPEAKERS[1:]))

    def test_a_speaker_that_was_heard_is_called_that(self) -> None:
        with pytest.raises(SpeakerLeak, match="the model has heard x"):
            card(speakers=("x", *SPEAKERS[1:]))

    def test_the_proof_travels_with_the_score(self) -> None:
        assert card().proof == PROOF.hash
        assert card().warning == ""
        other = require_disjoint(["x", "z"], ["a", "b"])
        assert card(proof=other).proof != PROOF.hash

    def test_an_admitted_leak_marks_every_figure(self) -> None:
        found = card(proof=AdmittedLeak("made up", ("a", "b")))
        assert found.warning == "LEAKS SPEAKERS"
        assert found.as_dict()["warning"] == "LEAKS SPEAKERS"

    def test_synthetic_speech_says_so(self) -> None:
        assert card(speech="synthetic").speech == "synthetic"

    def test_an_absent_class_has_no_recall_instead_of_zero(self) -> None:
        truth = np.where(TRUTH == 2, 1, TRUTH)
        found = card(truth=truth)
        assert found.per_class["sad"]["recall"] is None
        assert found.per_class["sad"]["clips"] == 0
        assert json.loads(json.dumps(found.as_dict(), allow_nan=False))

    def test_the_gap_between_women_and_men(self) -> None:
        genders = ["female" if speaker == "a" else "male" for speaker in SPEAKERS]
        assert card(genders=genders).gender_gap == pytest.approx(1.0 - 0.5)
        assert card().gender_gap is None
        assert card(genders=[None] * 8).gender_gap is None


class TestIntervals:
    def test_the_same_seed_gives_the_same_card(self) -> None:
        assert card(seed=3) == card(seed=3)

    def test_they_hold_the_value_and_count_speakers(self) -> None:
        found = card().uar
        assert found.low <= found.value <= found.high
        assert found.speakers == 2
        assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(1.0)), "b alone, a alone"

    def test_bars_are_the_published_ones(self) -> None:
        assert PA_UAR_PERCENT == (50, 75)
