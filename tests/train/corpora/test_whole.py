"""A corpus whose counts nobody knows, whose tables lie elsewhere, whose sound is lost; and the names of its clips."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.record import Clip, Corpus, checked
from train.corpora.registry import Published
from train.corpora.soundness import LISTED, Finding, completeness, presence

LABELS = ("happy", "sad")


def corpus(
    root: Path = Path("/toy"), count: int = 4, speakers: int = 2, silent: Sequence[int] = ()
) -> Corpus:
    clips = tuple(
        Clip(root / f"{n:02}.wav", "toy", f"toy/{n % speakers}", LABELS[n % 2], has_audio=n not in silent)
        for n in range(count)
    )
    return Corpus("toy", root, LABELS, clips, "CC0", "nobody", True)


def levels(found: Sequence[Finding]) -> list[str]:
    return [one.level for one in found]


class TestCompleteness:
    def test_what_nobody_counted_is_not_compared(self) -> None:
        assert completeness(corpus(), Published(None, None, "several releases")) == []
        assert levels(completeness(corpus(), None)) == ["fact"]

    def test_a_table_is_known_by_its_hash_wherever_it_lies(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        table = tmp_path / "elsewhere" / "labels.csv"
        table.write_text("a,b\n")
        published = Published(4, 2, "x", {"tables/labels.csv": hashlib.sha256(b"a,b\n").hexdigest()})
        whole = replace(corpus(tmp_path), sidecars=(table,))
        assert completeness(whole, published)[-1] == Finding("fact", "files with the published SHA-256: 1")
        table.write_text("a,c\n")
        assert completeness(whole, published)[-1].level == "warning"
        assert "labels.csv is not the published file" in completeness(whole, published)[-1].what
        table.unlink()
        assert len(completeness(whole, published)) == 1, (
            "a table that is not there is another check's concern"
        )


class TestPresence:
    def test_lost_ones_are_damage_and_some_are_named(self) -> None:
        (found,) = presence(corpus(count=20, silent=range(9)), None)
        assert found.level == "damage"
        assert found.what.startswith("9 labelled clips have no sound file: 00.wav, ")
        assert found.what.endswith(f" and {9 - LISTED} more")

    def test_those_that_were_published_silent_are_told_apart(self) -> None:
        published = Published(4, 2, "x", silent=frozenset({"01"}))
        found = presence(corpus(silent=(1, 2)), published)
        assert levels(found) == ["fact", "damage"]
        assert "01.wav" in found[0].what
        assert "02.wav" in found[1].what


class TestRecord:
    def test_a_stretch_is_part_of_a_clips_name(self) -> None:
        clip = corpus().clips[0]
        part = replace(clip, start_s=1.5, end_s=2.25)
        assert (clip.name, part.name) == ("00.wav", "00.wav#1.5-2.25")
        assert clip.whole and not part.whole
        assert not replace(clip, channel="fainter").whole

    def test_names_are_the_same_on_every_machine(self) -> None:
        here, there = corpus(Path("/here/toy")), corpus(Path("/there/toy"))
        assert [here.name_of(clip) for clip in here.clips] == [there.name_of(clip) for clip in there.clips]
        assert here.name_of(replace(here.clips[0], start_s=0.0, end_s=1.0)) == "00.wav#0-1"

    def test_a_file_from_another_folder_goes_by_its_folder_and_name(self) -> None:
        noise = replace(corpus().clips[0], path=Path("/far/away/noise/hum.wav"))
        assert corpus().name_of(noise) == "../noise/hum.wav"

    def test_a_corpus_without_a_clip_is_refused(self) -> None:
        with pytest.raises(CorpusInvalid, match="no clip is left") as caught:
            checked(replace(corpus(), clips=()))
        assert "another slice" in caught.value.remedy

    def test_a_class_with_votes_alone_is_a_class(self) -> None:
        votes = (("happy", 0.6), ("sad", 0.4))
        happy = tuple(replace(clip, label="happy", votes=votes) for clip in corpus().clips)
        assert checked(replace(corpus(), clips=happy)).counts() == {"happy": 4, "sad": 0}
        none = tuple(replace(clip, votes=(("happy", 1.0), ("sad", 0.0))) for clip in happy)
        with pytest.raises(CorpusInvalid, match="no clips of class sad"):
            checked(replace(corpus(), clips=none))
