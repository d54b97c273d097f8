"""Whether a corpus is whole: each kind of damage is a finding of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from train.corpora import load_corpus, soundness
from train.corpora.facts import describe, votes_of
from train.corpora.registry import Published
from train.corpora.soundness import completeness, hear, presence


def told(findings: Any, level: str) -> list[str]:
    return [finding.what for finding in findings if finding.level == level]


def test_a_whole_corpus_has_no_damage(mini: Any) -> None:
    corpus = load_corpus(f"emodb:{mini.emodb()}")
    heard = hear(corpus.clips, corpus.name)
    assert heard.seconds == (0.25,) * 14
    assert heard.findings == ()
    published = Published(14, 2, "here")
    assert told(completeness(corpus, published), "fact") == ["all 14 published clips are there"]
    assert presence(corpus, published) == []


@pytest.mark.parametrize(
    ("published", "level", "says"),
    [
        (Published(15, 2, "here"), "warning", "14 of 15 published clips (here)"),
        (Published(13, 2, "here"), "damage", "14 clips, but 13 were published (here)"),
        (Published(14, 3, "here"), "warning", "2 of 3 published speakers"),
        (Published(14, 1, "here"), "damage", "2 of 1 published speakers"),
        (None, "fact", "nothing published to compare the counts with"),
    ],
)
def test_counts_are_compared(mini: Any, published: Published | None, level: str, says: str) -> None:
    assert says in told(completeness(load_corpus(f"emodb:{mini.emodb()}"), published), level)


def test_hashes_are_compared_where_they_are_known(mini: Any) -> None:
    corpus = load_corpus(f"crema_d:{mini.crema_d()}")
    right = "".join(
        __import__("hashlib").sha256((corpus.root / "tabulatedVotes.csv").read_bytes()).hexdigest()
    )
    good = Published(None, None, "here", {"tabulatedVotes.csv": right, "absent.csv": "0" * 64})
    assert told(completeness(corpus, good), "fact") == ["files with the published SHA-256: 1"]
    bad = Published(None, None, "here", {"tabulatedVotes.csv": "0" * 64})
    assert told(completeness(corpus, bad), "warning") == [
        "tabulatedVotes.csv is not the published file (SHA-256 differs)"
    ]


def test_clips_without_sound_are_damage_unless_published_so(mini: Any) -> None:
    root = mini.crema_d()
    (root / "AudioWAV" / "1001_IEO_ANG_XX.wav").unlink()
    (root / "AudioWAV" / "1002_IEO_DIS_XX.wav").unlink()
    corpus = load_corpus(f"crema_d:{root}")
    findings = presence(corpus, Published(None, None, "here", silent=frozenset({"1002_IEO_DIS_XX"})))
    assert told(findings, "fact") == ["published without sound: 1002_IEO_DIS_XX.wav"]
    assert told(findings, "damage") == ["1 labelled clips have no sound file: 1001_IEO_ANG_XX.wav"]
    shutil.rmtree(root / "AudioWAV")
    assert told(presence(load_corpus(f"crema_d:{root}"), None), "fact") == ["labels only: no sound is there"]


def test_every_kind_of_broken_file_is_named_and_the_rest_is_heard(mini: Any) -> None:
    root = mini.emodb() / "wav"
    files = sorted(root.iterdir())
    files[0].write_bytes(files[0].read_bytes()[:2000])
    files[1].write_bytes(b"")
    files[2].write_bytes(b"this is not sound at all, whatever its name says")
    files[3].write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    soundfile.write(files[4], np.zeros(4000, np.int16), 16_000)
    soundfile.write(files[5], np.full((4000, 2), [np.nan, 0.1], np.float32), 16_000, subtype="FLOAT")
    heard = hear(load_corpus(f"emodb:{root.parent}").clips, "emodb")
    damage = told(heard.findings, "damage")
    for name, says in zip(
        files,
        (
            "truncated",
            "the file is empty",
            "cannot be decoded",
            "a Git LFS pointer",
            "nothing but silence",
            "NaN",
        ),
        strict=False,
    ):
        assert any(name.name in line and says in line for line in damage), (name, says, damage)
    assert len(damage) == 6
    assert len(heard.seconds) == 9
    assert all(finding.remedy for finding in heard.findings if finding.level == "damage")


def test_conversions_are_counted(mini: Any) -> None:
    heard = hear(load_corpus(f"em2ldl:{mini.em2ldl()}").clips, "em2ldl")
    assert told(heard.findings, "fact") == [
        "converted 44100 Hz to 16000 Hz: 8 of 8 clips",
        "converted stereo to mono: 8 of 8 clips",
    ]


def test_a_copied_clip_is_damage_under_another_speaker_and_a_warning_under_the_same(mini: Any) -> None:
    root = mini.emodb()
    shutil.copy(root / "wav" / "03a01Wa.wav", root / "wav" / "03a02Wa.wav")
    pcm, _ = soundfile.read(root / "wav" / "03a01Fa.wav", dtype="int16")
    soundfile.write(root / "wav" / "10a01Fa.wav", pcm // 3, 16_000, subtype="PCM_16")
    heard = hear(load_corpus(f"emodb:{root}").clips, "emodb")
    assert told(heard.findings, "warning") == ["emodb/03: 03a01Wa.wav and 03a02Wa.wav are the same recording"]
    assert told(heard.findings, "damage") == [
        "03a01Fa.wav (emodb/03) and 10a01Fa.wav (emodb/10) are the same recording"
    ]


def test_synthetic_voices_are_not_compared(mini: Any) -> None:
    clip = load_corpus(f"emodb:{mini.emodb()}").clips[0]
    same = [replace(clip, origin="synthetic", speaker=f"emodb/{n}") for n in range(2)]
    assert hear(same, "toy").findings == ()


def test_stretches_of_one_recording_are_no_copies(mini: Any) -> None:
    corpus = load_corpus(f"cmu_mosei:{mini.cmu_mosei()}")
    same = [replace(corpus.clips[0], start_s=start, end_s=start + 0.5) for start in (0.0, 0.01)]
    assert told(hear(same, "cmu_mosei").findings, "warning") == []


def test_large_corpora_are_not_compared_and_that_is_said(mini: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "MOST_COMPARED", 5)
    heard = hear(load_corpus(f"emodb:{mini.emodb()}").clips, "emodb")
    assert told(heard.findings, "warning") == ["copies were not looked for (more than 5 clips)"]


def test_facts_count_what_there_is(mini: Any) -> None:
    facts = describe(load_corpus(f"iemocap/all:{mini.iemocap(sessions=2)}"))
    assert (facts["clips"], facts["speakers"], facts["without_class"]) == (32, 4, 4)
    assert facts["sessions"] == {"Session1": 16, "Session2": 16}
    assert facts["styles"] == {"improvised": 16, "scripted": 16}
    assert facts["genders"] == {"female": 16, "male": 16}
    assert facts["clips_per_speaker"] == {"least": 8, "median": 8.0, "most": 8}
    assert facts["votes"]["raters"] == {"least": 3, "median": 3.0, "most": 3}
    # Every label is the raters' majority in the miniature, but the sad turns': there all three agree.
    assert facts["votes"]["label_wins"] == 1.0
    assert facts["attributes"]["valence"] == {"clips": 32, "low": -0.75, "mean": -0.75, "high": -0.75}
    assert votes_of([]) is None


def test_unnamed_speakers_and_missing_facts_are_none(mini: Any, tmp_path: Path) -> None:
    mini.sound(tmp_path / "w" / "alexa" / "1.wav")
    facts = describe(load_corpus(f"wake_words:{tmp_path / 'w'}"))
    assert facts["speakers"] is None
    assert facts["votes"] is None
    assert facts["attributes"] == {"valence": None, "arousal": None, "dominance": None}
