"""A user's own recordings with a table, clips cut out of long recordings, and stretches when they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import AudioUnreadable, CorpusInvalid, CorpusMissing
from train.corpora import UNKNOWN_SPEAKER, Clip, load_corpus
from train.corpora.reading import read_clips
from train.corpora.table import cut
from train.corpora.tables import number, optional_number, to_unit

ROWS = [
    {"file": "a.wav", "label": "happy", "speaker": "anna", "votes": "happy=0.75 sad=0.25", "valence": 0.5},
    {"file": "sub/b.wav", "label": "", "speaker": "ben", "votes": "", "valence": ""},
    {"file": "c.wav", "label": "sad", "speaker": "", "votes": "", "valence": -1},
]


def write(mini: Any, rows: list[dict[str, Any]] = ROWS) -> Path:
    root = mini.folder / "own"
    for name in ("a.wav", "sub/b.wav"):
        mini.sound(root / name)
    mini.table(root / "clips.csv", rows)
    return root


def test_what_the_table_says_is_what_the_clips_are(mini: Any) -> None:
    corpus = load_corpus(f"table:{write(mini)}")
    first, lost, second = corpus.clips
    assert (first.label, first.speaker, first.valence, first.gender) == ("happy", "table/anna", 0.5, None)
    assert first.votes == (("happy", 0.75), ("sad", 0.25))
    assert (lost.path.name, lost.has_audio, lost.speaker) == ("c.wav", False, UNKNOWN_SPEAKER)
    assert (second.path.name, second.label) == ("b.wav", None)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("votes", "happy=0.5", r"clips\.csv:2: the votes sum to 0.5"),
        ("votes", "happy=much", "votes for happy 'much' is not a number"),
        ("valence", 3, "valence 3 is outside -1 to 1"),
        ("file", "../../etc/passwd", "lies outside the corpus"),
    ],
)
def test_damaged_rows_name_their_line(mini: Any, column: str, value: Any, says: str) -> None:
    root = write(mini, [ROWS[0] | {column: value}, *ROWS[1:]])
    with pytest.raises(CorpusInvalid, match=says):
        load_corpus(f"table:{root}")
    (root / "clips.csv").unlink()
    with pytest.raises(CorpusMissing, match=r"no clips\.csv"):
        load_corpus(f"table:{root}")


def test_cut_clips_are_a_corpus_of_their_own(mini: Any, tmp_path: Path) -> None:
    corpus = load_corpus(f"cmu_mosei:{mini.cmu_mosei()}")
    cut(corpus, corpus.clips, tmp_path / "cut")
    pieces = load_corpus(f"table:{tmp_path / 'cut'}")
    assert [clip.label for clip in pieces.clips] == [clip.label for clip in corpus.clips]
    assert [clip.speaker.partition("/")[2] for clip in pieces.clips] == [
        clip.speaker.partition("/")[2] for clip in corpus.clips
    ]
    for one, other in zip(pieces.clips, corpus.clips, strict=True):
        assert {k: v for k, v in one.votes or () if v} == pytest.approx(
            {k: v for k, v in other.votes or () if v}, abs=1e-6
        )
        assert one.partition == other.partition
        assert one.valence == (None if other.valence is None else pytest.approx(other.valence))
    for piece, whole in zip(read_clips(pieces.clips), read_clips(corpus.clips), strict=True):
        assert np.array_equal(piece, whole)
    with pytest.raises(CorpusInvalid, match="already there"):
        cut(corpus, corpus.clips, tmp_path / "cut")


def test_a_damaged_recording_leaves_nothing_cut(mini: Any, tmp_path: Path) -> None:
    root = mini.cmu_mosei()
    path = root / "Raw/Audio/Full/WAV_16000/vid_c.wav"
    path.write_bytes(path.read_bytes()[:2000])
    corpus = load_corpus(f"cmu_mosei:{root}")
    with pytest.raises(AudioUnreadable, match="truncated"):
        cut(corpus, corpus.clips, tmp_path / "cut")
    assert not (tmp_path / "cut").exists()


def test_stretches_are_what_the_file_holds_there(mini: Any) -> None:
    path = mini.sound(mini.folder / "long.wav", seconds=3.0)
    whole = Clip(path, "toy", "toy/1", "sad")
    parts = [replace(whole, start_s=start, end_s=end) for start, end in ((0.5, 1.0), (2.0, 3.3))]
    sounds = read_clips([whole, *parts])
    assert np.array_equal(sounds[1], sounds[0][8000:16_000])
    assert np.array_equal(sounds[2], sounds[0][32_000:]), "labels may reach a little beyond the end"
    assert (whole.whole, parts[0].whole) == (True, False)
    for start, end in ((3.5, 4.0), (1.0, 1.0), (2.0, 3.6)):
        with pytest.raises(AudioUnreadable, match=r"3\.00 s long"):
            read_clips([replace(whole, start_s=start, end_s=end)])


def test_numbers_are_checked_and_scaled() -> None:
    assert number("t:1", "x", "2.5", 1, 5) == 2.5
    assert optional_number("t:1", "x", " NaN ", 1, 5) is None
    assert [to_unit(value, 1.0, 5.0) for value in (1.0, 3.0, 5.0, 5.5, None)] == [-1.0, 0.0, 1.0, 1.0, None]
    assert to_unit(4.0, 1.0, 7.0) == 0.0
    for text, says in (("x", "'x' is not a number"), ("nan", "nan is outside"), ("9", "9 is outside 1 to 5")):
        with pytest.raises(CorpusInvalid, match=f"t:1: .*{says}"):
            number("t:1", "x", text, 1, 5)
