"""Sound files of a corpus: which count, in which order, and what is said about those that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from firmware_bridge.sound.audio import AUDIO_SUFFIXES
from train.corpora.files import decode, in_order, is_sound, misnamed, once, sound_files, sounds_by_stem
from train.corpora.record import Clip


def touch(root: Path, *names: str) -> Path:
    """Make empty files below a folder; nobody listens to them here."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


class TestSoundFiles:
    def test_they_come_sorted_whatever_the_disk_says(self, tmp_path: Path) -> None:
        touch(tmp_path, "b/2.wav", "a/10.wav", "a/9.wav", "b/1.flac")
        names = [path.relative_to(tmp_path).as_posix() for path in sound_files(tmp_path, "*/*")]
        assert names == ["a/10.wav", "a/9.wav", "b/1.flac", "b/2.wav"]

    def test_every_kind_of_sound_counts_in_any_case(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{index}{suffix.upper()}" for index, suffix in enumerate(sorted(AUDIO_SUFFIXES))))
        assert len(sound_files(tmp_path, "*")) == len(AUDIO_SUFFIXES)

    @pytest.mark.parametrize("name", [".hidden.wav", "._a.wav", "notes.txt", "wav", "a.wav.part"])
    def test_other_files_do_not(self, tmp_path: Path, name: str) -> None:
        touch(tmp_path, "a.wav", name)
        assert [path.name for path in sound_files(tmp_path, "*")] == ["a.wav"]
        assert not is_sound(tmp_path / name)

    def test_the_folder_audio_is_taken_where_it_is_there(self, tmp_path: Path) -> None:
        touch(tmp_path, "audio/inside.wav", "outside.wav")
        assert [path.name for path in sound_files(tmp_path, "*")] == ["inside.wav"]

    def test_none_at_all_is_missing_and_says_what_was_looked_for(self, tmp_path: Path) -> None:
        touch(tmp_path, "readme.txt")
        with pytest.raises(CorpusMissing, match=r"no sound files \(Actor_\*/\* with") as caught:
            sound_files(tmp_path, "Actor_*/*")
        assert ".wav" in caught.value.what
        assert caught.value.see == "train/corpora/README.md"

    def test_a_folder_that_is_not_there_is_missing_too(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusMissing):
            sound_files(tmp_path / "nowhere", "*")


class TestByName:
    def test_names_lose_their_ending(self, tmp_path: Path) -> None:
        touch(tmp_path, "x/one.wav", "x/two.mp3", "x/three.txt")
        assert sorted(sounds_by_stem([tmp_path / "x"])) == ["one", "two"]

    def test_an_earlier_folder_wins(self, tmp_path: Path) -> None:
        touch(tmp_path, "first/one.wav", "second/one.wav", "second/two.wav")
        found = sounds_by_stem([tmp_path / "first", tmp_path / "second"])
        assert found == {"one": tmp_path / "first" / "one.wav", "two": tmp_path / "second" / "two.wav"}

    def test_folders_that_are_not_there_are_passed_over(self, tmp_path: Path) -> None:
        touch(tmp_path, "second/one.wav")
        assert list(sounds_by_stem([tmp_path / "first", tmp_path / "second"])) == ["one"]
        assert sounds_by_stem([tmp_path / "first"]) == {}

    def test_twice_in_one_folder_is_an_archive_unpacked_twice(self, tmp_path: Path) -> None:
        touch(tmp_path, "x/a/one.wav", "x/b/one.wav")
        with pytest.raises(CorpusInvalid, match="one is there twice") as caught:
            sounds_by_stem([tmp_path / "x"], "*/*")
        assert "remove one" in caught.value.remedy

    def test_one_name_with_two_endings_is_twice(self, tmp_path: Path) -> None:
        touch(tmp_path, "x/one.wav", "x/one.flac")
        with pytest.raises(CorpusInvalid, match=r"one\.flac and .*one\.wav"):
            sounds_by_stem([tmp_path / "x"])

    def test_once_returns_the_path(self) -> None:
        assert once({}, "a", Path("a.wav")) == Path("a.wav")
        with pytest.raises(CorpusInvalid, match=r"a is there twice: x/a\.wav and y/a\.wav"):
            once({"a": Path("x/a.wav")}, "a", Path("y/a.wav"))


class TestNames:
    def test_a_code_is_looked_up(self) -> None:
        assert decode(Path("03-05.wav"), "emotion", "05", {"05": "angry"}) == "angry"

    @pytest.mark.parametrize("code", ["", "5", "06", " 05"])
    def test_an_unknown_code_lists_the_known_ones(self, code: str) -> None:
        with pytest.raises(CorpusInvalid, match=f"03-05.wav: unknown emotion code '{code}'") as caught:
            decode(Path("x/03-05.wav"), "emotion", code, {"05": "angry", "03": "happy"})
        assert caught.value.remedy == "known codes: 05 angry, 03 happy"

    def test_a_name_of_another_scheme_says_what_was_expected(self) -> None:
        error = misnamed(Path("x/IMG_1.wav"), "DC/a01 or DC_a01")
        assert isinstance(error, CorpusInvalid)
        assert error.what == "IMG_1.wav: not a file name of this corpus (expected DC/a01 or DC_a01)"

    def test_clips_are_in_order_of_path_and_beginning(self) -> None:
        def clip(name: str, start: float | None = None) -> Clip:
            return Clip(
                Path(name), "toy", "toy/1", "happy", start_s=start, end_s=None if start is None else start + 1
            )

        given = [clip("b.wav"), clip("a.wav", 2.0), clip("a.wav", 0.5), clip("a/z.wav"), clip("a.wav")]
        assert [(one.path.as_posix(), one.start_s) for one in in_order(given)] == [
            ("a.wav", None),
            ("a.wav", 0.5),
            ("a.wav", 2.0),
            ("a/z.wav", None),
            ("b.wav", None),
        ]
