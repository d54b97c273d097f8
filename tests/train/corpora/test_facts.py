"""A corpus's facts, counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from train.corpora.facts import describe, votes_of
from train.corpora.record import Clip, Corpus
from train.evaluation.leak import UNKNOWN_SPEAKER


def clip(number: int, **facts: Any) -> Clip:
    given: dict[str, Any] = {"speaker": f"toy/{number % 3}", "label": ("happy", "sad")[number % 2]}
    return Clip(Path(f"/toy/{number:02}.wav"), "toy", **given | facts)


def corpus(*clips: Clip, **facts: Any) -> Corpus:
    made = Corpus("toy", Path("/toy"), ("happy", "sad"), clips, "CC0", "nobody", True)
    return replace(made, **facts)


class TestCounts:
    def test_clips_classes_and_speakers(self) -> None:
        found = describe(corpus(*(clip(n) for n in range(7))))
        assert found["clips"] == found["with_sound"] == 7
        assert found["classes"] == {"happy": 4, "sad": 3}
        assert found["speakers"] == 3
        assert found["clips_per_speaker"] == {"least": 2, "median": 2.0, "most": 3}
        assert found["without_class"] == 0

    def test_what_is_missing_is_counted_too(self) -> None:
        found = describe(corpus(clip(0, label=None), clip(1, has_audio=False), clip(2)))
        assert found["without_class"] == 1
        assert found["with_sound"] == 2

    def test_one_unknown_speaker_and_the_number_is_unknown(self) -> None:
        found = describe(corpus(clip(0), clip(1, speaker=UNKNOWN_SPEAKER)))
        assert found["speakers"] is None

    def test_values_are_counted_where_there_are_any(self) -> None:
        given = corpus(
            clip(0, gender="female", style="scripted", partition="train", transcript="a b", script="1"),
            clip(1, gender="male", style="scripted", partition="test", transcript="", script="1"),
            clip(2, gender="female", script="2"),
        )
        found = describe(given)
        assert found["genders"] == {"female": 2, "male": 1}
        assert found["styles"] == {"scripted": 2}
        assert found["parts"] == {"test": 1, "train": 1}
        assert found["with_words"] == 2, "an empty transcript is one: nothing was said"
        assert found["scripts"] == 2

    def test_sessions_are_listed_as_long_as_there_are_few(self) -> None:
        few = describe(corpus(*(clip(n, session=f"s{n % 2}") for n in range(4))))
        assert few["sessions"] == {"s0": 2, "s1": 2}
        many = describe(corpus(*(clip(n, session=f"s{n}") for n in range(21))))
        assert many["sessions"] == {}

    def test_an_empty_corpus_has_facts(self) -> None:
        found = describe(corpus())
        assert found["clips"] == 0
        assert found["clips_per_speaker"] is None
        assert found["votes"] is None

    def test_it_is_json(self) -> None:
        votes = (("happy", 0.75), ("sad", 0.25))
        found = describe(corpus(clip(0, votes=votes, raters=4, valence=0.5), clip(1)))
        assert json.loads(json.dumps(found, allow_nan=False))["name"] == "toy"


class TestRatings:
    def test_ends_and_mean_of_those_that_there_are(self) -> None:
        given = corpus(clip(0, valence=-1.0), clip(1, valence=0.5), clip(2))
        assert describe(given)["attributes"] == {
            "valence": {"clips": 2, "low": -1.0, "mean": -0.25, "high": 0.5},
            "arousal": None,
            "dominance": None,
        }


class TestVotes:
    VOTES = (("happy", 0.75), ("sad", 0.25))

    def test_nobody_voted(self) -> None:
        assert votes_of([clip(0), clip(1)]) is None

    def test_agreement_is_the_mean_share_of_the_winner(self) -> None:
        found = votes_of([clip(0, votes=self.VOTES), clip(1, votes=(("happy", 0.5), ("sad", 0.5)))])
        assert found is not None
        assert found["clips"] == 2
        assert found["agreement"] == pytest.approx(0.625)

    def test_how_often_the_label_is_the_winner(self) -> None:
        clips = [
            clip(0, votes=self.VOTES, label="happy"),  # wins
            clip(0, votes=self.VOTES, label="sad"),  # does not
            clip(0, votes=(("happy", 0.5), ("sad", 0.5)), label="sad"),  # one of two winners
            clip(0, votes=self.VOTES, label="bored"),  # nobody's
            clip(0, votes=self.VOTES, label=None),  # not asked
        ]
        found = votes_of(clips)
        assert found is not None
        assert found["label_wins"] == pytest.approx(2 / 4)

    def test_without_labels_there_is_nothing_to_win(self) -> None:
        found = votes_of([clip(0, votes=self.VOTES, label=None)])
        assert found is not None and found["label_wins"] is None

    def test_raters_are_spread(self) -> None:
        found = votes_of(
            [clip(n, votes=self.VOTES, raters=raters) for n, raters in enumerate((3, 9, 4, None))]
        )
        assert found is not None
        assert found["raters"] == {"least": 3, "median": 4.0, "most": 9}
