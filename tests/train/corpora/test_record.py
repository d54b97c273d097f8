"""The record type: targets, lookups, checks, and a fingerprint that notices every change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora import Clip, Corpus, load_corpus
from train.corpora.record import checked

LABELS = ("angry", "happy", "sad")


def clip(**facts: object) -> Clip:
    given: dict[str, object] = {"path": Path("a.wav"), "corpus": "toy", "speaker": "toy/1", "label": "happy"}
    return Clip(**{**given, **facts})  # type: ignore[arg-type]


def corpus(*clips: Clip, labels: tuple[str, ...] = ("happy",)) -> Corpus:
    return Corpus("toy", Path(), labels, clips, "none", "nobody", True)


def test_a_label_becomes_one_hot() -> None:
    target = clip().distribution(LABELS)
    assert target.dtype == np.float32
    assert target.tolist() == [0.0, 1.0, 0.0]


def test_votes_become_shares_of_the_classes_asked_for() -> None:
    votes = (("sad", 0.5), ("happy", 0.25), ("disgust", 0.25))
    target = clip(votes=votes).distribution(LABELS)
    assert target.tolist() == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert target.sum() == pytest.approx(1.0)


def test_votes_for_none_of_the_classes_fall_back_to_the_label_or_are_refused() -> None:
    votes = (("disgust", 1.0),)
    assert clip(votes=votes).distribution(LABELS).tolist() == [0.0, 1.0, 0.0]
    with pytest.raises(CorpusInvalid, match="none of angry, happy, sad"):
        clip(votes=votes, label=None).distribution(LABELS)
    with pytest.raises(CorpusInvalid, match="'calm'"):
        clip(label="calm").distribution(LABELS)


def test_speakers_and_their_clips() -> None:
    toy = corpus(clip(speaker="toy/2"), clip(), clip(speaker="toy/2", label="sad"), labels=LABELS)
    assert toy.speakers == ("toy/1", "toy/2")
    assert [found.label for found in toy.of(["toy/2"])] == ["happy", "sad"]
    assert toy.counts() == {"angry": 0, "happy": 2, "sad": 1}
    with pytest.raises(CorpusInvalid, match="no speaker toy/9") as caught:
        toy.of(["toy/9"])
    assert "toy/1, toy/2" in caught.value.remedy


def test_clips_without_sound_are_left_out_on_request() -> None:
    toy = corpus(clip(), clip(has_audio=False))
    assert len(toy.with_audio()) == 1
    with pytest.raises(CorpusInvalid, match="no audio"):
        corpus(clip(has_audio=False)).with_audio()


def test_what_cannot_be_trained_or_scored_is_refused() -> None:
    two = (clip(), clip(speaker="toy/2"))
    assert checked(corpus(*two)).clips == two
    with pytest.raises(CorpusInvalid, match="no clips of class angry, sad"):
        checked(corpus(*two, labels=LABELS))
    with pytest.raises(CorpusInvalid, match="one speaker") as caught:
        checked(corpus(clip()))
    assert caught.value.remedy
    assert not checked(corpus(clip(speaker="unknown"))).speakers_known


def test_fingerprint_notices_content_names_and_side_files(ravdess: Path) -> None:
    loaded = load_corpus(f"ravdess:{ravdess}")
    mark = loaded.fingerprint()
    assert mark == load_corpus(f"ravdess:{ravdess}").fingerprint()
    victim = loaded.clips[3].path
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    changed = loaded.fingerprint()
    assert changed != mark
    table = ravdess / "table.csv"
    table.write_text("x")
    assert replace(loaded, sidecars=(table,)).fingerprint() != changed
    assert replace(loaded, clips=loaded.clips[1:]).fingerprint() != changed


def test_fingerprint_does_not_depend_on_where_the_corpus_lies(ravdess: Path, tmp_path: Path) -> None:
    mark = load_corpus(f"ravdess:{ravdess}").fingerprint()
    moved = ravdess.rename(tmp_path / "elsewhere")
    assert load_corpus(f"ravdess:{moved}").fingerprint() == mark
