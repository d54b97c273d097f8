"""Finding corpora, and the errors of those who cannot be found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware_bridge.base.errors import AudioUnreadable, CorpusMissing, UnknownName
from firmware_bridge.sound.audio import write_wav
from train.corpora import READERS, data_folders, find_data, load_corpus
from train.corpora.reading import read_clips


def test_every_corpus_of_the_design_is_there() -> None:
    assert list(READERS) == [
        "aligned_words", "cmu_mosei", "crema_d", "em2ldl", "emodb", "iemocap", "meld", "msp_improv",
        "msp_podcast", "nemo", "ravdess", "savee", "speech_commands", "spoken_digits", "synthetic",
        "synthetic_words", "synthetic_raters", "table", "tess", "urdu", "wake_words",
    ]  # fmt: skip
    assert all(known.summary and known.task in ("emotion", "keyword", "text") for known in READERS.values())


def test_unknown_corpus_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        load_corpus("ravdes")
    assert "ravdess" in caught.value.remedy


def test_data_folders_follow_the_variable_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ravdess: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    monkeypatch.setenv("UNDERTONE_DATA", os.pathsep.join([str(first), str(second)]))
    assert data_folders() == [first, second]
    assert find_data("ravdess") is None
    ravdess.rename(second / "ravdess")
    assert find_data("ravdess") == second / "ravdess"
    assert len(load_corpus("ravdess").clips) == 16
    (first / "ravdess").mkdir()
    assert find_data("ravdess") == first / "ravdess"


def test_without_the_variable_data_comes_before_the_shared_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERTONE_DATA", raising=False)
    names = [(folder.name, folder.parent.name) for folder in data_folders()]
    assert names[0][0] == "data"
    assert names[1] == ("data", "shared")


def test_a_corpus_that_is_nowhere_names_the_places_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
    with pytest.raises(CorpusMissing, match="urdu was not found") as caught:
        load_corpus("urdu")
    assert str(tmp_path / "urdu") in caught.value.what
    assert "UNDERTONE_DATA" in caught.value.remedy


@pytest.mark.parametrize(
    "name", ["ravdess", "urdu", "speech_commands", "wake_words", "spoken_digits", "crema_d"]
)
def test_missing_and_empty_folders_are_told_apart(name: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match="no such folder"):
        load_corpus(f"{name}:{tmp_path / 'absent'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusMissing, match=r"no sound files|no tabulatedVotes") as caught:
        load_corpus(f"{name}:{tmp_path / 'empty'}")
    assert caught.value.remedy


def test_reading_says_each_conversion_once(ravdess: Path, said: list[str]) -> None:
    import numpy as np
    import soundfile

    clips = load_corpus(f"ravdess:{ravdess}").clips
    for clip in clips[:3]:
        soundfile.write(clip.path, np.zeros((800, 2), np.int16) + 5, 8000)
    sounds = read_clips(clips)
    assert [len(pcm) for pcm in sounds[:4]] == [1600] * 4
    assert said == ["converted 8000 Hz to 16000 Hz: 3 of 16 files", "converted stereo to mono: 3 of 16 files"]


def test_reading_stops_at_a_damaged_clip(ravdess: Path) -> None:
    clips = load_corpus(f"ravdess:{ravdess}").clips
    clips[5].path.write_bytes(clips[5].path.read_bytes()[:900])
    with pytest.raises(AudioUnreadable, match=clips[5].path.name):
        read_clips(clips)


def test_hidden_files_and_other_files_are_no_clips(ravdess: Path) -> None:
    import numpy as np

    write_wav(ravdess / "Actor_01" / "._03-01-01-01-02-01-01.wav", np.zeros(5, np.int16))
    (ravdess / "Actor_01" / "README.txt").write_text("hello")
    assert len(load_corpus(f"ravdess:{ravdess}").clips) == 16
