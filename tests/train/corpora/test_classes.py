"""The one table of classes: whole, free of contradictions, and what its schemes do to labels and votes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.classes import ALL, Scheme, apply_scheme, scheme_names, schemes, shared_labels
from train.corpora.record import Clip, Corpus


def corpus(*labels: str | None, name: str = "toy", votes: Any = None) -> Corpus:
    clips = tuple(
        Clip(Path(f"/toy/{n}.wav"), name, f"{name}/{n}", label, votes=votes) for n, label in enumerate(labels)
    )
    own = tuple(dict.fromkeys(label for label in labels if label is not None))
    return Corpus(name, Path("/toy"), own, clips, "none", "nobody", True)


class TestTable:
    @pytest.mark.parametrize("name", scheme_names())
    def test_a_scheme_is_whole(self, name: str) -> None:
        scheme = schemes()[name]
        assert scheme.name == name != ALL
        assert scheme.summary
        assert "classes" in scheme.tables
        for corpus_name, table in scheme.tables.items():
            assert len(table) >= 2, corpus_name
            assert all(emotions for emotions in table.values())

    @pytest.mark.parametrize("name", scheme_names())
    def test_no_emotion_counts_twice(self, name: str) -> None:
        for corpus_name, table in schemes()[name].tables.items():
            counted = Counter(emotion for emotions in table.values() for emotion in emotions)
            assert set(counted.values()) == {1}, (corpus_name, counted.most_common(1))

    @pytest.mark.parametrize("name", scheme_names())
    def test_a_corpus_with_names_of_its_own_has_no_other_classes(self, name: str) -> None:
        tables = schemes()[name].tables
        for corpus_name, table in tables.items():
            assert set(table) <= set(tables["classes"]), corpus_name

    def test_the_larger_schemes_hold_the_smaller(self) -> None:
        four, six, seven = (set(schemes()[name].tables["classes"]) for name in ("four", "six", "seven"))
        assert six < seven
        assert four < seven
        assert len(four) == 4 and len(six) == 6 and len(seven) == 7

    def test_a_corpus_without_a_table_of_its_own_uses_the_common_one(self) -> None:
        scheme = Scheme("s", "made up", {"classes": {"good": ("happy",)}, "odd": {"good": ("joy", "bliss")}})
        assert scheme.classes_of("toy") == {"happy": "good"}
        assert scheme.classes_of("odd") == {"joy": "good", "bliss": "good"}


class TestVotes:
    VOTES = (("excited", 0.3), ("happy", 0.2), ("bored", 0.25), ("sad", 0.25))

    def test_votes_of_one_class_are_added_and_others_left_out(self) -> None:
        found = apply_scheme(corpus("happy", "sad", votes=self.VOTES), "four")
        assert dict(found.clips[0].votes or ()) == pytest.approx({"happy": 0.5 / 0.75, "sad": 0.25 / 0.75})

    def test_votes_for_no_class_at_all_become_none(self) -> None:
        found = apply_scheme(corpus("happy", "sad", votes=(("bored", 1.0),)), "four")
        assert {clip.votes for clip in found.clips} == {None}
        assert [clip.label for clip in found.clips] == ["happy", "sad"]

    def test_a_label_wins_over_votes_where_the_corpus_has_labels(self) -> None:
        votes = (("sad", 0.9), ("happy", 0.1))
        assert apply_scheme(corpus("happy", "sad", votes=votes), "four").clips[0].label == "happy"

    def test_everything_else_of_a_clip_stays(self) -> None:
        given = corpus("excited", "sad")
        given = replace(given, clips=(replace(given.clips[0], valence=0.5, transcript="hm"), given.clips[1]))
        found = apply_scheme(given, "four").clips[0]
        assert (found.label, found.valence, found.transcript) == ("happy", 0.5, "hm")


class TestSharing:
    def test_classes_that_all_have_in_the_order_of_the_first(self) -> None:
        one, other = corpus("sad", "happy", "angry"), corpus("angry", "sad", "calm", name="other")
        assert shared_labels([one, other]) == ("sad", "angry")
        assert shared_labels([other, one]) == ("angry", "sad")

    def test_fewer_than_two_are_refused_with_what_each_has(self) -> None:
        with pytest.raises(CorpusInvalid, match="share 1 classes") as caught:
            shared_labels([corpus("sad", "happy"), corpus("sad", "calm", name="other")])
        assert "toy: sad, happy; other: sad, calm" in caught.value.what
        assert all(name in caught.value.remedy for name in scheme_names())

    def test_one_corpus_shares_all_with_itself(self) -> None:
        assert shared_labels([corpus("sad", "happy")]) == ("sad", "happy")
