"""EmoDB, SAVEE, TESS, nEMO and CREMA-D's sound, as miniatures in their official layouts, whole and damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora import load_corpus
from train.corpora.reading import read_clips


def test_emodb_names_say_speaker_text_and_emotion(mini: Any) -> None:
    corpus = load_corpus(f"emodb:{mini.emodb()}")
    assert corpus.counts() == dict.fromkeys(
        ("neutral", "angry", "bored", "disgust", "fearful", "happy", "sad"), 2
    )
    assert corpus.speakers == ("emodb/03", "emodb/08")
    first = corpus.clips[0]
    assert (first.path.name, first.label, first.gender) == ("03a01Aa.wav", "fearful", "male")
    assert (first.script, first.transcript) == ("a01", "Der Lappen liegt auf dem Eisschrank")
    assert {clip.gender for clip in corpus.of(["emodb/08"])} == {"female"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("03a01Xa", "unknown emotion code 'X'"),
        ("03a03Wa", "unknown text code 'a03'"),
        ("07a01Wa", "unknown speaker code '07'"),
        ("hello", "not a file name of this corpus"),
    ],
)
def test_emodb_unknown_codes_are_named(mini: Any, name: str, says: str) -> None:
    root = mini.emodb()
    mini.sound(root / "wav" / f"{name}.wav")
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"emodb:{root}")


@pytest.mark.parametrize("flat", [False, True])
def test_savee_in_both_layouts(mini: Any, flat: bool) -> None:
    corpus = load_corpus(f"savee:{mini.savee(flat)}")
    assert corpus.counts() == dict.fromkeys(corpus.labels, 4)
    assert corpus.labels == ("neutral", "angry", "disgust", "fearful", "happy", "sad", "surprised")
    assert corpus.speakers == ("savee/DC", "savee/JE", "savee/JK", "savee/KL")


def test_savee_unknown_people_and_emotions_are_refused(mini: Any) -> None:
    root = mini.savee()
    mini.sound(root / "AudioData" / "DC" / "x01.wav")
    with pytest.raises(CorpusInvalid, match="unknown emotion code 'x'"):
        load_corpus(f"savee:{root}")
    (root / "AudioData" / "DC" / "x01.wav").unlink()
    mini.sound(root / "AudioData" / "QQ" / "a01.wav")
    with pytest.raises(CorpusInvalid, match="unknown speaker code 'QQ'"):
        load_corpus(f"savee:{root}")


def test_tess_words_are_scripts_and_the_misnamed_file_counts(mini: Any) -> None:
    root = mini.tess()
    mini.sound(root / "OAF_neutral" / "OA_bite_neutral.wav")
    corpus = load_corpus(f"tess:{root}")
    assert corpus.counts() == {"neutral": 3} | dict.fromkeys(corpus.labels[1:], 2)
    assert corpus.speakers == ("tess/OAF", "tess/YAF")
    bite = next(clip for clip in corpus.clips if clip.script == "bite")
    assert (bite.speaker, bite.transcript) == ("tess/OAF", "Say the word bite")


def test_tess_that_was_unpacked_twice_is_refused(mini: Any) -> None:
    root = mini.tess()
    mini.sound(root / "again" / "OAF_angry" / "OAF_back_angry.wav")
    with pytest.raises(CorpusInvalid, match="OAF_back_angry is there twice"):
        load_corpus(f"tess:{root}")


def test_nemo_reads_its_table_with_blanks_and_quotation_marks(mini: Any, said: list[str]) -> None:
    root = mini.nemo()
    corpus = load_corpus(f"nemo:{root}")
    assert corpus.counts() == dict.fromkeys(corpus.labels, 4)
    assert corpus.speakers == ("nemo/EB0", "nemo/KS0")
    first = corpus.clips[0]
    assert (first.label, first.gender, first.script) == ("angry", "female", "1")
    assert first.transcript == 'Zdanie "numer" 1.'
    # Words tell nothing here: every sentence is said in every emotion.
    assert {clip.label for clip in corpus.clips if clip.script == "2"} == set(corpus.labels)
    assert [len(pcm) for pcm in read_clips(corpus.clips[:2])] == [4000, 4000]
    mini.sound(root / "samples" / "EB0_anger_99.wav")
    load_corpus(f"nemo:{root}")
    assert said[-1] == "nemo: 1 sound files are not in data.tsv: left out"


def test_nemo_without_a_sound_keeps_the_label(mini: Any) -> None:
    root = mini.nemo()
    (root / "samples" / "EB0_anger_1.wav").unlink()
    corpus = load_corpus(f"nemo:{root}")
    assert len(corpus.clips) == 24
    assert [clip.path.name for clip in corpus.clips if not clip.has_audio] == ["EB0_anger_1.wav"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("EB0_anger_1.wav\tanger", "EB0_anger_1.wav\trage", "EB0_anger_1.wav is said to be EB0, rage"),
        ("\t        EB0\tfemale", "\t        KD0\tfemale", "is said to be KD0"),
        ("female\t27", "female", "data.tsv:2: 6 cells instead of 7"),
        ("female\t27", "woman\t27", "unknown gender 'woman'"),
        ("file_id", "name", "no column file_id"),
    ],
)
def test_nemo_damaged_rows_name_their_line(mini: Any, old: str, new: str, says: str) -> None:
    table = mini.nemo() / "data.tsv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"nemo:{table.parent}")


def test_nemo_without_its_table_is_missing(mini: Any) -> None:
    root = mini.nemo()
    (root / "data.tsv").unlink()
    with pytest.raises(CorpusMissing, match=r"no data\.tsv"):
        load_corpus(f"nemo:{root}")


def test_crema_d_with_sound_has_votes_and_raters(mini: Any, said: list[str]) -> None:
    corpus = load_corpus(f"crema_d:{mini.crema_d()}")
    assert said == []
    assert len(corpus.with_audio()) == 6
    angry = next(clip for clip in corpus.clips if clip.label == "angry")
    assert (angry.raters, angry.script, angry.style) == (8, "IEO", "scripted")
    assert dict(angry.votes or ())["angry"] == pytest.approx(3 / 8)


def test_crema_d_takes_mp3_where_there_is_no_wav_and_leaves_strangers_out(mini: Any, said: list[str]) -> None:
    root = mini.crema_d()
    wav = root / "AudioWAV" / "1001_IEO_ANG_XX.wav"
    (root / "AudioMP3").mkdir()
    wav.rename(root / "AudioMP3" / "1001_IEO_ANG_XX.mp3")
    mini.sound(root / "AudioWAV" / "1002_IEO_ANG_LO.wav")
    corpus = load_corpus(f"crema_d:{root}")
    assert len(corpus.with_audio()) == 6
    assert said == ["crema_d: 1 sound files have no votes: left out"]


def test_crema_d_votes_that_are_no_numbers_name_their_line(mini: Any) -> None:
    table = mini.crema_d(sound=False) / "tabulatedVotes.csv"
    table.write_text(table.read_text().replace("100000,3", "100000,many", 1))
    with pytest.raises(CorpusInvalid, match=r"tabulatedVotes\.csv:2: votes A 'many' is not a number"):
        load_corpus(f"crema_d:{table.parent}")


@pytest.mark.parametrize("name", ["emodb", "savee", "tess"])
def test_acted_corpora_without_sound_are_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match="no sound files"):
        load_corpus(f"{name}:{tmp_path}")


@pytest.mark.corpus
def test_real_nemo_crosses_every_sentence_with_every_emotion(data_root: Path) -> None:
    if not (data_root / "nemo").is_dir():
        pytest.skip("nemo is not there")
    corpus = load_corpus(f"nemo:{data_root / 'nemo'}")
    assert (len(corpus.with_audio()), len(corpus.speakers)) == (1116, 6)
    assert corpus.counts() == dict.fromkeys(corpus.labels, 186)
    said = {(clip.script, clip.label): clip.transcript for clip in corpus.clips}
    assert len(said) == 31 * 6
    assert all(said[script, label] == said[script, "angry"] for script, label in said)
