"""Transcripts in every form, words out of text, counts by emotion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora import load_corpus
from train.corpora.transcripts import (
    WordCounts,
    count_words,
    counts_of,
    read_transcripts,
    read_word_counts,
    with_transcripts,
    words_in,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I can\u2019t, y`know!", ["i", "can't", "y'know"]),
        ("'em \u2018quoted\u2019 dogs'", ["em", "quoted", "dogs"]),
        ("KL-5 to GR-6", ["kl", "to", "gr"]),
        ("fianc\u00e9", ["fianc"]),
        ("\u2014 ... 7", []),
    ],
)
def test_words_are_runs_of_letters_with_inner_apostrophes(text: str, words: list[str]) -> None:
    assert words_in(text) == words


def test_transcripts_in_four_forms(mini: Any, tmp_path: Path) -> None:
    mini.text(tmp_path / "one" / "a.lab", " hello\n  there ")
    mini.text(tmp_path / "one" / "84-1.trans.txt", "84-1-0000 GO ON\n84-1-0001 STOP\n")
    assert read_transcripts(tmp_path / "one") == {
        "a": "hello there",
        "84-1-0000": "GO ON",
        "84-1-0001": "STOP",
    }
    table = mini.table(tmp_path / "t.csv", [{"file": "x/a.wav", "text": "hello, you"}])
    assert read_transcripts(table) == {"a": "hello, you"}
    tabbed = mini.table(tmp_path / "t.tsv", [{"file": "a.wav", "text": "hello"}], delimiter="\t")
    assert read_transcripts(tabbed) == {"a": "hello"}


def test_damaged_transcripts_are_refused(mini: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusMissing, match="no transcripts"):
        read_transcripts(tmp_path / "empty")
    mini.text(tmp_path / "two" / "a.lab", "hello")
    mini.text(tmp_path / "two" / "sub" / "a.txt", "goodbye")
    with pytest.raises(CorpusInvalid, match="two different transcripts of a"):
        read_transcripts(tmp_path / "two")
    mini.text(tmp_path / "three" / "x.trans.txt", "84-1-0000\n")
    with pytest.raises(CorpusInvalid, match=r"x\.trans\.txt:1: a name without words"):
        read_transcripts(tmp_path / "three")
    with pytest.raises(CorpusInvalid, match="no column text"):
        read_transcripts(mini.table(tmp_path / "t.csv", [{"file": "a", "words": "b"}]))


def test_a_users_transcripts_are_joined_to_any_corpus(mini: Any, said: list[str]) -> None:
    corpus = load_corpus(f"savee:{mini.savee(flat=True)}")
    told = with_transcripts(corpus, {"DC_a01": "who authorised this", "JE_h01": "those who teach"})
    assert {clip.path.stem: clip.transcript for clip in told.clips if clip.transcript} == {
        "DC_a01": "who authorised this", "JE_h01": "those who teach",
    }  # fmt: skip
    assert said == ["transcripts for 2 of 28 clips of savee"]
    counts = counts_of(told)
    assert counts.words["who"][counts.emotions.index("angry")] == 1
    with pytest.raises(CorpusInvalid, match="none of 1 transcripts is of a clip of savee"):
        with_transcripts(corpus, {"elsewhere": "x"})
    with pytest.raises(CorpusInvalid, match="savee has no transcripts"):
        counts_of(corpus)


def test_words_count_once_per_utterance() -> None:
    said = [("no no no", "sad"), ("No, yes", "happy"), ("yes", "happy"), ("yes", "bored")]
    counts = count_words(said, ("happy", "sad"))
    assert counts.utterances == {"happy": 2, "sad": 1}
    assert counts.words == {"no": (1, 1), "yes": (2, 0)}
    assert list(counts.at_least(2).words) == ["no", "yes"]
    assert list(counts.at_least(3).words) == []


def test_meld_counts_are_those_of_its_text(mini: Any) -> None:
    counts = counts_of(load_corpus(f"meld:{mini.meld()}"))
    assert counts.utterances == dict.fromkeys(counts.emotions, 3)
    assert counts.words["that's"] == (3,) * 7
    assert counts.words["joy"] == (0, 3, 0, 0, 0, 0, 0)


def test_word_tables_are_read_and_damaged_ones_refused(mini: Any, tmp_path: Path) -> None:
    good = "# utterances per emotion: sad=3 joy=4 total=7\nword,sad,joy,total\nno,3,1,4\nyes,0,4,4\n"
    assert read_word_counts(mini.text(tmp_path / "w.csv", good)) == WordCounts(
        {"sad": 3, "joy": 4}, {"no": (3, 1), "yes": (0, 4)}
    )
    for old, new, says in (
        ("# utterances", "utterances", ":1: no comment"),
        ("no,3,1", "no,9,1", r":3: sad 9 is outside 0 to 3"),
        ("yes,0,4,4", "yes,0", ":4: not a word and 2 counts"),
        ("no,3", "no,many", ":3: sad 'many' is not a number"),
    ):
        with pytest.raises(CorpusInvalid, match=says):
            read_word_counts(mini.text(tmp_path / "w.csv", good.replace(old, new, 1)))


@pytest.mark.corpus
def test_real_word_statistics_are_read(data_root: Path) -> None:
    folder = data_root / "word_statistics"
    if not folder.is_dir():
        pytest.skip("word_statistics is not there")
    meld = read_word_counts(folder / "meld_words.csv")
    assert (sum(meld.utterances.values()), len(meld.words)) == (9989, 700)
    assert meld.at_least(10) == meld
    assert list(meld.at_least(10).words) == list(meld.words), "sorted as published"
