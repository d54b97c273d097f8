"""Planted leaks: one speaker under two spellings, a clip copied under another name. And what an admission marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.base.errors import SpeakerLeak
from train.corpora import Corpus
from train.evaluation.leak import AdmittedLeak, admit_leak, require_disjoint
from train.evaluation.score import score
from train.protocols import Options, plan
from train.protocols.guard import plain_name, prints_of, require_distinct_names, require_sound_disjoint

Toy = Callable[..., Corpus]


def speech(seed: int) -> np.ndarray:
    """Return half a second of noise whose colour changes: no two seeds sound the same."""
    dice = np.random.default_rng(seed)
    spectra = np.repeat(dice.uniform(0, 1, (8, 20)) ** 3, 26, axis=1)[:, :501]
    waves = np.fft.irfft(spectra * np.exp(2j * np.pi * dice.uniform(0, 1, spectra.shape)), 1000, axis=1)
    return (waves.ravel() * 12_000 / np.abs(waves).max()).astype(np.int16)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ravdess/01", "ravdess/1", True),
        ("ravdess/01", "Ravdess/01", True),
        ("nemo/EB0", "nemo/ eb0 ", True),
        ("msp/speaker07", "msp/speaker7", False),
        ("iemocap/Ses01F", "iemocap/Ses01M", False),
        ("ravdess/10", "ravdess/1", False),
        ("a/01", "b/01", False),
        ("speech_commands/00ab12cd", "speech_commands/ab12cd", False),
    ],
)
def test_spellings_of_one_name(one: str, other: str, same: bool) -> None:
    assert (plain_name(one) == plain_name(other)) is same


def test_a_speaker_under_two_spellings_is_caught(toy: Toy) -> None:
    renamed = toy(speakers=6, speaker=lambda who, take: f"toy/{who:02}" if take else f"toy/{who}")
    with pytest.raises(SpeakerLeak, match=r"under two spellings on both sides: .*toy/0"):
        plan("leave-one-speaker-out", [renamed])
    require_distinct_names(["a/01"], ["a/2"])


def test_a_copied_clip_is_caught_by_its_sound_whatever_its_name(toy: Toy) -> None:
    corpus = toy(speakers=4)
    made = plan("speaker-folds", [corpus], Options(folds=2))
    sounds = [speech(seed) for seed in range(len(made.clips))]
    require_sound_disjoint(made, prints_of(made.clips, sounds))
    # The first speaker's first clip turns up as the last speaker's, softer.
    sounds[-1] = sounds[0] // 3
    with pytest.raises(SpeakerLeak, match=r"toy/\d\d/.*wav = toy/\d\d/.*wav") as caught:
        require_sound_disjoint(made, prints_of(made.clips, sounds))
    assert "fold toy/00 to 01: 1 recordings are on both sides" in caught.value.what
    assert "a clip was copied" in caught.value.remedy


def test_a_renamed_speakers_recordings_are_caught(toy: Toy) -> None:
    corpus = toy(speakers=3)
    again = [
        replace(clip, speaker="toy/zz", path=clip.path.with_name(f"new-{clip.path.name}"))
        for clip in corpus.clips[:4]
    ]
    made = plan("leave-one-speaker-out", [replace(corpus, clips=corpus.clips + tuple(again))])
    sounds = [speech(seed) for seed in (*range(12), *range(4))]
    with pytest.raises(SpeakerLeak, match="4 recordings are on both sides"):
        require_sound_disjoint(made, prints_of(made.clips, sounds))


def test_synthetic_voices_are_not_compared(toy: Toy) -> None:
    made = plan("speaker-folds", [toy(speakers=4, origin="synthetic")], Options(folds=2))
    require_sound_disjoint(made, prints_of(made.clips, [speech(0)] * len(made.clips)))


def test_a_plan_that_admits_its_leak_is_let_pass(toy: Toy) -> None:
    made = plan("random-clips", [toy()], warn=False)
    same = [speech(0)] * len(made.clips)
    require_sound_disjoint(made, prints_of(made.clips, same))


def test_a_score_without_proof_is_marked_wherever_it_goes() -> None:
    truth, scores, who = [0, 1, 0, 1], np.eye(2)[[0, 1, 0, 0]], ["a", "a", "b", "b"]
    admitted = score(truth, scores, who, ["x", "y"], admit_leak(["a", "b"], ["a", "b"]))
    assert admitted.warning == "LEAKS SPEAKERS"
    assert admitted.as_dict()["warning"] == "LEAKS SPEAKERS"
    proved = score(truth, scores, who, ["x", "y"], require_disjoint(["c"], ["a", "b"]))
    assert proved.warning == ""
    assert admitted.proof != proved.proof
    with pytest.raises(SpeakerLeak, match="does not name c"):
        score(truth, scores, ["a", "a", "b", "c"], ["x", "y"], admit_leak(["a"], ["a", "b"]))


def test_an_admission_never_has_the_hash_of_a_proof() -> None:
    assert AdmittedLeak(("a",), ("b",)).hash != require_disjoint(["a"], ["b"]).hash
