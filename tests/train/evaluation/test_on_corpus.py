"""Who may be scored: the one rule for `evaluate` and for the rig, on corpora without sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from tests.support.told import told
from train.corpora import READERS, Clip, Corpus
from train.evaluation import on_corpus
from train.evaluation.on_corpus import among, choose, own_corpus, require_unheard_sound, thin

LABELS = ("happy", "sad")


def corpus(speakers: int = 4, labels: tuple[str, ...] = LABELS, takes: int = 2) -> Corpus:
    clips = tuple(
        Clip(
            path=Path(f"/toy/{who:02}/{label}-{take}.wav"),
            corpus="toy",
            speaker=f"toy/{who:02}",
            label=label,
            gender="mf"[who % 2],
        )
        for who in range(1, speakers + 1)
        for take in range(takes)
        for label in labels
    )
    return Corpus("toy", Path("/toy"), labels, clips, "none", "nobody", True)


def bundle(
    train: tuple[str, ...] = ("other/01",),
    validation: tuple[str, ...] = (),
    labels: tuple[str, ...] = LABELS,
    corpora: tuple[str, ...] = ("ravdess",),
) -> Any:
    split = SimpleNamespace(train=train, validation=validation)
    manifest = SimpleNamespace(split=split, labels=labels, corpus={name: {} for name in corpora})
    return SimpleNamespace(manifest=manifest, directory=Path("/nowhere"), id="ab" * 32)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Corpus], list[str]]:
    """Let every name be this corpus; return the names that were asked for."""

    def install(found: Corpus) -> list[str]:
        asked: list[str] = []

        def load_corpus(name: str) -> Corpus:
            asked.append(name)
            return found

        monkeypatch.setattr(on_corpus, "load_corpus", load_corpus)
        return asked

    return install


Load = Callable[[Corpus], list[str]]


class TestSpeakers:
    def test_everybody_else_is_scored(self, load: Load) -> None:
        load(corpus())
        chosen = choose(bundle(("toy/01",), ("toy/02",)), "toy")
        assert chosen.speakers == ("toy/03", "toy/04")
        assert {clip.speaker for clip in chosen.clips} == set(chosen.speakers)

    @pytest.mark.parametrize("part", ["train", "validation"])
    def test_who_was_selected_on_is_as_heard_as_who_was_trained_on(self, load: Load, part: str) -> None:
        load(corpus())
        with pytest.raises(SpeakerLeak, match="toy/02") as caught:
            choose(bundle(**{part: ("toy/02",)}), "toy", ["02", "03"])
        assert caught.value.remedy == "score only toy/01, toy/03, toy/04"

    def test_who_was_heard_and_is_not_in_the_corpus_does_not_matter(self, load: Load) -> None:
        load(corpus())
        assert len(choose(bundle(("other/01",)), "toy").speakers) == 4

    def test_nobody_is_left(self, load: Load) -> None:
        load(corpus(2))
        with pytest.raises(SpeakerLeak, match="every speaker of toy") as caught:
            choose(bundle(("toy/01",), ("toy/02",)), "toy")
        assert "another corpus" in caught.value.remedy

    @pytest.mark.parametrize("name", ["03", " 03 ", "toy/03"])
    def test_names_may_be_short_and_have_blanks(self, load: Load, name: str) -> None:
        load(corpus())
        assert choose(bundle(), "toy", [name]).speakers == ("toy/03",)

    def test_an_unknown_name_lists_the_known_ones(self, load: Load) -> None:
        load(corpus(2))
        with pytest.raises(CorpusInvalid, match="no speaker '9'") as caught:
            choose(bundle(), "toy", ["9"])
        assert "toy/01, toy/02" in caught.value.remedy

    def test_the_proof_is_of_those_that_are_scored(self, load: Load) -> None:
        load(corpus())
        first, again, other = (
            choose(bundle(("toy/01",)), "toy", [name]).proof.hash for name in ("03", "03", "04")
        )
        assert first == again != other


class TestClasses:
    def test_truth_is_in_the_bundles_order(self, load: Load) -> None:
        load(corpus())
        chosen = choose(bundle(labels=("sad", "happy")), "toy")
        assert [("sad", "happy")[index] for index in chosen.truth] == [clip.label for clip in chosen.clips]

    def test_what_the_bundle_does_not_know_is_counted_and_said(self, load: Load) -> None:
        load(corpus(labels=("angry", "happy", "calm")))
        with told() as lines:
            chosen = choose(bundle(), "toy")
        assert chosen.left_out == {"angry": 8, "calm": 8}
        assert [line.split("'")[1] for line in lines] == ["angry", "calm"]
        assert {clip.label for clip in chosen.clips} == {"happy"}

    def test_no_class_in_common_names_both_sides(self, load: Load) -> None:
        load(corpus(labels=("angry",)))
        with pytest.raises(CorpusInvalid) as caught:
            choose(bundle(), "toy")
        assert "the bundle knows: happy, sad; the corpus: angry" in caught.value.remedy

    def test_priors_are_counted_over_training_speakers_alone(self, load: Load) -> None:
        load(corpus(takes=3))
        chosen = choose(bundle(("toy/01", "toy/02"), ("toy/03",)), "toy")
        assert chosen.train_counts is not None
        assert chosen.train_counts.tolist() == [6, 6]

    def test_without_them_there_are_none(self, load: Load) -> None:
        load(corpus())
        assert choose(bundle(("other/01",)), "toy").train_counts is None


class TestItsOwnCorpus:
    EMOTIONS = sorted(name for name, reader in READERS.items() if reader.task == "emotion")
    OTHERS = sorted(name for name, reader in READERS.items() if reader.task != "emotion")

    @pytest.mark.parametrize("name", EMOTIONS)
    def test_a_word_corpus_beside_it_is_not_meant(self, name: str) -> None:
        assert own_corpus(bundle(corpora=(self.OTHERS[0], name))) == name

    @pytest.mark.parametrize("corpora", [(), (OTHERS[0],), ("unheard-of",), tuple(EMOTIONS[:2])])
    def test_none_or_two_are_not_guessed(self, corpora: tuple[str, ...]) -> None:
        with pytest.raises(InvalidSetting) as caught:
            own_corpus(bundle(corpora=corpora))
        assert all(name in caught.value.remedy for name in self.EMOTIONS)

    def test_it_is_the_default(self, load: Load) -> None:
        asked = load(corpus())
        choose(bundle(corpora=("ravdess",)))
        choose(bundle(corpora=("ravdess",)), "toy:/here")
        assert asked == ["ravdess", "toy:/here"]


class TestThinning:
    @given(st.integers(1, 200), st.integers(1, 200))
    def test_no_more_than_asked_for_in_order_and_none_twice(self, count: int, limit: int) -> None:
        items = list(range(count))
        found = thin(items, limit)
        assert len(found) == min(count, limit)
        assert found == sorted(set(found))
        assert found[0] == 0
        assert limit == 1 or found[-1] == count - 1

    def test_without_a_limit_all_stay(self) -> None:
        assert thin("abc", None) == ["a", "b", "c"]


class TestAmong:
    @given(
        st.lists(st.integers(-128, 127), min_size=3, max_size=3), st.sets(st.sampled_from("abc"), min_size=1)
    )
    def test_only_a_class_that_is_there_can_win(self, scores: list[int], present: set[str]) -> None:
        found = among(np.array([scores], np.int8), tuple("abc"), sorted(present))
        assert "abc"[found[0].argmax()] in present
        for label, before, after in zip("abc", scores, found[0], strict=True):
            assert after == (before if label in present else -1000)


def test_a_bundle_without_prints_says_what_cannot_be_found() -> None:
    with told() as lines:
        require_unheard_sound(bundle(), [("a.wav", np.ones(16000, np.int16))])
    assert len(lines) == 1 and "copies under other names cannot be found" in lines[0]
