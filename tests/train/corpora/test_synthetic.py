"""Synthetic speech: the same bytes every time, made once, and never over somebody's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, EnvironmentLacking
from firmware_bridge.base.files import sha256_file
from firmware_bridge.sound.audio import read_audio
from train.corpora import espeak, load_corpus, ravdess, synthetic
from train.corpora.espeak import Utterance, speak
from train.evaluation.splits import speaker_split

FEW = synthetic.plan_words()[::97]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole words corpus, made once for this module."""
    root = tmp_path_factory.mktemp("words") / "corpus"
    load_corpus(f"synthetic_words:{root}")
    return root


def hashes(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): sha256_file(path)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_every_voice_says_the_same_in_two_processes() -> None:
    utterances = [Utterance("bed cat", voice.voice) for voice in synthetic.VOICES for _ in range(2)]
    first, second = speak(utterances), speak(utterances)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(len(samples) > 5000 and np.any(samples) for samples in first)


def test_settings_reach_the_engine() -> None:
    plain, fast, loud, high = speak(
        [
            Utterance("Kids are talking", "en-us+m3"),
            Utterance("Kids are talking", "en-us+m3", rate_wpm=300),
            Utterance("Kids are talking", "en-us+m3", volume=30),
            Utterance("Kids are talking", "en-us+m3", pitch=95),
        ]
    )
    assert len(fast) < 0.8 * len(plain)
    assert np.abs(loud.astype(int)).max() < 0.6 * np.abs(plain.astype(int)).max()
    assert pitch_hz(high) > 1.15 * pitch_hz(plain)


def pitch_hz(samples: np.ndarray) -> float:
    part = samples[len(samples) // 3 : len(samples) // 3 + 8000].astype(float)
    power = np.fft.irfft(np.abs(np.fft.rfft(part, 32768)) ** 2)
    low, high = espeak.RATE_HZ // 400, espeak.RATE_HZ // 60
    return espeak.RATE_HZ / (low + int(np.argmax(power[low:high])))


def test_unknown_voice_is_refused() -> None:
    with pytest.raises(EnvironmentLacking, match="no voice 'xx-none'") as caught:
        speak([Utterance("bed", "en-us"), Utterance("bed", "xx-none")])
    assert "espeakng-loader" in caught.value.remedy


def test_a_long_data_path_is_shortened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own buffer ends at 160 characters; a deep checkout must work all the same."""
    import espeakng_loader

    deep = tmp_path / ("d" * 150) / "espeak-ng-data"
    deep.parent.mkdir()
    deep.symlink_to(espeakng_loader.get_data_path())
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep))
    assert len(speak([Utterance("bed", "en-us")])[0]) > 3000
    monkeypatch.setattr(espeak, "_LONGEST_DATA_PATH", 10_000)
    with pytest.raises(EnvironmentLacking):
        speak([Utterance("bed", "en-us")])


def test_words_corpus_is_complete_and_tagged(words: Path) -> None:
    corpus = load_corpus(f"synthetic_words:{words}")
    assert corpus.origin == "synthetic"
    assert all(clip.origin == "synthetic" and clip.path.is_file() for clip in corpus.clips)
    assert len(corpus.speakers) == 16
    assert [corpus.counts()[word] for word in synthetic.KEYWORDS] == [128, 128, 128]
    clips = [read_audio(clip.path) for clip in corpus.clips[::40]]
    assert all(0.2 < audio.seconds <= 1.0 and audio.notes == () and np.any(audio.pcm) for audio in clips)
    split = speaker_split(corpus.clips, test=4, validation=2)
    genders = {clip.speaker: clip.gender for clip in corpus.clips}
    assert sum(genders[name] == "female" for name in split.test) == 2


def test_second_load_makes_nothing(words: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic.espeak, "speak", lambda _: pytest.fail("spoken again"))
    assert load_corpus(f"synthetic_words:{words}").fingerprint()
    assert said == []


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        synthetic.generate("toy", tmp_path / name, FEW)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert len(hashes(tmp_path / "one")) == len(FEW) + 1


def test_another_plan_is_made_again(tmp_path: Path, said: list[str]) -> None:
    synthetic.generate("toy", tmp_path / "c", FEW)
    synthetic.generate("toy", tmp_path / "c", FEW[:2])
    assert len(said) == 2
    assert len(list((tmp_path / "c").rglob("*.wav"))) == 2


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(CorpusInvalid, match="something else"):
        synthetic.generate("toy", tmp_path / "mine", FEW)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_stop_in_the_middle_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def stop_at_third(path: Path, _: object) -> None:
        written.append(path)
        if len(written) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(synthetic, "write_wav", stop_at_third)
        with pytest.raises(KeyboardInterrupt):
            synthetic.generate("toy", tmp_path / "c", FEW)
    assert not (tmp_path / "c").exists()
    assert not list(tmp_path.glob("*.part"))
    synthetic.generate("toy", tmp_path / "c", FEW)
    assert len(list((tmp_path / "c").rglob("*.wav"))) == len(FEW)


def test_emotion_plan_is_balanced_and_named_like_ravdess() -> None:
    planned = synthetic.plan_emotions()
    assert len(planned) == 480
    assert tuple(synthetic.EMOTIONS) == tuple(ravdess.EMOTIONS.values())
    assert len({facts["file"] for _, facts in planned}) == 480
    genders = {facts["speaker"]: facts["gender"] for _, facts in planned}
    assert sorted(genders.values()) == ["female"] * 5 + ["male"] * 5
    for said, facts in planned:
        assert 80 <= said.rate_wpm <= 450
        assert 0 <= said.pitch <= 99
        assert 0 <= said.pitch_range <= 99
        assert min(facts["valence"], facts["arousal"], facts["dominance"]) >= -1
    assert planned == synthetic.plan_emotions()


def test_emotions_corpus_carries_dimensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "SENTENCES", ("Yes.",))
    corpus = load_corpus(f"synthetic:{tmp_path / 'c'}")
    assert len(corpus.clips) == 80
    angry = next(clip for clip in corpus.clips if clip.label == "angry")
    assert (angry.valence, angry.arousal, angry.dominance) == (-0.6, 0.7, 0.6)
    assert angry.speaker.startswith("synthetic/")
