"""MSP-Podcast in all forms of its releases, and MSP-IMPROV, as miniatures, whole and damaged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora import UNKNOWN_SPEAKER, load_corpus
from train.corpora.msp_podcast_votes import read_ballots

RELEASES = ("1.6", "1.9", "1.11", "2.0", "json")


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_gives_the_same_records(mini: Any, release: str) -> None:
    corpus = load_corpus(f"msp_podcast/all:{mini.msp_podcast(release)}")
    assert len(corpus.with_audio()) == 40
    counts = corpus.counts()
    assert {label: counts[label] for label in ("angry", "contempt", "neutral", "other")} == {
        "angry": 4, "contempt": 4, "neutral": 4, "other": 4,
    }  # fmt: skip
    assert sum(clip.label is None for clip in corpus.clips) == 4
    clip = corpus.clips[9]
    assert (clip.speaker, clip.gender, clip.partition) == ("msp_podcast/11", "male", "train")
    assert (clip.valence, clip.dominance) == (0.0, 1.0)
    assert clip.arousal == pytest.approx(-0.6)
    assert clip.transcript == "words of 9"
    # Two raters sad, one "Other-tired": other counts in the divisor.
    assert {label: share for label, share in clip.votes or () if share} == pytest.approx(
        {"sad": 2 / 3, "other": 1 / 3}
    )
    assert clip.raters == 3
    assert Counter(clip.partition for clip in corpus.clips) == {
        "train": 16, "validation": 8, "test1": 8, "test2": 8,
    }  # fmt: skip


def test_mentions_count_secondary_emotions_once_per_rater(mini: Any) -> None:
    corpus = load_corpus(f"msp_podcast/mentions:{mini.msp_podcast()}")
    # sad + angry, other, sad (+ Concerned, which no class stands for).
    assert {label: share for label, share in corpus.clips[0].votes or () if share} == pytest.approx(
        {"sad": 0.5, "angry": 0.25, "other": 0.25}
    )


def test_by_default_the_eight_classes_that_raters_agreed_on(mini: Any, said: list[str]) -> None:
    corpus = load_corpus(f"msp_podcast:{mini.msp_podcast()}")
    assert corpus.counts() == dict.fromkeys(
        ("angry", "contempt", "disgust", "fearful", "happy", "neutral", "sad", "surprised"), 4
    )
    assert said == [
        "msp_podcast: 1 of 40 clips have no speaker; no speaker-independent figure uses them",
        "msp_podcast/eight: 8 of 40 clips left out (4 no agreement, 4 other)",
    ]
    assert sum(clip.speaker == UNKNOWN_SPEAKER for clip in corpus.clips) == 1


def test_mitras_six_are_a_slice(mini: Any) -> None:
    corpus = load_corpus(f"msp_podcast/mitra:{mini.msp_podcast()}")
    assert corpus.labels == ("neutral", "happy", "angry", "sad", "contempt", "surprised")
    assert len(corpus.clips) == 24


def test_without_single_raters_there_are_labels_only(mini: Any, said: list[str]) -> None:
    root = mini.msp_podcast()
    (root / "Labels" / "labels_detailed.csv").unlink()
    corpus = load_corpus(f"msp_podcast:{root}")
    assert all(clip.votes is None for clip in corpus.clips)
    assert said[0] == "msp_podcast: no labels_detailed.csv: there are labels and no votes"
    with pytest.raises(CorpusInvalid, match=r"no labels_detailed\.csv"):
        load_corpus(f"msp_podcast/mentions:{root}")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (",A,2.2,", ",Q,2.2,", r"labels_consensus\.csv:2: unknown class 'Q'"),
        (",A,2.2,", ",A,9.2,", "EmoAct 9.2 is outside 1 to 7"),
        (",A,2.2,", ",A,high,", "EmoAct 'high' is not a number"),
        (",Train", ",Practice", "unknown part 'Practice'"),
        ("EmoVal", "Valence", "no column EmoVal"),
        (",A,2.2,4.0", ",A,2.2", "7 cells instead of 8"),
    ],
)
def test_damaged_consensus_rows_name_their_line(mini: Any, old: str, new: str, says: str) -> None:
    root = mini.msp_podcast(sound=False)
    table = root / "Labels" / "labels_consensus.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"msp_podcast:{root}")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("; Sad; Sad,Angry;", "; Gloomy; Sad,Angry;", "unknown emotion 'Gloomy'"),
        ("; A:4.0; V:4.0", "", "is not a rater's answer"),
        ("EmoDetail", "Details", "no column EmoDetail or EmoClass_Major"),
    ],
)
def test_damaged_answers_name_their_line(mini: Any, old: str, new: str, says: str) -> None:
    root = mini.msp_podcast(sound=False)
    table = root / "Labels" / "labels_detailed.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"msp_podcast:{root}")


def test_damaged_json_is_refused(mini: Any, tmp_path: Path) -> None:
    root = mini.msp_podcast("json", sound=False)
    table = root / "Labels" / "labels_consensus.json"
    whole = table.read_text()
    table.write_text(whole[:-10])
    with pytest.raises(CorpusInvalid, match=r"labels_consensus\.json:1: not JSON"):
        load_corpus(f"msp_podcast:{root}")
    table.write_text(whole.replace('"EmoVal"', '"Val"', 1))
    with pytest.raises(CorpusInvalid, match="no EmoVal"):
        load_corpus(f"msp_podcast:{root}")
    faces = mini.text(
        tmp_path / "faces.json", '{"a.wav": {"Workers": [{"Name": "w", "EmoClass_Major": "Happy"}]}}'
    )
    assert [ballot.major for ballot in read_ballots(faces)["a.wav"]] == ["happy"]
    with pytest.raises(CorpusInvalid, match="rater 1: no EmoClass_Major"):
        read_ballots(mini.text(tmp_path / "none.json", '{"a.wav": {"Workers": [{"Name": "w"}]}}'))


def test_no_labels_at_all_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match=r"no Labels/labels_consensus\.csv"):
        load_corpus(f"msp_podcast:{tmp_path}")


@pytest.mark.parametrize("spelling", ["Evaluation.txt", "Evalution.txt"])
def test_improv_in_both_spellings(mini: Any, spelling: str) -> None:
    corpus = load_corpus(f"msp_improv/all:{mini.msp_improv(spelling)}")
    assert len(corpus.with_audio()) == 18
    assert corpus.counts() == dict.fromkeys(("angry", "happy", "sad", "neutral", "other"), 3)
    clip = next(clip for clip in corpus.clips if clip.path.stem == "MSP-IMPROV-S01H-M02-R-FM01")
    assert (clip.speaker, clip.gender, clip.session) == ("msp_improv/M02", "male", "session2")
    assert (clip.label, clip.style, clip.script) == ("happy", "scripted", "S01")
    assert (clip.arousal, clip.valence, clip.dominance) == (0.0, 1.0, None)
    assert clip.extra == (("naturalness", 4.0),)
    # The first rater's line is there twice and counts once.
    assert dict(clip.votes or ()) == pytest.approx(
        {"angry": 0, "happy": 0.5, "sad": 0, "neutral": 0.5, "other": 0}
    )
    assert clip.raters == 2


def test_improv_slices_and_default_classes(mini: Any) -> None:
    root = mini.msp_improv()
    assert load_corpus(f"msp_improv:{root}").labels == ("angry", "happy", "neutral", "sad")
    styles = {
        name: len(load_corpus(f"msp_improv/all+{name}:{root}").clips)
        for name in ("improvised", "scripted", "natural")
    }
    assert styles == {"improvised": 6, "scripted": 6, "natural": 6}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("; A; A:3", "; Q; A:3", "unknown class 'Q'"),
        ("WORKER1; Angry", "WORKER1; Rage", r"Evaluation\.txt:2: unknown emotion 'Rage'"),
        ("V:5.000000", "V:6.000000", "valence 6 is outside 1 to 5"),
        ("UTD-IMPROV-S01A-F01-P-FM00.avi; A; A:3.000000;", "UTD-IMPROV-S01A-F01-P-FM00.avi; A;", r":1: neither a clip"),
        ("S01A-F01-P-FM00", "S01A-X01-P-FM00", "not a file name of this corpus"),
    ],
)  # fmt: skip
def test_improv_damaged_lines_are_named(mini: Any, old: str, new: str, says: str) -> None:
    path = mini.msp_improv() / "Evaluation.txt"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"msp_improv:{path.parent}")


def test_improv_recordings_in_the_wrong_session_and_unlisted_ones(mini: Any, said: list[str]) -> None:
    root = mini.msp_improv()
    mini.sound(root / "session1" / "S01A" / "P" / "MSP-IMPROV-S01A-F01-P-FM77.wav")
    load_corpus(f"msp_improv:{root}")
    assert said[0] == "msp_improv: 1 sound files are not in Evaluation.txt: left out"
    name = "S01A/P/MSP-IMPROV-S01A-F01-P-FM00.wav"
    (root / "session2" / "S01A" / "P").mkdir(parents=True, exist_ok=True)
    (root / "session1" / name).rename(root / "session2" / name)
    with pytest.raises(CorpusInvalid, match="a recording of session1"):
        load_corpus(f"msp_improv:{root}")
    with pytest.raises(CorpusMissing, match=r"no Evaluation\.txt"):
        load_corpus(f"msp_improv:{root / 'session1'}")
