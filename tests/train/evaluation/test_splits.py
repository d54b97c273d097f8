"""Splits never share a speaker, keep genders in proportion, and have a hash that means something."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from tests.support.told import told
from train.evaluation.splits import Split, leave_speakers_out, speaker_split


@dataclass(frozen=True)
class Said:
    speaker: str
    label: str | None = "yes"
    gender: str | None = None


def cast(women: int, men: int, labels: tuple[str, ...] = ("yes", "no")) -> list[Said]:
    people = [(f"w{k:02}", "female") for k in range(women)] + [(f"m{k:02}", "male") for k in range(men)]
    return [Said(name, label, gender) for name, gender in people for label in labels]


@settings(max_examples=40, deadline=None)
@given(
    women=st.integers(0, 12), men=st.integers(6, 20), test=st.integers(1, 3), validation=st.integers(0, 2),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_every_speaker_is_in_exactly_one_part(
    women: int, men: int, test: int, validation: int, seed: int
) -> None:
    clips = cast(women, men)
    split = speaker_split(clips, test=test, validation=validation, seed=seed)
    everybody = [*split.train, *split.validation, *split.test]
    assert sorted(everybody) == sorted({clip.speaker for clip in clips})
    assert (len(split.test), len(split.validation)) == (test, validation)
    assert split == speaker_split(clips, test=test, validation=validation, seed=seed)


@pytest.mark.parametrize("seed", range(8))
def test_genders_keep_their_share(seed: int) -> None:
    split = speaker_split(cast(9, 9), test=4, validation=2, seed=seed)
    assert sum(name.startswith("w") for name in split.test) == 2
    assert sum(name.startswith("w") for name in split.validation) == 1
    lopsided = speaker_split(cast(4, 12), test=8, seed=seed)
    assert sum(name.startswith("w") for name in lopsided.test) == 2


def test_seeds_choose_different_speakers() -> None:
    assert len({speaker_split(cast(9, 9), test=4, seed=seed).test for seed in range(10)}) > 5


def test_shares_and_names_are_accepted() -> None:
    clips = cast(5, 5)
    assert len(speaker_split(clips, test=0.2, validation=0.2).test) == 2
    assert len(speaker_split(clips, test=0.01).test) == 1, "a share that rounds to nobody takes one"
    named = speaker_split(clips, test=["w01", "m01"], validation=["m02"], seed=3)
    assert named.test == ("m01", "w01")
    assert named.validation == ("m02",)
    drawn = speaker_split(clips, test=["w01", "m01"], validation=2, seed=3)
    assert not set(drawn.validation) & {"w01", "m01"}


def test_bad_requests_get_a_remedy() -> None:
    clips = cast(3, 3)
    with pytest.raises(CorpusInvalid, match="no clips of speaker nobody") as caught:
        speaker_split(clips, test=["nobody"])
    assert "w00" in caught.value.remedy
    with pytest.raises(CorpusInvalid, match="too few"):
        speaker_split(clips, test=4, validation=2)
    with pytest.raises(InvalidSetting):
        speaker_split(clips, test=-1)
    with pytest.raises(InvalidSetting):
        speaker_split(clips, test=1.5)
    with pytest.raises(SpeakerLeak):
        speaker_split(clips, test=["w00"], validation=["w00"])


def test_unknown_speakers_cannot_be_split() -> None:
    with pytest.raises(SpeakerLeak, match="does not say who speaks"):
        speaker_split([Said("a"), Said("unknown"), Said("b")], test=1)


def test_a_class_without_training_clips_is_refused_and_one_without_test_clips_is_said() -> None:
    clips = [Said("a", "yes"), Said("b", "yes"), Said("c", "yes"), Said("c", "rare")]
    with pytest.raises(CorpusInvalid, match="class rare"):
        speaker_split(clips, test=["c"])
    with told() as lines:
        speaker_split(clips, test=["b"])
    assert lines == ["no test speaker has clips of class rare: it does not count in the score"]


def test_hash_is_of_the_parts_and_nothing_else() -> None:
    split = Split(("b", "a"), ("c",), ("d",))
    assert split.train == ("a", "b")
    assert split.hash == Split(("a", "b"), ("c",), ("d",)).hash
    assert split.hash != Split(("a", "b"), ("d",), ("c",)).hash
    assert split.hash != Split(("a", "b", "c"), (), ("d",)).hash
    assert Split.from_dict(split.as_dict()) == split
    assert len(split.hash) == 64


@pytest.mark.parametrize(
    "parts",
    [
        (("a",), (), ("a",)),
        (("a",), ("b",), ("b",)),
        (("a", "b"), ("b",), ("c",)),
        ((), (), ("a",)),
        (("a",), (), ()),
    ],
)
def test_a_leaky_or_empty_split_cannot_be_made(parts: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(SpeakerLeak):
        Split(*parts)


def test_take_returns_the_clips_of_a_part() -> None:
    clips = cast(2, 2)
    split = Split(("w00", "m00"), ("w01",), ("m01",))
    assert {clip.speaker for clip in split.take("train", clips)} == {"w00", "m00"}
    assert [clip.label for clip in split.take("test", clips)] == ["yes", "no"]


def test_ravdess_folds_are_the_documented_ones() -> None:
    clips = [Said(f"ravdess/{actor:02}") for actor in range(18, 0, -1)]
    folds = leave_speakers_out(clips, 6)
    assert [fold.test for fold in folds] == [
        tuple(f"ravdess/{actor:02}" for actor in range(first, first + 3)) for first in range(1, 19, 3)
    ]
    assert all(len(fold.train) == 15 and not fold.validation for fold in folds)


def test_folds_test_everybody_once() -> None:
    folds = leave_speakers_out(cast(4, 7), 3, seed=5)
    tested = [name for fold in folds for name in fold.test]
    assert sorted(tested) == sorted({clip.speaker for clip in cast(4, 7)})
    assert folds != leave_speakers_out(cast(4, 7), 3, seed=6)
    with pytest.raises(CorpusInvalid):
        leave_speakers_out(cast(1, 1), 3)
    with pytest.raises(InvalidSetting):
        leave_speakers_out(cast(3, 3), 1)


@pytest.mark.corpus
def test_real_ravdess_split_is_balanced(data_root: Path) -> None:
    from train.corpora import load_corpus

    corpus = load_corpus(f"ravdess:{data_root / 'ravdess'}")
    split = speaker_split(corpus.clips, test=4, validation=2, seed=0)
    test = split.take("test", corpus.clips)
    assert len(test) == 240
    assert sum(clip.gender == "female" for clip in test) == 120
