"""Every protocol by its name: who is trained on, who is tested, and what it may claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak, UnknownName
from train.corpora import Clip, Corpus, load_corpus
from train.evaluation.splits import leave_speakers_out
from train.protocols import LEAKS_SPEAKERS, PROTOCOLS, Fold, Options, Plan, plan
from train.protocols.corpora import balanced_weights
from train.protocols.registry import protocol

Toy = Callable[..., Corpus]

PLAIN = ("speaker-folds", "leave-one-speaker-out", "one-split")


def speakers(made: Plan, part: str) -> list[set[str]]:
    return [set(made.speakers(getattr(fold, part))) for fold in made.folds]


def test_the_protocols_of_the_design_are_there() -> None:
    assert set(PROTOCOLS) == {
        *PLAIN, "leave-one-session-out", "sessions-and-scripts", "official", "official-leaking", "cross-corpus",
        "leave-one-corpus-out", "random-clips",
    }  # fmt: skip
    assert {name for name, known in PROTOCOLS.items() if known.leaks} == {"official-leaking", "random-clips"}


def test_an_unknown_one_lists_the_valid_ones(toy: Toy) -> None:
    with pytest.raises(UnknownName, match="unknown protocol 'random'") as caught:
        plan("random", [toy()])
    assert "random-clips" in caught.value.remedy


@pytest.mark.parametrize("name", PLAIN)
def test_speakers_are_never_on_both_sides(toy: Toy, name: str) -> None:
    made = plan(name, [toy(speakers=12)], Options(folds=3, validation=0.2))
    for fold, heard, tested in zip(made.folds, speakers(made, "train"), speakers(made, "test"), strict=True):
        assert not heard & tested
        assert made.proof(fold).warning == ""
        made.proof(fold).cover(tested)
    assert made.claim == "no test speaker was heard in training"
    assert made.stamp("UAR 61 %") == "UAR 61 %"


def test_speaker_folds_are_those_of_the_figures(toy: Toy) -> None:
    corpus = toy(speakers=18)
    made = plan("speaker-folds", [corpus], Options(folds=6))
    splits = leave_speakers_out(corpus.clips, 6)
    assert [made.split(fold) for fold in made.folds] == splits
    assert [fold.name for fold in made.folds][:2] == ["toy/00 to 02", "toy/03 to 05"]
    tested = np.concatenate([fold.test for fold in made.folds])
    assert sorted(tested.tolist()) == list(range(len(corpus.clips)))


def test_one_split_takes_shares_of_the_speakers(toy: Toy) -> None:
    made = plan("one-split", [toy(speakers=10)], Options(test=0.2, validation=0.2, seed=3))
    assert [len(speakers(made, part)[0]) for part in ("train", "validation", "test")] == [6, 2, 2]


def test_sessions_are_left_out_whole(toy: Toy) -> None:
    corpus = toy(speakers=6, session=lambda who, _: f"Session{who // 2 + 1}")
    made = plan("leave-one-session-out", [corpus])
    assert [fold.name for fold in made.folds] == ["Session1", "Session2", "Session3"]
    assert speakers(made, "test") == [{"toy/00", "toy/01"}, {"toy/02", "toy/03"}, {"toy/04", "toy/05"}]
    with pytest.raises(CorpusInvalid, match="has no sessions"):
        plan("leave-one-session-out", [toy()])
    with pytest.raises(CorpusInvalid, match="all clips are of one session"):
        plan("leave-one-session-out", [toy(session="A")])
    with pytest.raises(SpeakerLeak, match="both sides"):
        plan("leave-one-session-out", [toy(takes=2, session=lambda _, take: f"S{take}")])


def test_scripts_of_the_test_are_not_trained_on(toy: Toy) -> None:
    corpus = toy(
        speakers=6,
        takes=4,
        session=lambda who, _: f"Session{who // 2 + 1}",
        script=lambda _, take: f"script{take}" if take else None,
    )
    made = plan("sessions-and-scripts", [corpus], Options(folds=3))
    assert len(made.folds) == 9
    for fold in made.folds:
        tested = {made.clips[i].script for i in fold.test} - {None}
        assert not tested & {made.clips[i].script for i in fold.train}
        assert not set(made.speakers(fold.test)) & set(made.speakers(fold.train))
    counts = Counter(np.concatenate([fold.test for fold in made.folds]).tolist())
    assert counts == dict.fromkeys(range(len(corpus.clips)), 1), "each clip is tested once"
    with pytest.raises(CorpusInvalid, match="0 scripts"):
        plan("sessions-and-scripts", [toy(session=lambda who, _: f"S{who}")])


def test_the_makers_division_is_taken_where_it_divides_speakers(toy: Toy) -> None:
    parts = ("train", "train", "train", "validation", "test1", "test2")
    made = plan("official", [toy(speakers=6, partition=lambda who, _: parts[who])])
    assert [fold.name for fold in made.folds] == ["test1", "test2"]
    assert speakers(made, "validation") == [{"toy/03"}, {"toy/03"}]
    with pytest.raises(CorpusInvalid, match="no official division"):
        plan("official", [toy()])
    with pytest.raises(CorpusInvalid, match="no official division"):
        plan("official", [toy(partition="train")])


def test_a_division_that_mixes_speakers_needs_its_own_name(toy: Toy, said: list[str]) -> None:
    mixed = toy(partition=lambda _, take: ("train", "test")[take])
    with pytest.raises(SpeakerLeak, match="6 speakers of 'test' in training too") as caught:
        plan("official", [mixed])
    assert "official-leaking" in caught.value.remedy
    made = plan("official-leaking", [mixed])
    assert made.leaks
    assert said == ["LEAKS SPEAKERS: voices of the test clips were heard in training"]


def test_random_clips_keep_classes_in_proportion_and_are_marked(toy: Toy) -> None:
    made = plan("random-clips", [toy(speakers=10, takes=4)], Options(test=0.25, validation=0.5, seed=1))
    (fold,) = made.folds
    assert Counter(made.clips[i].label for i in fold.test) == {"happy": 10, "sad": 10}
    assert (len(fold.train), len(fold.validation)) == (30, 30)
    assert made.stamp("UAR 90 %") == "LEAKS SPEAKERS: UAR 90 %"
    assert made.as_dict()["leaks_speakers"] is True
    proof = made.proof(fold)
    assert proof.warning == LEAKS_SPEAKERS == "LEAKS SPEAKERS"
    with pytest.raises(SpeakerLeak, match="mixes speakers: there is no split"):
        made.split(fold)


def test_each_corpus_is_tested_once_on_what_the_others_taught(toy: Toy) -> None:
    corpora = [toy("a"), toy("b", speakers=3), toy("c", takes=1)]
    made = plan("leave-one-corpus-out", corpora)
    assert [(fold.name, len(fold.train), len(fold.test)) for fold in made.folds] == [
        ("a", 24, 24), ("b", 36, 12), ("c", 36, 12),
    ]  # fmt: skip
    pairs = plan("cross-corpus", corpora)
    assert [fold.name for fold in pairs.folds] == ["a to b", "a to c", "b to a", "b to c", "c to a", "c to b"]
    with pytest.raises(InvalidSetting, match="with 1 corpus"):
        plan("cross-corpus", corpora[:1])


def test_corpora_are_compared_on_the_classes_that_all_have(toy: Toy) -> None:
    one = toy("a")
    more = Corpus(
        "b", Path("/b"), (*one.labels, "calm"), toy("b").clips + toy("b", label="calm").clips, "", "", True
    )
    made = plan("leave-one-corpus-out", [one, more])
    assert dict(made.left_out) == {"class that not all corpora have": 24}
    assert {clip.label for clip in made.clips} == {"happy", "sad"}
    other = Corpus("c", Path("/c"), ("calm", "bored"), toy("c", label="calm").clips, "", "", True)
    with pytest.raises(CorpusInvalid, match="share 0 classes"):
        plan("leave-one-corpus-out", [one, other])


def test_every_corpus_weighs_the_same(toy: Toy) -> None:
    clips = toy("a").clips + toy("b", speakers=1).clips
    weights = balanced_weights(clips)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[:24].sum() == pytest.approx(weights[24:].sum())


def test_clips_that_no_fold_can_use_are_counted(toy: Toy) -> None:
    corpus = toy(
        speaker=lambda who, _: "unknown" if who == 0 else f"toy/{who}",
        has_audio=lambda who, _: who != 1,
        label=lambda who, _: None if who == 2 else "happy",
    )
    made = plan("speaker-folds", [corpus], Options(folds=3))
    assert dict(made.left_out) == {"no sound": 4, "no label": 4, "unknown speaker": 4}
    assert len(plan("random-clips", [corpus], warn=False).clips) == 16, "a leaking protocol needs no names"
    with pytest.raises(CorpusInvalid, match=r"no clip of toy can be used \(24 unknown speaker\)"):
        plan("speaker-folds", [toy(speaker="unknown")])


def test_a_speaker_that_is_no_person_is_said(toy: Toy) -> None:
    made = plan("speaker-folds", [toy(unit="video")], Options(folds=2))
    assert made.claim == "no test video was heard in training; the corpus does not name people"


def test_plans_have_hashes_that_change_with_every_clip(toy: Toy) -> None:
    hashes = [
        plan("speaker-folds", [toy()], Options(folds=2)).hash,
        plan("speaker-folds", [toy()], Options(folds=3)).hash,
        plan("speaker-folds", [toy(takes=3)], Options(folds=2)).hash,
        plan("leave-one-speaker-out", [toy()]).hash,
    ]
    assert len(set(hashes)) == 4
    assert hashes[0] == plan("speaker-folds", [toy()], Options(folds=2)).hash


@pytest.mark.parametrize(
    ("setting", "value"), [("folds", 1), ("test", 0.0), ("test", 1.0), ("validation", 1.0)]
)
def test_settings_outside_their_range_are_refused(setting: str, value: float) -> None:
    with pytest.raises(InvalidSetting):
        Options(**{setting: value})  # type: ignore[arg-type]


def test_a_new_protocol_is_one_function_and_is_held_to_its_claim(toy: Toy) -> None:
    from train.protocols.plan import fold

    @protocol("halves", summary="the first half teaches the second")
    def halves(clips: Sequence[Clip], options: Options) -> list[Fold]:
        middle = len(clips) // 2
        return [fold("second half", range(middle), range(middle, len(clips)))]

    @protocol("odd-even", summary="a protocol that hides its leak")
    def odd_even(clips: Sequence[Clip], options: Options) -> list[Fold]:
        return [fold("odd", range(0, len(clips), 2), range(1, len(clips), 2))]

    @protocol("both", summary="clips on both sides", leaks=True)
    def both(clips: Sequence[Clip], options: Options) -> list[Fold]:
        return [fold("all", range(len(clips)), range(len(clips)))]

    @protocol("nothing", summary="nobody is trained on")
    def nothing(clips: Sequence[Clip], options: Options) -> list[Fold]:
        return [fold("all", [], range(len(clips)))]

    try:
        assert len(plan("halves", [toy()]).folds) == 1
        with pytest.raises(SpeakerLeak, match="speakers on both sides"):
            plan("odd-even", [toy()])
        with pytest.raises(SpeakerLeak, match="24 clips are on both sides"):
            plan("both", [toy()])
        with pytest.raises(CorpusInvalid, match="no training clips"):
            plan("nothing", [toy()])
        with pytest.raises(InvalidSetting, match="two protocol parts are called 'halves'"):
            protocol("halves", summary="again")(halves)
    finally:
        for name in ("halves", "odd-even", "both", "nothing"):
            PROTOCOLS.pop(name, None)


@pytest.mark.corpus
def test_real_corpora_are_divided_as_the_figures_say(data_root: Path) -> None:
    names = [name for name in ("ravdess", "nemo", "urdu") if (data_root / name).is_dir()]
    corpora = [load_corpus(f"{name}/four:{data_root / name}") for name in names]
    if len(corpora) < 3:
        pytest.skip("needs ravdess, nemo and urdu")
    made = plan("leave-one-corpus-out", corpora)
    assert [(fold.name, len(fold.test)) for fold in made.folds] == [
        ("ravdess", 504),
        ("nemo", 744),
        ("urdu", 400),
    ]
    folds = plan("speaker-folds", [load_corpus(f"ravdess:{data_root / 'ravdess'}")]).folds
    assert [len(fold.test) for fold in folds] == [180] * 6
    assert all(one.name < other.name for one, other in pairwise(folds))
