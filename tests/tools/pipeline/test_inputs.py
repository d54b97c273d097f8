"""What a build starts from: corpora or their stand-ins, splits, truth."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing, EnvironmentLacking, InvalidSetting
from tests.support.told import told
from tools.pipeline import inputs as module
from tools.pipeline.inputs import effective_recipe, gather, has_foundation, resolve_corpus, split_words
from tools.pipeline.recipe import Recipe, parse_recipe
from train.corpora import load_corpus
from train.corpora.record import Clip, Corpus
from train.corpora.speech_commands import official_part

WORDS = ("bed", "cat")
TABLE = dict.fromkeys(
    ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"), (20, 40, 40)
)


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    """The answer about the foundation model is kept for a process: not from one test to the next."""
    module.yamnet_at_hand.cache_clear()
    yield
    module.yamnet_at_hand.cache_clear()


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the user is told."""
    with told() as lines:
        yield lines


def recipe_for(ravdess: Path, words: Path, **changes: Any) -> Recipe:
    data = {
        "name": "tiny",
        "kind": "scratch",
        "emotion_corpus": f"ravdess:{ravdess}",
        "keyword_corpus": f"speech_commands:{words}",
        "foundation": {"network": "none"},
        "split": {"test": 2, "validation": 1},
        "composed": {"words": WORDS, "table": TABLE},
    }
    return parse_recipe(data | changes, "test")


def test_a_build_gathers_disjoint_speakers(ravdess: Path, words: Path) -> None:
    found = gather(recipe_for(ravdess, words))
    assert len(found.clips) == 48
    assert (len(found.split.train), len(found.split.validation), len(found.split.test)) == (3, 1, 2)
    parts = [set(found.rows(part).tolist()) for part in ("train", "validation", "test")]
    assert sum(map(len, parts)) == 48
    assert set().union(*parts) == set(range(48))
    assert found.labels == tuple(TABLE)
    assert found.speech == "real"
    assert {clip.label for clip in found.keywords} == set(WORDS)
    assert {clip.label for clip in found.others} == {"dog"}
    assert {clip.speaker for clip in found.others} <= set(found.word_split.train)
    assert set(found.fingerprints) == {"ravdess", "speech_commands"}


def test_truth_and_targets_agree_with_the_labels(ravdess: Path, words: Path) -> None:
    found = gather(recipe_for(ravdess, words))
    assert [found.labels[t] for t in found.truth] == [clip.label for clip in found.clips]
    assert found.targets.shape == (48, 8)
    np.testing.assert_array_equal(found.targets.argmax(1), found.truth)


def test_where_only_votes_exist_the_winner_is_the_truth(ravdess: Path, words: Path) -> None:
    found = gather(recipe_for(ravdess, words))
    voted = replace(found.emotion_corpus.clips[0], label=None, votes=(("sad", 0.7), ("calm", 0.3)))
    changed = replace(
        found, emotion_corpus=replace(found.emotion_corpus, clips=(voted, *found.emotion_corpus.clips[1:]))
    )
    assert changed.truth[0] == found.labels.index("sad")
    assert changed.targets[0].sum() == pytest.approx(1.0)


def test_the_official_split_of_the_words_is_kept(ravdess: Path, words: Path) -> None:
    found = gather(recipe_for(ravdess, words))
    assert all(official_part(name) == "training" for name in found.word_split.train)
    assert all(official_part(name) != "training" for name in found.word_split.test)


def test_words_without_an_official_split_are_divided_by_share(words: Path) -> None:
    corpus = replace(load_corpus(f"speech_commands:{words}"), name="other")
    split = split_words(corpus, corpus.clips, seed=1)
    assert len(split.test) == 10
    assert len(split.validation) == 6


def test_the_same_seed_gives_the_same_split(ravdess: Path, words: Path) -> None:
    hashes = [gather(recipe_for(ravdess, words, seed=seed)).split.hash for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("choice", "kind"),
    [({"scaling": "range"}, "range"), ({"scaling": "fixed", "low": 0, "high": 600}, "fixed")],
)
def test_the_scaling_is_the_recipes(ravdess: Path, words: Path, choice: dict[str, Any], kind: str) -> None:
    found = gather(recipe_for(ravdess, words, frontend={"preset": "student", **choice}))
    assert found.scaling.kind == kind
    assert found.frontend.channels == 40


def test_synthetic_speech_on_either_side_tags_everything(ravdess: Path, words: Path) -> None:
    found = gather(recipe_for(ravdess, words))
    synthetic = replace(found, keyword_corpus=replace(found.keyword_corpus, origin="synthetic"))
    assert synthetic.speech == "synthetic"


def stand_in(which: str) -> Corpus:
    """Load nothing real: a stand-in answers, everything else is missing."""
    if which not in ("synthetic", "synthetic_words"):
        raise CorpusMissing(f"corpus {which} was not found", "name its folder")
    clip = Clip(Path("a.wav"), which, f"{which}/a", "happy", origin="synthetic")
    return Corpus(which, Path(), ("happy",), (clip,), "none", "nobody", True, "synthetic")


@pytest.mark.parametrize(
    ("which", "instead"), [("ravdess", "synthetic"), ("speech_commands", "synthetic_words")]
)
def test_a_default_corpus_is_replaced_and_the_user_told(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], which: str, instead: str
) -> None:
    monkeypatch.setattr(module, "load_corpus", stand_in)
    assert resolve_corpus(which).name == instead
    assert f"corpus {which} was not found" in lines[0]
    assert "synthetic voices, not about people" in lines[1]


@pytest.mark.parametrize("which", ["ravdess:/nowhere", "urdu", "crema_d", "speech_commands:/nowhere"])
def test_a_corpus_that_was_asked_for_is_never_replaced(which: str, no_data: Path) -> None:
    with pytest.raises(CorpusMissing):
        resolve_corpus(which)


def test_a_word_without_clips_is_found_at_once(ravdess: Path, words: Path) -> None:
    recipe = recipe_for(ravdess, words, composed={"words": ["bed", "owl"], "table": TABLE})
    with pytest.raises(CorpusInvalid, match="no clips of the word owl") as caught:
        gather(recipe)
    assert "bed, cat, dog" in caught.value.remedy


def test_a_word_that_a_part_lacks_is_found_at_once(
    ravdess: Path, words: Path, make_words: Callable[..., Path], tmp_path: Path
) -> None:
    few = make_words(tmp_path / "few", ("cat",), speakers=40)
    make_words(few, ("bed",), speakers=3)
    with pytest.raises(CorpusInvalid, match=r"no clips of its \w+ speakers|no \w+ speaker|no clips of"):
        gather(recipe_for(ravdess, few))


def test_an_emotion_without_a_row_in_the_table(ravdess: Path, words: Path) -> None:
    table = {label: row for label, row in TABLE.items() if label != "sad"}
    with pytest.raises(InvalidSetting, match="no row for: sad"):
        gather(recipe_for(ravdess, words, composed={"words": WORDS, "table": table}))


def test_too_few_speakers(ravdess: Path, words: Path) -> None:
    with pytest.raises(CorpusInvalid, match="too few"):
        gather(recipe_for(ravdess, words, split={"test": 4, "validation": 2}))


def test_scratch_stands_in_where_there_is_no_foundation_model(
    monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    def offline(file: object) -> Path:
        raise EnvironmentLacking("no network", "connect")

    monkeypatch.setattr(module, "find_network", lambda file: None)
    monkeypatch.setattr(module, "obtain_network", offline)
    assert effective_recipe("trunk").name == "scratch"
    assert any("stands in for 'trunk'" in line for line in lines)
    assert effective_recipe("scratch").name == "scratch"


def test_a_foundation_model_at_hand_or_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recipe = effective_recipe("scratch")
    monkeypatch.setattr(module, "find_network", lambda file: tmp_path)
    assert has_foundation(recipe)
    module.yamnet_at_hand.cache_clear()
    monkeypatch.setattr(module, "find_network", lambda file: None)
    monkeypatch.setattr(module, "obtain_network", lambda file: tmp_path)
    assert has_foundation(recipe)
    none = recipe.model_copy(update={"foundation": recipe.foundation.model_copy(update={"network": "none"})})
    assert not has_foundation(none)


def test_prepared_inputs_carry_what_was_read_into_a_copy(ravdess: Path, words: Path) -> None:
    """A copy in another process is handed the digests; nothing is read again there."""
    found = gather(recipe_for(ravdess, words))
    assert "digests" not in vars(found), "as long as nobody asks, nothing is read"
    assert found.prepared() is found
    assert {"digests", "fingerprints", "surroundings"} <= set(vars(found))
    assert vars(copy.copy(found))["digests"] == found.digests
