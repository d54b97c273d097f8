"""Each reader on a tiny corpus in its official layout, and on the real one where it is at hand."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora import UNKNOWN_SPEAKER, load_corpus
from train.corpora.speech_commands import official_part

Writer = Callable[..., Path]
VOTES = '"","A","D","F","H","N","S","fileName","numResponses"\n'
PEOPLE = '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","x","y"\n1002,21,"Female","x","y"\n'


def test_ravdess_names_are_decoded(ravdess: Path) -> None:
    corpus = load_corpus(f"ravdess:{ravdess}")
    assert corpus.labels[0] == "neutral"
    assert corpus.counts() == dict.fromkeys(corpus.labels, 2)
    angry = next(clip for clip in corpus.clips if clip.path.stem == "03-01-05-01-02-01-02")
    assert (angry.label, angry.speaker, angry.gender) == ("angry", "ravdess/02", "female")
    assert {clip.gender for clip in corpus.of(["ravdess/01"])} == {"male"}
    assert angry.transcript == "Dogs are sitting by the door"
    assert not corpus.commercial
    assert [clip.path for clip in corpus.clips] == sorted(clip.path for clip in corpus.clips)


def test_ravdess_accepts_the_audio_folder_too(ravdess: Path, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    ravdess.rename(tmp_path / "outer" / "audio")
    assert len(load_corpus(f"ravdess:{tmp_path / 'outer'}").clips) == 16


def test_ravdess_songs_are_left_out(ravdess: Path, wavs: Writer) -> None:
    wavs("Actor_01/03-02-03-01-01-01-01.wav")
    assert len(load_corpus(f"ravdess:{ravdess}").clips) == 16


@pytest.mark.parametrize(
    ("name", "says", "remedy"),
    [
        ("03-01-09-01-01-01-01", "unknown emotion code '09'", "01 neutral, 02 calm"),
        ("03-01-01-01-07-01-01", "unknown statement code '07'", "01 Kids"),
        ("holiday", "not a file name of this corpus", "original name"),
    ],
)
def test_ravdess_unknown_codes_are_listed(
    ravdess: Path, wavs: Writer, name: str, says: str, remedy: str
) -> None:
    wavs(f"Actor_01/{name}.wav")
    with pytest.raises(CorpusInvalid, match=says) as caught:
        load_corpus(f"ravdess:{ravdess}")
    assert remedy in caught.value.remedy


def test_ravdess_with_an_empty_class_or_one_actor_is_refused(ravdess: Path) -> None:
    for path in ravdess.glob("*/03-01-04-*"):
        path.unlink()
    with pytest.raises(CorpusInvalid, match="no clips of class sad"):
        load_corpus(f"ravdess:{ravdess}")


def test_ravdess_of_one_actor_is_refused(ravdess: Path) -> None:
    for path in (ravdess / "Actor_02").iterdir():
        path.unlink()
    with pytest.raises(CorpusInvalid, match=r"one speaker \(ravdess/01\)"):
        load_corpus(f"ravdess:{ravdess}")


def test_urdu_names_are_decoded(wavs: Writer) -> None:
    root = wavs(
        "Angry/SM1_F1_A01.wav", "Happy/SF2_F2_H02.wav", "Neutral/SM1_F3_N03.wav", "Sad/SF2_F4_S04.wav"
    )
    corpus = load_corpus(f"urdu:{root}")
    facts = [(clip.speaker, clip.gender, clip.label) for clip in corpus.clips]
    assert facts == [
        ("urdu/SM1", "male", "angry"),
        ("urdu/SF2", "female", "happy"),
        ("urdu/SM1", "male", "neutral"),
        ("urdu/SF2", "female", "sad"),
    ]
    wavs("Angry/SM1_F9_H09.wav")
    with pytest.raises(CorpusInvalid, match="says happy but lies in folder Angry"):
        load_corpus(f"urdu:{root}")


@pytest.mark.parametrize("name", ["SM1_F1_X01", "SX1_F1_A01", "whatever"])
def test_urdu_unknown_codes_are_refused(wavs: Writer, name: str) -> None:
    with pytest.raises(CorpusInvalid):
        load_corpus(f"urdu:{wavs(f'Angry/{name}.wav')}")


def test_speech_commands_words_speakers_and_noises(wavs: Writer) -> None:
    root = wavs(
        "bed/0a7c2a8d_nohash_0.wav", "bed/0a7c2a8d_nohash_1.wav", "cat/1b4c9b89_nohash_0.wav",
        "_background_noise_/pink_noise.wav",
    )  # fmt: skip
    corpus = load_corpus(f"speech_commands:{root}")
    assert corpus.labels == ("bed", "cat")
    assert corpus.speakers == ("speech_commands/0a7c2a8d", "speech_commands/1b4c9b89")
    assert [path.name for path in corpus.noise_files] == ["pink_noise.wav"]
    assert len(corpus.clips) == 3
    (root / "dog").mkdir()
    with pytest.raises(CorpusInvalid, match="no clips of class dog"):
        load_corpus(f"speech_commands:{root}")


def test_speech_commands_refuses_other_names_and_noises_alone(wavs: Writer) -> None:
    with pytest.raises(CorpusInvalid, match="nohash"):
        load_corpus(f"speech_commands:{wavs('bed/hello.wav')}")
    with pytest.raises(CorpusMissing, match="no word folders"):
        load_corpus(f"speech_commands:{wavs('_background_noise_/x.wav', root='noises')}")


def test_official_part_ignores_the_prefix_and_covers_all_parts() -> None:
    speakers = [f"{k:08x}" for k in range(2000)]
    parts = [official_part(name) for name in speakers]
    assert parts == [official_part(f"speech_commands/{name}") for name in speakers]
    assert 0.07 < parts.count("validation") / 2000 < 0.13
    assert 0.07 < parts.count("testing") / 2000 < 0.13
    assert {official_part(name, 0.0, 0.0) for name in speakers} == {"training"}


def test_wake_words_have_no_speakers(wavs: Writer) -> None:
    corpus = load_corpus(f"wake_words:{wavs('alexa/1.wav', 'smart mirror/2.wav')}")
    assert corpus.labels == ("alexa", "smart_mirror")
    assert corpus.clips[1].transcript == "smart mirror"
    assert corpus.speakers == (UNKNOWN_SPEAKER,)
    assert not corpus.speakers_known


def test_spoken_digits_carry_the_words(wavs: Writer) -> None:
    names = [f"{digit}_{who}_0.wav" for digit in range(10) for who in ("theo", "george")]
    root = wavs(*(f"recordings/{name}" for name in names))
    corpus = load_corpus(f"spoken_digits:{root}")
    assert corpus.counts() == dict.fromkeys(corpus.labels, 2)
    assert corpus.clips[-1].label == "nine"
    assert corpus.speakers == ("spoken_digits/george", "spoken_digits/theo")
    wavs("recordings/11_theo_0.wav")
    with pytest.raises(CorpusInvalid, match="unknown digit code '11'"):
        load_corpus(f"spoken_digits:{root}")


@pytest.fixture
def crema_d(tmp_path: Path) -> Path:
    """Six clips of votes, three presentations each, without audio."""
    root = tmp_path / "crema"
    root.mkdir()
    rows = [VOTES]
    for kind in (1, 2, 3):
        for number, emotion in enumerate(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")):
            counts = [1] * 6
            counts[number] = 3 if kind == 1 else 99
            name = f"{1001 + number % 2}_IEO_{emotion}_XX"
            rows.append(f'"{kind}{number:05}",{",".join(map(str, counts))},"{name}",{sum(counts)}\n')
    (root / "tabulatedVotes.csv").write_text("".join(rows))
    (root / "VideoDemographics.csv").write_text(PEOPLE)
    return root


def test_crema_d_takes_the_votes_of_listeners_alone(crema_d: Path, said: list[str]) -> None:
    corpus = load_corpus(f"crema_d:{crema_d}")
    assert len(corpus.clips) == 6
    fearful = next(clip for clip in corpus.clips if clip.label == "fearful")
    assert fearful.distribution(corpus.labels).tolist() == pytest.approx(
        [1 / 8, 1 / 8, 3 / 8, 1 / 8, 1 / 8, 1 / 8]
    )
    assert (fearful.speaker, fearful.gender) == ("crema_d/1001", "male")
    assert fearful.transcript == "It's eleven o'clock"
    assert not fearful.has_audio
    assert said == [f"crema_d: 6 of 6 clips have votes but no sound file in {crema_d / 'AudioWAV'}"]
    assert corpus.fingerprint()


def test_crema_d_uses_the_audio_that_is_there(crema_d: Path, wavs: Writer) -> None:
    wavs("AudioWAV/1001_IEO_ANG_XX.wav", root="crema")
    assert [clip.label for clip in load_corpus(f"crema_d:{crema_d}").with_audio()] == ["angry"]


def test_crema_d_tables_may_lie_in_the_official_folder(crema_d: Path) -> None:
    (crema_d / "processedResults").mkdir()
    (crema_d / "tabulatedVotes.csv").rename(crema_d / "processedResults" / "tabulatedVotes.csv")
    assert len(load_corpus(f"crema_d:{crema_d}").clips) == 6


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('"1",0,0,0,0,0,0,"1001_IEO_ANG_XX",0\n', "without votes"),
        ('"1",1,0,0,0,0,0,"1001_IEO_JOY_XX",1\n', "unknown emotion code 'JOY'"),
        ('"1",1,0,0,0,0,0,"1001_ABC_ANG_XX",1\n', "unknown sentence code 'ABC'"),
        ('"1",1,0,0,0,0,0,"nonsense",1\n', "not a file name"),
    ],
)
def test_crema_d_damaged_rows_are_refused(crema_d: Path, row: str, says: str) -> None:
    with (crema_d / "tabulatedVotes.csv").open("a") as table:
        table.write(row)
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"crema_d:{crema_d}")


def test_crema_d_table_without_its_columns_is_refused(crema_d: Path) -> None:
    (crema_d / "tabulatedVotes.csv").write_text('"","A","D"\n"1",1,2\n')
    with pytest.raises(CorpusInvalid, match="no column fileName, F, H, N, S"):
        load_corpus(f"crema_d:{crema_d}")


@pytest.mark.corpus
def test_real_corpora_have_their_published_counts(data_root: Path) -> None:
    expected = {
        "ravdess": (1080, 18, {"neutral": 72, "calm": 144}),
        "urdu": (400, 29, {"angry": 100, "sad": 100}),
        "speech_commands": (930, None, {"bed": 300, "cat": 300, "happy": 300, "zero": 3}),
        "spoken_digits": (600, 6, {"zero": 60, "nine": 60}),
        "wake_words": (480, 1, {"alexa": 80}),
    }
    for name, (clips, speakers, counts) in expected.items():
        if not (data_root / name).is_dir():
            pytest.skip(f"{name} is not there")
        corpus = load_corpus(f"{name}:{data_root / name}")
        assert len(corpus.clips) == clips
        assert speakers in (None, len(corpus.speakers))
        assert counts.items() <= corpus.counts().items()


@pytest.mark.corpus
def test_official_part_agrees_with_the_published_lists(data_root: Path) -> None:
    table = data_root / "speech_commands" / "clips.csv"
    if not table.is_file():
        pytest.skip("speech_commands has no clips.csv")
    with table.open(newline="") as stream:
        rows = [
            row for row in csv.DictReader(stream) if row["split"] in ("training", "validation", "testing")
        ]
    assert len(rows) > 800
    assert all(official_part(row["speaker"]) == row["split"] for row in rows)


@pytest.mark.corpus
def test_real_votes_are_those_of_the_voice(data_root: Path, said: list[str]) -> None:
    if not (data_root / "crema_d_votes").is_dir():
        pytest.skip("crema_d_votes is not there")
    corpus = load_corpus(f"crema_d:{data_root / 'crema_d_votes'}")
    assert len(corpus.clips) == 7442
    assert len(corpus.speakers) == 91
    first = next(clip for clip in corpus.clips if clip.path.stem == "1001_IEO_NEU_XX")
    assert dict(first.votes or ())["neutral"] == pytest.approx(10 / 11)
    assert all(clip.distribution(corpus.labels).sum() == pytest.approx(1.0) for clip in corpus.clips[::100])
