"""A new corpus is one file; slices and schemes of classes are chosen by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, UnknownName
from firmware_bridge.base.parts import Parts
from train.corpora import READERS, Clip, Corpus, load_corpus
from train.corpora.classes import apply_scheme, schemes, shared_labels
from train.corpora.registry import Slice, choose, reader

NEW_READER = """
from pathlib import Path
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Slice, reader

def first(corpus):
    from dataclasses import replace
    return replace(corpus, clips=corpus.clips[:2])

@reader("whistles", task="emotion", summary="a new corpus in one file", slices={"first": Slice(first, "two clips")})
def load(root: Path) -> Corpus:
    files = sorted(root.iterdir())
    clips = [Clip(p, "whistles", f"whistles/{p.stem[0]}", "happy" if "h" in p.stem else "sad") for p in files]
    return Corpus("whistles", root, ("happy", "sad"), tuple(clips), "none", "nobody", True)
"""


@pytest.fixture
def whistles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A corpus that a file outside the package adds; gone afterwards."""
    import importlib.util

    (tmp_path / "whistles.py").write_text(NEW_READER)
    spec = importlib.util.spec_from_file_location("whistles", tmp_path / "whistles.py")
    assert spec and spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    root = tmp_path / "data"
    root.mkdir()
    for name in ("a-h", "a-s", "b-h", "b-s"):
        (root / name).write_text("")
    yield f":{root}"
    del READERS["whistles"]


def test_a_new_corpus_is_one_file(whistles: str) -> None:
    assert load_corpus(f"whistles{whistles}").counts() == {"happy": 2, "sad": 2}
    with pytest.raises(CorpusInvalid, match=r"one speaker \(whistles/a\)"):
        load_corpus(f"whistles/first{whistles}")


def test_the_same_name_twice_is_refused(whistles: str) -> None:
    with pytest.raises(InvalidSetting, match="two corpus parts are called 'whistles'"):
        reader("whistles", task="emotion", summary="again")(lambda root: None)  # type: ignore[arg-type, return-value]


def test_unknown_names_list_the_valid_ones(whistles: str) -> None:
    with pytest.raises(UnknownName, match="unknown corpus 'whistle'") as caught:
        load_corpus("whistle")
    assert all(name in caught.value.remedy for name in ("iemocap", "ravdess", "whistles"))
    with pytest.raises(UnknownName, match="unknown slice of whistles 'last'") as caught:
        load_corpus(f"whistles/last{whistles}")
    assert caught.value.remedy == "use one of: all, eight, first, four, mitra, seven, six"
    with pytest.raises(UnknownName) as caught:
        choose("wake_words/four")
    assert "it has no slices" in caught.value.remedy


def test_choices_are_taken_apart(whistles: str) -> None:
    choice = choose(f"whistles/four+first{whistles}")
    assert (choice.reader.name, choice.slices) == ("whistles", ("four", "first"))
    assert choice.root.name == "data"


def test_parts_keep_their_order() -> None:
    parts: Parts[int] = Parts("number")
    parts.add("two", 2)
    parts.add("one", 1)
    assert (list(parts), parts.find("one")) == (["two", "one"], 1)
    with pytest.raises(UnknownName, match="unknown number 'three'"):
        parts.find("three")


def corpus(*labels: str, name: str = "toy", **facts: Any) -> Corpus:
    clips = tuple(
        Clip(Path(f"{n}.wav"), name, f"{name}/{n}", None if label == "-" else label, **facts)
        for n, label in enumerate(labels)
    )
    own = tuple(dict.fromkeys(label for label in labels if label != "-"))
    return Corpus(name, Path(), own, clips, "none", "nobody", True)


def test_a_scheme_maps_and_leaves_out_and_says_so(said: list[str]) -> None:
    four = apply_scheme(corpus("excited", "angry", "calm", "happy", "-", "sad"), "four")
    assert [clip.label for clip in four.clips] == ["happy", "angry", "happy", "sad"]
    assert four.labels == ("angry", "happy", "sad")
    assert said == ["toy/four: 2 of 6 clips left out (1 calm, 1 no agreement)"]


def test_all_is_the_corpus_itself() -> None:
    whole = corpus("excited", "calm")
    assert apply_scheme(whole, "all") is whole


def test_schemes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UnknownName, match="'five'") as caught:
        apply_scheme(corpus("sad", "happy"), "five")
    assert "four" in caught.value.remedy
    with pytest.raises(CorpusInvalid, match="has 1 of the classes of 'four'"):
        apply_scheme(corpus("sad", "calm"), "four")


def test_a_corpus_with_names_of_its_own_goes_by_its_votes() -> None:
    votes = (("anger", 0.2), ("rage", 0.3), ("joy", 0.4), ("trust", 0.1))
    given = replace(corpus("joy", "anger", name="em2ldl", votes=votes))
    four = apply_scheme(given, "four")
    assert [clip.label for clip in four.clips] == ["angry", "angry"]
    assert dict(four.clips[0].votes or ()) == pytest.approx({"angry": 5 / 9, "happy": 4 / 9})
    even = apply_scheme(corpus("joy", "anger", name="em2ldl", votes=(("joy", 0.5), ("rage", 0.5))), "four")
    assert even.clips == (), "two equal families are no label"


def test_every_emotion_of_the_table_is_one_that_a_reader_gives() -> None:
    from train.corpora import (  # fmt: skip
        cmu_mosei,
        crema_d,
        em2ldl,
        emodb,
        iemocap_labels,
        meld,
        msp_improv,
        msp_podcast,
        nemo,
        ravdess,
        savee,
        tess,
        urdu,
    )

    given = {
        label
        for part in (crema_d, emodb, meld, nemo, ravdess, savee, tess, urdu)
        for label in part.EMOTIONS.values()
    }
    given |= {
        *iemocap_labels.CODES.values(),
        *msp_improv.CODES.values(),
        *msp_podcast.CLASSES.values(),
        *cmu_mosei.LABELS,
    }
    for scheme in schemes().values():
        for name, table in scheme.tables.items():
            known = set(em2ldl.EMOTIONS) if name == "em2ldl" else given
            emotions = [emotion for listed in table.values() for emotion in listed]
            assert set(emotions) <= known, scheme.name
            assert len(emotions) == len(set(emotions)), "an emotion is in one class at most"
    assert set(READERS) >= {"em2ldl"}


def test_shared_classes_of_several_corpora() -> None:
    one, two = corpus("angry", "happy", "sad"), corpus("sad", "angry", "bored")
    assert shared_labels([one, two]) == ("angry", "sad")
    with pytest.raises(CorpusInvalid, match="share 0 classes") as caught:
        shared_labels([one, corpus("joy", "grief")])
    assert "NAME/four" in caught.value.remedy


def test_slices_are_documented() -> None:
    for name, known in READERS.items():
        assert all(isinstance(part, Slice) and part.summary for part in known.slices.values()), name
