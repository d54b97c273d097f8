"""The guard: a score needs a proof, and a proof needs disjoint, known speakers and recordings."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from firmware_bridge.base.errors import SpeakerLeak
from firmware_bridge.sound.audio import to_float, to_pcm16
from train.corpora import load_corpus
from train.corpora.reading import read_clips
from train.evaluation.duplicates import Prints, find_duplicates, require_no_duplicates, sound_print
from train.evaluation.leak import SpeakerProof, require_disjoint
from train.evaluation.score import score

SPEAKERS = ["a", "a", "b", "b", "c", "c"]
TRUTH = [0, 1, 0, 1, 0, 1]
SCORES = np.array([[9, 1], [1, 9], [9, 1], [9, 1], [2, 8], [1, 9]], dtype=np.int8)


def test_disjoint_speakers_are_proved() -> None:
    proof = require_disjoint(["y", "x", "x"], ["b", "a"])
    assert (proof.heard, proof.held_out) == (("x", "y"), ("a", "b"))
    assert proof.hash == require_disjoint(["x", "y"], ["a", "b"]).hash
    assert proof.hash != require_disjoint(["x"], ["a", "b"]).hash
    proof.cover(["a", "a"])


@pytest.mark.parametrize(
    ("heard", "held_out", "says"),
    [
        (["a", "b"], ["b", "c"], "both sides.*b"),
        ([], ["a"], "heard speakers is empty"),
        (["a"], [], "held-out speakers is empty"),
        (["unknown"], ["a"], "does not say who speaks"),
        (["a"], ["unknown"], "does not say who speaks"),
    ],
)
def test_what_cannot_be_proved_is_refused(heard: list[str], held_out: list[str], says: str) -> None:
    with pytest.raises(SpeakerLeak, match=says) as caught:
        require_disjoint(heard, held_out)
    assert caught.value.remedy


def test_long_lists_are_shortened() -> None:
    many = [f"s{k:03}" for k in range(40)]
    with pytest.raises(SpeakerLeak, match="s011 and 28 more"):
        require_disjoint(many, many)


def test_a_proof_cannot_be_forged_or_changed() -> None:
    with pytest.raises(SpeakerLeak, match="without the guard"):
        SpeakerProof(("x",), ("a", "b", "c"))
    proof = require_disjoint(["x"], ["a"])
    with pytest.raises(SpeakerLeak, match="cannot be changed"):
        proof.held_out = ("a", "x")


def test_score_refuses_speakers_outside_the_proof() -> None:
    with pytest.raises(SpeakerLeak, match="has heard c"):
        score(TRUTH, SCORES, SPEAKERS, ["no", "yes"], require_disjoint(["c"], ["a", "b"]))
    with pytest.raises(SpeakerLeak, match="does not cover c"):
        score(TRUTH, SCORES, SPEAKERS, ["no", "yes"], require_disjoint(["x"], ["a", "b"]))


def test_scorecard_by_hand() -> None:
    proof = require_disjoint(["x"], ["a", "b", "c"])
    card = score(
        TRUTH, SCORES, SPEAKERS, ["no", "yes"], proof,
        genders=["female"] * 2 + ["male"] * 4, train_counts=[30, 10], resamples=200,
    )  # fmt: skip
    assert card.clips == 6
    assert card.uar.value == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert card.accuracy == pytest.approx(4 / 6)
    assert card.confusion == [[2, 1], [1, 2]]
    assert card.per_class["no"] == pytest.approx(
        {"clips": 3, "recall": 2 / 3, "precision": 2 / 3, "f1": 2 / 3}
    )
    assert card.n_best_uar == {"1": pytest.approx(2 / 3), "2": 1.0, "3": 1.0}
    assert card.per_speaker == {"a": 1.0, "b": 0.5, "c": 0.5}
    assert card.pa_uar["1"] == {"50": pytest.approx(1 / 3), "75": pytest.approx(1 / 3)}
    assert card.pa_uar["2"] == {"50": 1.0, "75": 1.0}
    assert card.gender_gap == pytest.approx(0.5)
    assert card.majority["uar"] == 0.5
    assert card.majority["macro_f1"] == pytest.approx((2 * 3 / 9) / 2)
    assert card.prior["uar"] == 0.5
    assert card.proof == proof.hash
    assert card.uar.speakers == 3


def test_scorecard_is_valid_json_even_with_an_absent_class() -> None:
    scores = np.hstack([SCORES, np.zeros((6, 1), np.int8)])
    card = score(TRUTH, scores, SPEAKERS, ["no", "yes", "maybe"], require_disjoint(["x"], SPEAKERS))
    data = json.loads(json.dumps(card.as_dict(), allow_nan=False))
    assert data["per_class"]["maybe"] == {"clips": 0, "recall": None, "precision": None, "f1": None}
    assert data["gender_gap"] is None
    assert data["uar"]["low"] <= data["uar"]["value"] <= data["uar"]["high"]


@pytest.mark.parametrize("wrong", [SCORES[:5], SCORES[:, :1], np.full((6, 2), np.nan)])
def test_score_refuses_arrays_that_do_not_fit(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="scores"):
        score(TRUTH, wrong, SPEAKERS, ["no", "yes"], require_disjoint(["x"], SPEAKERS))


def voice(seed: int, seconds: float = 1.2, shift: float = 1.0) -> np.ndarray:
    """Syllables of changing pitch and colour."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(int(seconds / 0.15)):
        time = np.arange(int(0.15 * 16_000)) / 16_000
        pitch, formant = rng.uniform(90, 250), rng.uniform(300, 3000) * shift
        tones = [
            np.exp(-(((h * pitch - formant) / 400) ** 2)) * np.sin(2 * np.pi * h * pitch * time)
            for h in range(1, 20)
        ]
        parts.append(np.sum(tones, axis=0) * np.hanning(len(time)) * rng.uniform(0.2, 1.0))
    signal = np.concatenate(parts)
    return to_pcm16(0.5 * signal / np.abs(signal).max())


def through(samples: np.ndarray, kind: str, coding: str) -> np.ndarray:
    """Return what is left of a recording after a lossy file."""
    held = io.BytesIO()
    soundfile.write(held, samples, 16_000, format=kind, subtype=coding)
    held.seek(0)
    back: np.ndarray = soundfile.read(held, dtype="float32")[0]
    return back


def test_copies_are_found_under_another_level_trim_rate_coding_and_noise(rng: np.random.Generator) -> None:
    original = to_float(voice(1))
    silence = np.zeros(3000, np.float32)
    copies = {
        "same": original,
        "quiet": 0.2 * original,
        "padded": np.concatenate([silence, original, silence]),
        "noisy": original + 0.002 * rng.standard_normal(len(original)),
        "telephone rate and back": resample_poly(resample_poly(original, 1, 2), 2, 1),
        "44.1 kHz and back": resample_poly(resample_poly(original, 441, 160), 160, 441),
        "MP3": through(original, "MP3", "MPEG_LAYER_III"),
    }
    held_out = [(name, to_pcm16(samples)) for name, samples in copies.items()] + [("other", voice(2))]
    found = find_duplicates(Prints.of([("original", voice(1)), ("third", voice(3))]), Prints.of(held_out))
    assert {pair.held_out for pair in found} == set(copies)
    assert {pair.heard for pair in found} == {"original"}
    with pytest.raises(SpeakerLeak, match="original = same"):
        require_no_duplicates(Prints.of([("original", voice(1))]), Prints.of(held_out))


def test_another_voice_saying_the_same_is_no_copy() -> None:
    """The same rhythm with formants a tenth higher: alike, as two actors with one sentence are, but not the same."""
    one, other = sound_print(voice(1)), sound_print(voice(1, shift=1.1))
    assert 0.9 < float(one @ other) < 0.97
    assert find_duplicates(Prints.of([("one", voice(1))]), Prints.of([("other", voice(1, shift=1.1))])) == []


def test_different_recordings_pass() -> None:
    require_no_duplicates(
        Prints.of([(str(k), voice(k)) for k in range(10)]),
        Prints.of([(str(k), voice(k)) for k in range(10, 20)]),
    )
    assert find_duplicates(Prints.of([]), Prints.of([("x", voice(1))])) == []


@pytest.mark.parametrize(
    "pcm", [np.zeros(16_000, np.int16), np.zeros(10, np.int16), np.full(5, 99, np.int16)]
)
def test_silent_and_tiny_recordings_have_a_print(pcm: np.ndarray) -> None:
    mark = sound_print(pcm)
    assert np.isfinite(mark).all()
    assert find_duplicates(Prints.of([("a", pcm)]), Prints.of([("b", voice(1))])) == []


@pytest.mark.corpus
def test_what_the_real_corpora_hold_twice(data_root: Path) -> None:
    """No false alarm between any two speakers of both corpora; the recordings that are there twice are found."""
    clips = [
        clip
        for name in ("ravdess", "speech_commands")
        for clip in load_corpus(f"{name}:{data_root / name}").with_audio()
    ]
    prints = Prints.of(
        (f"{clip.speaker}/{clip.path.stem}", pcm) for clip, pcm in zip(clips, read_clips(clips), strict=True)
    )
    alike = [(p.heard, p.held_out) for p in find_duplicates(prints, prints) if p.heard < p.held_out]
    assert sorted(alike) == [
        ("ravdess/07/03-01-03-01-02-01-07", "ravdess/07/03-01-03-01-02-02-07"),
        ("speech_commands/ec201020/ec201020_nohash_0", "speech_commands/ec201020/ec201020_nohash_1"),
    ], "each of one speaker, so on one side of every split"


def test_prints_in_a_file_find_the_same_copies() -> None:
    kept = Prints.of([(f"{k}", voice(k)) for k in range(4)])
    read = Prints.from_bytes(kept.to_bytes())
    assert read.names == kept.names
    assert (read.prints * kept.prints).sum(axis=1).min() > 0.999
    assert kept.to_bytes() == kept.to_bytes()
    copies = Prints.of([("copy of 2", voice(2)), ("new", voice(9))])
    assert [(p.heard, p.held_out) for p in find_duplicates(read, copies)] == [("2", "copy of 2")]


def test_a_file_of_something_else_is_no_prints() -> None:
    held = io.BytesIO()
    np.savez(held, names=np.array(["a"]), prints=np.zeros((2, 3), np.int8))
    with pytest.raises(ValueError, match="not prints"):
        Prints.from_bytes(held.getvalue())
