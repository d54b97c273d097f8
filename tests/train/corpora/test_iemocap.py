"""IEMOCAP as a miniature: votes, speakers, slices, the fifth class, and every kind of damage."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing, UnknownName
from train.corpora import load_corpus
from train.corpora.iemocap_fifth import alone
from train.corpora.iemocap_labels import read_turns
from train.corpora.reading import read_clips

LABELS = Path("Session1/dialog/EmoEvaluation/Ses01F_impro05.txt")


def test_by_default_the_four_usual_classes_with_excited_as_happy(mini: Any, said: list[str]) -> None:
    corpus = load_corpus(f"iemocap:{mini.iemocap()}")
    assert corpus.counts() == {"angry": 10, "happy": 20, "neutral": 20, "sad": 10}
    assert said == ["iemocap/four: 20 of 80 clips left out (10 frustrated, 10 no agreement)"]
    assert len(corpus.speakers) == 10


def test_the_speaker_is_who_talks_not_who_wore_the_markers(mini: Any) -> None:
    corpus = load_corpus(f"iemocap/all:{mini.iemocap()}")
    clip = next(clip for clip in corpus.clips if clip.path.stem == "Ses01F_impro05_M001")
    assert (clip.speaker, clip.gender, clip.session) == ("iemocap/Ses01M", "male", "Session1")
    assert (clip.script, clip.style) == ("impro05", "improvised")
    assert clip.transcript == "Line 1 of impro05."
    assert (clip.valence, clip.arousal, clip.dominance) == (-0.75, 0.5, 0.75)


def test_all_keeps_what_raters_did_not_agree_on_and_their_votes(mini: Any) -> None:
    corpus = load_corpus(f"iemocap/all:{mini.iemocap()}")
    assert len(corpus.clips) == 80
    torn = next(clip for clip in corpus.clips if clip.path.stem == "Ses01F_impro05_F006")
    assert torn.label is None
    # One rater angry, one angry and other, one sad; the speaker's own fear does not count.
    heard = {label: share for label, share in torn.votes or () if share}
    assert heard == pytest.approx({"angry": 0.5, "other": 1 / 6, "sad": 1 / 3})
    assert corpus.labels == ("angry", "happy", "excited", "sad", "neutral", "frustrated", "other")
    assert torn.raters == 3
    assert corpus.counts()["frustrated"] == 10


def test_under_four_classes_votes_are_shares_of_the_four(mini: Any) -> None:
    corpus = load_corpus(f"iemocap:{mini.iemocap()}")
    clip = next(clip for clip in corpus.clips if clip.path.stem == "Ses01F_impro05_F002")
    assert clip.label == "happy"
    # excited 1 + 1/2 of 3, sad 1 of 3, other 1/2 of 3 left out.
    assert dict(clip.votes or ()) == pytest.approx({"angry": 0, "happy": 0.6, "neutral": 0, "sad": 0.4})


def test_improvised_and_scripted_are_slices(mini: Any) -> None:
    root = mini.iemocap()
    for style, script in (("improvised", "impro05"), ("scripted", "script01_1")):
        corpus = load_corpus(f"iemocap/{style}:{root}")
        assert len(corpus.clips) == 30
        assert corpus.counts() == {"angry": 5, "happy": 10, "neutral": 10, "sad": 5}
        assert {clip.script for clip in corpus.clips} == {script}
    assert len(load_corpus(f"iemocap/all+scripted:{root}").clips) == 40
    with pytest.raises(UnknownName, match="unknown slice of iemocap 'sung'") as caught:
        load_corpus(f"iemocap/sung:{root}")
    assert "improvised" in caught.value.remedy
    assert "four" in caught.value.remedy


def test_the_fifth_class_is_the_other_speaker_alone(
    mini: Any, monkeypatch: pytest.MonkeyPatch, said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path / "nothing"))
    corpus = load_corpus(f"iemocap/five:{mini.iemocap()}")
    assert corpus.labels == ("angry", "happy", "neutral", "sad", "none")
    assert corpus.counts()["none"] == 15
    none = [clip for clip in corpus.clips if clip.label == "none"]
    assert all(clip.channel == "fainter" and not clip.whole for clip in none)
    assert {clip.path.parent.parent.name for clip in none} == {"dialog"}
    # Turns are 2.5 s long and half a second apart: the whole of each is alone.
    assert {round(clip.end_s - clip.start_s, 3) for clip in none} == {2.5}
    assert "iemocap/five: no recorded noises" in said[1]


def test_the_fifth_class_takes_the_fainter_channel(mini: Any, tmp_path: Path) -> None:
    root = mini.iemocap()
    for path in root.glob("Session*/dialog/wav/*.wav"):
        both, rate = soundfile.read(path, dtype="int16")
        soundfile.write(path, np.stack([both[:, 0], both[:, 0] // 100], axis=1), rate, subtype="PCM_16")
    corpus = load_corpus(f"iemocap/five:{root}")
    none = [clip for clip in corpus.clips if clip.channel == "fainter"]
    loudest = [int(np.abs(pcm.astype(int)).max()) for pcm in read_clips(none)]
    assert max(loudest) <= 327, "the loud channel must not be heard"


def test_noises_are_dealt_to_sessions_and_stay_in_the_slices(
    mini: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(10):
        mini.sound(tmp_path / "data" / "musan" / "noise" / "free-sound" / f"noise-{number}.wav", seconds=6.0)
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path / "data"))
    root = mini.iemocap()
    corpus = load_corpus(f"iemocap/five:{root}")
    noises = [clip for clip in corpus.clips if clip.speaker.startswith("iemocap/noise")]
    assert 7 <= len(noises) <= 8
    sessions = {clip.path: {other.session for other in noises if other.path == clip.path} for clip in noises}
    assert all(len(found) == 1 for found in sessions.values()), "no noise in two sessions"
    assert corpus.fingerprint()
    assert load_corpus(f"iemocap/five+improvised:{root}").counts()["none"] == 15


def test_without_dialogues_and_noises_there_is_no_fifth_class(
    mini: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
    with pytest.raises(CorpusMissing, match="nothing to make the class 'none' of"):
        load_corpus(f"iemocap/five:{mini.iemocap(dialogues=False)}")


@pytest.mark.parametrize(
    ("turn", "others", "free"),
    [
        ((0.0, 4.0), [], [(0.0, 4.0)]),
        ((0.0, 4.0), [(1.5, 2.0)], [(0.0, 1.5), (2.0, 4.0)]),
        ((0.0, 4.0), [(0.5, 3.5)], []),
        ((0.0, 4.0), [(-1.0, 1.0), (3.0, 9.0)], [(1.0, 3.0)]),
        ((0.0, 9.0), [(8.5, 9.0)], [(0.0, 5.0)]),
        ((2.0, 4.0), [(0.0, 9.0)], []),
        ((0.0, 4.0), [(1.0, 3.0), (0.0, 2.0)], [(3.0, 4.0)]),
    ],
)
def test_alone_is_a_second_at_least_and_five_at_most(
    turn: tuple[float, float], others: list[tuple[float, float]], free: list[tuple[float, float]]
) -> None:
    assert alone(turn, others) == free


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("\tang\t", "\tjoy\t", "unknown class 'joy'"),
        ("C-E1:\tAnger;", "C-E1:\tRage;", "unknown vote 'Rage'"),
        ("[1.5000, 4.0000, 4.5000]", "[1.5000, 4.0000]", "not the header of a turn"),
        ("[1.5000, 4.0000", "[9.5000, 4.0000", "valence 9.5 is outside 1 to 5.5"),
        ("[1.5000, 4.0000", "[x, 4.0000", "valence 'x' is not a number"),
        ("[0.0000 - 2.5000]", "[2.5000 - 0.0000]", "ends at 0 s and begins at 2.5 s"),
        ("C-E1:", "D-E1:", "neither a turn nor a rater's line"),
        ("\tSes01F_impro05_F000\t", "\tSes02F_impro05_F000\t", "not of this session and dialogue"),
        ("\tSes01F_impro05_F000\t", "\tSes01F_impro05_M001\t", "Ses01F_impro05_M001 is labelled twice"),
        ("\tSes01F_impro05_F000\t", "\tSes01F_other_F000\t", "not a file name of this corpus"),
    ],
)
def test_damaged_labels_name_file_and_line(mini: Any, old: str, new: str, says: str) -> None:
    path = mini.iemocap(sessions=2) / LABELS
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"iemocap:{path.parents[3]}")


def test_missing_parts_are_named(mini: Any, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match="no folder Session1"):
        load_corpus(f"iemocap:{tmp_path}")
    root = mini.iemocap(sessions=2)
    (root / "Session1/dialog/transcriptions/Ses01F_impro05.txt").unlink()
    (root / "Session1/sentences/wav/Ses01F_impro05/Ses01F_impro05_F000.wav").unlink()
    corpus = load_corpus(f"iemocap:{root}")
    assert [clip.path.stem for clip in corpus.clips if not clip.has_audio] == ["Ses01F_impro05_F000"]
    assert "no words for Ses01F_impro05" in said[0]
    for path in (root / "Session2/dialog/EmoEvaluation").iterdir():
        path.unlink()
    with pytest.raises(CorpusMissing, match="Session2: no dialog/EmoEvaluation"):
        load_corpus(f"iemocap:{root}")


def test_turns_are_read_as_published(mini: Any) -> None:
    turns = read_turns(mini.iemocap(sessions=1) / LABELS)
    assert Counter(turn.label for turn in turns) == {
        "angry": 1, "happy": 1, "excited": 1, "sad": 1, "neutral": 2, "frustrated": 1, None: 1,
    }  # fmt: skip
    assert turns[0].attributes == (1.5, 4.0, 4.5)
    assert turns[0].ballots == (("angry",), ("angry", "other"), ("sad",))
    assert (turns[3].start_s, turns[3].end_s) == (9.0, 11.5)
