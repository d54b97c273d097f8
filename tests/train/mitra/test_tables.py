"""Mitra's tables on six clips, by hand: Ann is heard rightly always, Bob when he is angry."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting, SpeakerLeak
from tests.support import systems
from train.evaluation.leak import admit_leak, require_disjoint
from train.mitra.comparison import compare
from train.mitra.conditions import noise_losses
from train.mitra.genders import by_gender
from train.mitra.guesses import first_and_second
from train.mitra.layers import chosen_against_last, network_of
from train.mitra.scores import score_system
from train.mitra.speakers import CURVE_PERCENT, by_speaker, unevenness
from train.mitra.trivial import TRIVIAL, trivial

ALWAYS_ANGRY = "ahs ahs ahs ahs ahs ahs"
RATED = np.array([[0, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 0], [1, 0, 0], [1, 1, 0]], np.float32)


class TestScores:
    def test_categories(self) -> None:
        found = score_system(systems.truth(), systems.heard(), resamples=50)
        # Angry 2 of 2, happy 1 of 2, sad 1 of 2.
        assert found.card.uar.value == pytest.approx(2 / 3)
        # F1: angry 4/5, happy 2/3, sad 1/2.
        assert found.card.macro_f1.value == pytest.approx((4 / 5 + 2 / 3 + 1 / 2) / 3)
        assert found.card.n_best_uar == pytest.approx({"1": 2 / 3, "2": 5 / 6, "3": 1.0})
        assert found.ccc == {}

    def test_dimensions(self) -> None:
        known = systems.truth(dimensions=RATED)
        half = systems.heard(dimensions=RATED * np.array([0.5, 1, -1], np.float32))
        found = score_system(known, half, resamples=50)
        # Valence: variances 1/4 and 1/16, covariance 1/8, means 1/4 apart: 2/8 / (1/4 + 1/16 + 1/16).
        assert found.ccc["valence"].value == pytest.approx(2 / 3)
        assert found.ccc["arousal"].value == pytest.approx(1.0)
        # Dominance upside down: -2/4 / (1/4 + 1/4 + 1).
        assert found.ccc["dominance"].value == pytest.approx(-1 / 3)
        assert found.ccc["valence"].speakers == 2

    def test_shares_against_raters(self) -> None:
        perfect = systems.heard(shares=systems.truth().targets)
        assert score_system(systems.truth(), perfect, resamples=20).share_ccc.value == pytest.approx(1.0)
        flat = systems.heard(shares=np.full((6, 3), 1 / 3, np.float32))
        assert score_system(systems.truth(), flat, resamples=20).share_ccc.value == pytest.approx(
            0.0, abs=1e-6
        )


class TestSpeakers:
    def test_shares_of_speakers_above_a_threshold(self) -> None:
        found = by_speaker(systems.truth(), systems.heard())
        # Own UAR: Ann 1, Bob 1/3, with two guesses 2/3, with three 1.
        assert found.pa_uar == {
            "1": {"50": 0.5, "75": 0.5},
            "2": {"50": 1.0, "75": 0.5},
            "3": {"50": 1.0, "75": 1.0},
        }
        assert found.people["bob"].uar == pytest.approx({"1": 1 / 3, "2": 2 / 3, "3": 1.0})

    def test_the_curve_falls_where_a_speaker_is_passed(self) -> None:
        curve = dict(zip(CURVE_PERCENT, by_speaker(systems.truth(), systems.heard()).curve["1"], strict=True))
        assert (curve[0], curve[30], curve[35], curve[95], curve[100]) == (1.0, 1.0, 0.5, 0.5, 0.0)

    @pytest.mark.parametrize(
        ("counts", "value"), [([4, 0, 0], 1.0), ([2, 2, 2], 0.0), ([2, 2, 0], 1 - np.log(2) / np.log(3))]
    )
    def test_unevenness(self, counts: list[int], value: float) -> None:
        assert unevenness(np.array(counts)) == pytest.approx(value, abs=1e-12)

    def test_three_speakers_of_whom_the_uneven_are_heard_better(self) -> None:
        known = systems.truth(
            truth=np.array([0, 0, 0, 1, 0, 2]),
            speakers=("ann", "ann", "bob", "bob", "eve", "eve"),
            proofs=(require_disjoint(["x"], ["ann", "bob", "eve"]),),
        )
        one = systems.heard(ALWAYS_ANGRY, folds=np.zeros(6, np.int64))
        # Ann shows one class and is right; Bob and Eve show two and are half right.
        assert by_speaker(known, one).correlation == pytest.approx(1.0)

    def test_no_correlation_where_all_show_alike(self) -> None:
        assert by_speaker(systems.truth(), systems.heard()).correlation is None


class TestGenders:
    def test_women_against_men(self) -> None:
        found = by_gender(systems.truth(), systems.heard(), resamples=50)
        assert found is not None
        assert found.groups["female"].uar.value == pytest.approx(1.0)
        assert found.groups["male"].uar.value == pytest.approx(1 / 3)
        assert found.groups["male"].pa_uar == {"50": 0.0, "75": 0.0}
        assert (found.groups["male"].speakers, found.groups["male"].clips) == (1, 3)
        assert found.difference.value == pytest.approx(2 / 3)
        assert found.p == pytest.approx(1.0)  # one against one proves nothing

    def test_nothing_where_one_gender_is_missing(self) -> None:
        assert by_gender(systems.truth(genders=("female",) * 5 + (None,)), systems.heard()) is None


class TestGuesses:
    def test_first_and_second(self) -> None:
        found = first_and_second(systems.truth(), systems.heard())
        assert found.first == [[2, 0, 0], [0, 1, 1], [1, 0, 1]]
        assert found.second == [[0, 2, 0], [0, 1, 1], [0, 2, 0]]

    def test_what_a_class_is_taken_for(self) -> None:
        found = first_and_second(systems.truth(), systems.heard()).classes
        assert (found["angry"].taken_for, found["angry"].second_right) == (None, None)
        assert (found["happy"].taken_for, found["happy"].taken_for_share) == ("sad", 0.5)
        assert found["happy"].second_right == 1.0
        assert (found["sad"].taken_for, found["sad"].second, found["sad"].second_right) == (
            "angry",
            "happy",
            0,
        )

    def test_equal_shares_rank_by_class(self) -> None:
        flat = systems.heard(shares=np.full((6, 3), 1 / 3, np.float32))
        found = first_and_second(systems.truth(), flat)
        assert np.array(found.first)[:, 0].tolist() == [2, 2, 2]
        assert np.array(found.second)[:, 1].tolist() == [2, 2, 2]


class TestNoise:
    def test_what_is_lost(self) -> None:
        quiet = systems.heard(dimensions=RATED)
        noisy = systems.heard(ALWAYS_ANGRY, condition="5 dB", dimensions=RATED * np.float32(0.5))
        (loss,) = noise_losses(systems.truth(dimensions=RATED), [quiet, noisy], resamples=50)
        assert (loss.system, loss.condition) == ("ears", "5 dB")
        assert loss.uar.value == pytest.approx(1 / 3 - 2 / 3)
        assert loss.ccc["valence"] == pytest.approx(2 / 3 - 1)

    def test_a_system_that_was_not_heard_clean_has_no_loss(self) -> None:
        assert noise_losses(systems.truth(), [systems.heard(condition="5 dB")]) == []


class TestLayers:
    last = systems.heard(
        ALWAYS_ANGRY, system="net hidden_4, regression", role="last", parameters=4000, multiply_adds=100_000
    )
    chosen = systems.heard(system="net hidden_2, regression", role="salient")

    def test_a_chosen_layer_against_the_last(self) -> None:
        (found,) = chosen_against_last(systems.truth(), [self.chosen, self.last], resamples=50)
        assert (found.network, found.role, found.condition) == ("net", "salient", "clean")
        assert found.pair.difference.value == pytest.approx(1 / 3)
        assert found.relative_uar == pytest.approx(1.0)
        assert found.parameters_saved == pytest.approx(0.75)
        assert found.compute_saved == pytest.approx(0.5)

    def test_relative_concordance(self) -> None:
        known = systems.truth(dimensions=RATED)
        one = systems.heard(system="net hidden_2, regression", role="probed", dimensions=RATED)
        end = systems.heard(
            system="net hidden_4, regression",
            role="last",
            dimensions=RATED * np.array([0.5, 1, -1], np.float32),
        )
        (found,) = chosen_against_last(known, [one, end], resamples=20)
        assert found.relative_ccc == {
            "valence": pytest.approx(0.5),
            "arousal": pytest.approx(0.0, abs=1e-6),
            "dominance": None,
        }

    @pytest.mark.parametrize("other", ["net hidden_4, TC-GRU", "web hidden_4, regression"])
    def test_other_heads_and_networks_are_not_compared(self, other: str) -> None:
        end = systems.heard(system=other, role="last")
        assert chosen_against_last(systems.truth(), [self.chosen, end]) == []

    def test_what_was_not_counted_is_not_saved(self) -> None:
        end = systems.heard(system="net hidden_4, regression", role="last", multiply_adds=0)
        assert chosen_against_last(systems.truth(), [self.chosen, end])[0].compute_saved is None

    def test_the_network_can_be_named(self) -> None:
        assert network_of(systems.heard(system="our net at 3, GRU", network="net")) == ("net", "GRU")
        assert network_of(self.last) == ("net", "regression")


class TestTrivial:
    def test_frequencies_are_those_of_the_other_folds(self) -> None:
        known = systems.truth(
            truth=np.array([0, 0, 0, 0, 1, 2]),
            targets=np.eye(3, dtype=np.float32)[[0, 0, 0, 0, 1, 2]],
            dimensions=RATED,
        )
        found = trivial(known, systems.heard().folds)
        assert found.shares[0] == pytest.approx([1 / 3, 1 / 3, 1 / 3])  # Ann is unseen: Bob shows each once
        assert found.shares[3] == pytest.approx([1, 0, 0])
        assert found.dimensions is not None
        assert found.dimensions[0] == pytest.approx([1, 2 / 3, 0])

    def test_given_frequencies_count_where_there_is_one_fold(self) -> None:
        one = np.zeros(6, np.int64)
        assert trivial(systems.truth(), one, np.array([1, 3, 0])).shares[5] == pytest.approx([0.25, 0.75, 0])
        assert trivial(systems.truth(), one).shares[5] == pytest.approx([1 / 3] * 3)


class TestComparison:
    row = systems.heard(ALWAYS_ANGRY, system="filterbank and pitch, regression", role="filterbank")

    def test_everything_is_in_it_and_is_json(self) -> None:
        heard = [systems.heard(), systems.heard(ALWAYS_ANGRY, condition="5 dB"), self.row]
        found = compare(systems.truth(dimensions=RATED), heard, resamples=20)
        assert [one.name for one in found.scores] == ["ears", "ears, 5 dB", self.row.system, TRIVIAL]
        assert found.trivial.card.uar.value == pytest.approx(1 / 3)
        assert set(found.people) == {"ears", self.row.system, TRIVIAL}
        assert [(pair.first, pair.second) for pair in found.pairs] == [("ears", self.row.system)]
        assert (found.clips, found.speakers, found.folds) == (6, 2, 2)
        again = json.loads(json.dumps(found.as_dict(), allow_nan=False))
        assert again["scores"][0]["card"]["uar"]["value"] == pytest.approx(2 / 3)
        assert again["losses"][0]["condition"] == "5 dB"
        assert again["speech"] == "synthetic"

    def test_the_filterbank_row_is_always_there(self) -> None:
        with pytest.raises(InvalidSetting, match="filterbank and pitch"):
            compare(systems.truth(), [systems.heard()])
        with pytest.raises(InvalidSetting, match="filterbank and pitch"):
            compare(systems.truth(), [systems.heard(role="filterbank", condition="5 dB")])

    def test_a_leak_is_refused_or_admitted(self) -> None:
        with pytest.raises(SpeakerLeak):
            compare(systems.truth(), [systems.heard(folds=np.array([1, 1, 1, 0, 0, 0]), role="filterbank")])
        admitted = systems.truth(proofs=(admit_leak(["ann", "bob"], ["ann", "bob"]),) * 2)
        assert compare(admitted, [self.row], resamples=20).warning == "LEAKS SPEAKERS"
