"""CMU-MOSEI, EM2LDL and MELD as miniatures: several emotions at once, distributions, text; whole and damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, CorpusInvalid, CorpusMissing
from train.corpora import load_corpus
from train.corpora.reading import read_clips


def test_mosei_intervals_are_clips_with_several_emotions(mini: Any) -> None:
    corpus = load_corpus(f"cmu_mosei:{mini.cmu_mosei()}")
    assert len(corpus.clips) == 8
    first, second, third = corpus.clips[:3]
    assert (first.label, first.valence, first.name) == ("happy", 1.0, "vid_a.wav#0-0.75")
    assert second.label is None, "sad and angry are equally strong"
    assert {label: share for label, share in second.votes or () if share} == {"sad": 0.5, "angry": 0.5}
    assert (third.label, third.votes) == (None, None)
    assert dict(second.extra)["sentiment"] == -1.5
    assert {clip.speaker: clip.partition for clip in corpus.clips} == {
        "cmu_mosei/vid_a": "train", "cmu_mosei/vid_b": "validation", "cmu_mosei/vid_c": "test",
    }  # fmt: skip
    assert corpus.speaker_unit == "video"
    sounds = read_clips(corpus.clips)
    assert [len(pcm) for pcm in sounds] == [12_000] * 8
    assert not np.array_equal(sounds[0], sounds[1])


def test_mosei_emotional_clips_are_a_slice(mini: Any) -> None:
    assert len(load_corpus(f"cmu_mosei/emotional:{mini.cmu_mosei(folds=False)}").clips) == 7


def test_mosei_labels_that_outlast_the_sound_are_refused(mini: Any) -> None:
    root = mini.cmu_mosei()
    mini.sound(root / "Raw/Audio/Full/WAV_16000" / "vid_c.wav", seconds=2.0)
    with pytest.raises(AudioUnreadable, match=r"2 to 2\.75 s, but the sound is 2\.00 s long"):
        read_clips(load_corpus(f"cmu_mosei:{root}").clips)


def test_mosei_damage_has_its_messages(mini: Any, tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match=r"no CMU_MOSEI_Labels\.csd"):
        load_corpus(f"cmu_mosei:{tmp_path}")
    root = mini.cmu_mosei()
    labels = root / "CMU_MOSEI_Labels.csd"
    whole = labels.read_bytes()
    labels.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusInvalid, match="not a whole HDF5 file"):
        load_corpus(f"cmu_mosei:{root}")
    labels.write_bytes(whole)
    with h5py.File(labels, "a") as store:
        store["All Labels/data/vid_b/features"][0, 1] = 9.0
    with pytest.raises(CorpusInvalid, match="vid_b: a value out of range"):
        load_corpus(f"cmu_mosei:{root}")
    with h5py.File(labels, "a") as store:
        del store["All Labels/data/vid_b/features"]
        store["All Labels/data/vid_b/features"] = np.zeros((1, 6))
    with pytest.raises(CorpusInvalid, match=r"vid_b: arrays of shape \(1, 6\)"):
        load_corpus(f"cmu_mosei:{root}")
    with h5py.File(labels, "a") as store:
        del store["All Labels/data/vid_b/features"]
    with pytest.raises(CorpusInvalid, match="vid_b: no features and intervals"):
        load_corpus(f"cmu_mosei:{root}")
    with h5py.File(labels, "a") as store:
        del store["All Labels"]
        store.create_group("Other")
    with pytest.raises(CorpusInvalid, match="no group 'All Labels/data'"):
        load_corpus(f"cmu_mosei:{root}")


def test_mosei_folds_are_read_and_not_run(mini: Any, tmp_path: Path) -> None:
    root = mini.cmu_mosei(folds=False)
    mark = tmp_path / "was-run"
    lists = "".join(
        f"standard_{part}_fold = ['vid_{v}']\n" for part, v in (("train", "a"), ("valid", "b"), ("test", "c"))
    )
    mini.text(root / "cmu_mosei_std_folds.py", f"open({str(mark)!r}, 'w')\n{lists}")
    assert load_corpus(f"cmu_mosei:{root}").clips[0].partition == "train"
    assert not mark.exists()
    mini.text(root / "cmu_mosei_std_folds.py", "standard_train_fold = list('ab')\n")
    with pytest.raises(CorpusInvalid, match="not the three lists"):
        load_corpus(f"cmu_mosei:{root}")
    mini.text(root / "cmu_mosei_std_folds.py", "standard_train_fold = ['vid_a']\n")
    with pytest.raises(CorpusInvalid, match="no list standard_test_fold, standard_valid_fold"):
        load_corpus(f"cmu_mosei:{root}")


def test_em2ldl_distributions_languages_and_sounds_by_number(mini: Any) -> None:
    root = mini.em2ldl()
    corpus = load_corpus(f"em2ldl:{root}")
    assert len(corpus.with_audio()) == 8
    assert corpus.labels == ("joy", "love", "rage", "anger"), "what nobody heard is no class"
    assert corpus.speakers == tuple(f"em2ldl/speaker{n}" for n in range(1, 5))
    first = corpus.clips[0]
    assert (first.path.name, first.label, first.partition) == ("0001_mbti_me.WAV", "joy", "train")
    assert sum(share for _, share in first.votes or ()) == pytest.approx(1.0)
    assert len(load_corpus(f"em2ldl/ce:{root}").clips) == 2
    assert [len(pcm) for pcm in read_clips(corpus.clips[:1])] == [4000]


def test_em2ldl_families_decide_the_class(mini: Any) -> None:
    corpus = load_corpus(f"em2ldl/four:{mini.em2ldl()}")
    # Joy 0.45 is the largest single share, but anger and rage together are 0.5.
    assert corpus.counts() == {"angry": 4, "happy": 4}
    even = next(clip for clip in corpus.clips if clip.path.name.startswith("0002"))
    assert even.label == "angry"
    assert dict(even.votes or ()) == pytest.approx({"angry": 0.5 / 0.95, "happy": 0.45 / 0.95, "sad": 0.0})


def test_em2ldl_damage_has_its_messages(mini: Any, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match=r"no labels/labels_distributions_Info\.csv"):
        load_corpus(f"em2ldl:{tmp_path}")
    root = mini.em2ldl()
    table = root / "labels" / "labels_distributions_Info.csv"
    whole = table.read_text(encoding="utf-8")
    for old, new, says in (
        (",0.7,", ",0.9,", "the 32 shares sum to 1.2"),
        (",0.7,", ",lots,", "joy 'lots' is not a number"),
        (",female,", ",woman,", "unknown gender 'woman'"),
        (",me\n", ",xx\n", "unknown language 'xx'"),
        ("serenity", "calm", "no column serenity"),
    ):
        table.write_text(whole.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(CorpusInvalid, match=says):
            load_corpus(f"em2ldl:{root}")
    table.write_text(whole, encoding="utf-8")
    (root / "models/train_val_test/val_ids.csv").unlink()
    assert {clip.partition for clip in load_corpus(f"em2ldl:{root}").clips} == {None}
    assert said[-1] == "em2ldl: no models/train_val_test/val_ids.csv: the makers' division is not known"
    mini.sound(root / "more" / "0001_intj_ce.WAV")
    with pytest.raises(CorpusInvalid, match="0001 is there twice"):
        load_corpus(f"em2ldl:{root}")


def test_meld_is_text_of_characters_in_three_parts(mini: Any) -> None:
    corpus = load_corpus(f"meld:{mini.meld()}")
    assert corpus.counts() == dict.fromkeys(corpus.labels, 3)
    assert corpus.speakers == ("meld/anna", "meld/ben", "meld/carl")
    assert corpus.speaker_unit == "character"
    first = corpus.clips[0]
    assert (first.transcript, first.partition, first.has_audio) == (
        "Oh, that\u2019s, neutral!",
        "train",
        False,
    )
    with pytest.raises(CorpusInvalid, match="labels but no audio"):
        corpus.with_audio()


def test_meld_damage_has_its_messages(mini: Any) -> None:
    root = mini.meld()
    table = root / "train_sent_emo.csv"
    whole = table.read_bytes()
    table.write_bytes(whole.replace(b",joy,", b",mirth,", 1))
    with pytest.raises(CorpusInvalid, match=r"train_sent_emo\.csv:3: unknown emotion 'mirth'"):
        load_corpus(f"meld:{root}")
    table.write_bytes(whole.replace("\u2019".encode(), "\u2019".encode("cp1252"), 1))
    with pytest.raises(CorpusInvalid, match="not utf-8-sig text"):
        load_corpus(f"meld:{root}")
    table.write_bytes(whole[: whole.index(b"\n") + 1])
    with pytest.raises(CorpusInvalid, match="a header and no rows"):
        load_corpus(f"meld:{root}")
    table.write_bytes(whole + b'8,"open')
    with pytest.raises(CorpusInvalid, match="not a table"):
        load_corpus(f"meld:{root}")
    (root / "dev_sent_emo.csv").unlink()
    with pytest.raises(CorpusMissing, match=r"no dev_sent_emo\.csv"):
        load_corpus(f"meld:{root}")
