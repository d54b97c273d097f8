"""Plans: what they claim, what they prove, and that a leak cannot be hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import SpeakerLeak
from train.corpora.record import Clip, SpeakerUnit
from train.evaluation.leak import AdmittedLeak, SpeakerProof
from train.protocols.plan import LEAKS_SPEAKERS, Fold, Plan, fold


def clips(count: int = 8, speakers: int = 4) -> tuple[Clip, ...]:
    """Return clips whose speakers take turns."""
    return tuple(
        Clip(Path(f"/toy/{n % speakers}/{n:02}.wav"), "toy", f"toy/{n % speakers}", ("happy", "sad")[n % 2])
        for n in range(count)
    )


CLEAN = fold("3", train=[0, 1, 4, 5], test=[3, 7], validation=[2, 6])
MIXED = fold("mixed", train=[0, 1, 2], test=[4, 5])


def plan(*folds: Fold, leaks: bool = False, unit: SpeakerUnit = "person") -> Plan:
    return Plan("made-up", clips(), folds or (CLEAN,), leaks, unit)


class TestFolds:
    def test_places_are_sorted_integers(self) -> None:
        made = fold("x", [3, 1], [2], [0])
        assert made.train.tolist() == [1, 3]
        assert made.train.dtype == made.test.dtype == made.validation.dtype == np.int64

    def test_nobody_to_select_on_is_allowed(self) -> None:
        assert fold("x", [0], [1]).validation.shape == (0,)

    def test_speakers_of_a_part(self) -> None:
        assert plan().speakers(CLEAN.train) == ("toy/0", "toy/1")
        assert plan().speakers(np.array([], np.int64)) == ()


class TestProof:
    def test_a_clean_fold_is_proved(self) -> None:
        proof = plan().proof(CLEAN)
        assert isinstance(proof, SpeakerProof)
        assert proof.held_out == ("toy/3",)
        assert set(proof.heard) == {"toy/0", "toy/1", "toy/2"}, "who is selected on was heard too"

    def test_a_plan_that_claims_too_much_is_refused(self) -> None:
        with pytest.raises(SpeakerLeak, match="toy/0"):
            plan(MIXED).proof(MIXED)

    def test_a_speaker_of_selection_in_the_test_is_a_leak(self) -> None:
        wrong = fold("x", [0, 4], [3], [7])
        with pytest.raises(SpeakerLeak, match="toy/3"):
            plan(wrong).proof(wrong)

    def test_a_plan_that_leaks_gives_an_admission_and_no_proof(self) -> None:
        admitted = plan(MIXED, leaks=True).proof(MIXED)
        assert isinstance(admitted, AdmittedLeak)
        assert not isinstance(admitted, SpeakerProof)
        admitted.cover(["toy/0", "toy/1"])
        with pytest.raises(SpeakerLeak, match="does not name toy/3"):
            admitted.cover(["toy/3"])

    def test_it_admits_even_where_a_fold_happens_to_be_clean(self) -> None:
        assert isinstance(plan(leaks=True).proof(CLEAN), AdmittedLeak)

    def test_as_a_split(self) -> None:
        split = plan().split(CLEAN)
        assert (split.train, split.validation, split.test) == (("toy/0", "toy/1"), ("toy/2",), ("toy/3",))
        with pytest.raises(SpeakerLeak, match="'made-up' mixes speakers"):
            plan(leaks=True).split(CLEAN)


class TestWords:
    def test_a_clean_plan_claims_it(self) -> None:
        assert plan().claim == "no test speaker was heard in training"
        assert plan().warning == ""
        assert plan().stamp("UAR 57 %") == "UAR 57 %"

    def test_a_leak_stands_before_everything(self) -> None:
        leaking = plan(leaks=True)
        assert leaking.warning == LEAKS_SPEAKERS == "LEAKS SPEAKERS"
        assert leaking.stamp("UAR 80 %") == "LEAKS SPEAKERS: UAR 80 %"
        assert leaking.claim.startswith("LEAKS SPEAKERS: ")

    @pytest.mark.parametrize("unit", ["video", "character"])
    def test_what_is_no_person_is_called_what_it_is(self, unit: SpeakerUnit) -> None:
        assert (
            plan(unit=unit).claim == f"no test {unit} was heard in training; the corpus does not name people"
        )

    def test_a_leak_is_said_whatever_the_unit(self) -> None:
        assert plan(leaks=True, unit="video").claim.startswith(LEAKS_SPEAKERS)


class TestHash:
    def test_the_same_plan_has_the_same_hash(self) -> None:
        assert plan().hash == plan().hash
        assert len(plan().hash) == 64

    @pytest.mark.parametrize(
        "other",
        [
            replace(plan(), protocol="another"),
            replace(plan(), folds=(fold("3", [0, 1, 4], [3, 7], [2, 6]),)),
            replace(plan(), folds=(fold("3", [0, 1, 4, 5], [3], [2, 6]),)),
            replace(plan(), folds=(CLEAN, CLEAN)),
            replace(plan(), leaks=True),
        ],
    )
    def test_what_decides_a_figure_changes_it(self, other: Plan) -> None:
        assert other.hash != plan().hash

    def test_a_renamed_clip_changes_it_and_another_machine_does_not(self) -> None:
        moved = tuple(replace(one, path=Path("/elsewhere") / one.path.relative_to("/")) for one in clips())
        assert replace(plan(), clips=moved).hash == plan().hash
        renamed = (replace(clips()[0], path=Path("/toy/0/other.wav")), *clips()[1:])
        assert replace(plan(), clips=renamed).hash != plan().hash

    def test_data_without_names_counts_clips(self) -> None:
        data = json.loads(json.dumps(plan().as_dict()))
        assert data["protocol"] == "made-up"
        assert "toy/toy" not in json.dumps(data)
        assert json.dumps(plan().as_dict(names=True)) != json.dumps(plan().as_dict())
