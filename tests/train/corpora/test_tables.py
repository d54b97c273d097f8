"""Tables of labels: what is read, and that every complaint names the file and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from train.corpora.tables import (
    find_file,
    first_file,
    meaning,
    number,
    optional_number,
    read_rows,
    read_text,
    to_unit,
)


def write(folder: Path, content: str | bytes, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class TestText:
    def test_a_mark_at_the_beginning_is_no_part_of_it(self, tmp_path: Path) -> None:
        assert read_text(write(tmp_path, "\ufeffname\n")) == "name\n"

    def test_another_encoding_names_the_byte(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusInvalid, match=r"labels\.csv: not utf-8-sig text \(byte 2\)"):
            read_text(write(tmp_path, b"gr\xfc\xdf"))

    def test_an_encoding_that_is_asked_for(self, tmp_path: Path) -> None:
        assert read_text(write(tmp_path, "größe".encode("latin-1")), "latin-1") == "größe"

    def test_a_missing_file_is_an_incomplete_download(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusMissing, match="no such file") as caught:
            read_text(tmp_path / "labels.csv")
        assert "complete the download" in caught.value.remedy


class TestRows:
    def test_cells_come_by_column_with_their_line(self, tmp_path: Path) -> None:
        path = write(tmp_path, "file,label\na.wav,sad\nb.wav,happy\n")
        assert list(read_rows(path, "label", "file")) == [
            (f"{path}:2", {"file": "a.wav", "label": "sad"}),
            (f"{path}:3", {"file": "b.wav", "label": "happy"}),
        ]

    def test_empty_lines_count_as_lines_and_are_no_rows(self, tmp_path: Path) -> None:
        path = write(tmp_path, "file\n\na.wav\n\n")
        assert list(read_rows(path, "file")) == [(f"{path}:3", {"file": "a.wav"})]

    def test_a_cell_may_hold_commas_and_line_ends(self, tmp_path: Path) -> None:
        path = write(tmp_path, 'file,text\na.wav,"well, now\nthen"\nb.wav,x\n')
        rows = list(read_rows(path, "file"))
        assert rows[0][1]["text"] == "well, now\nthen"
        assert rows[1][0] == f"{path}:4", "the line in the file, not the number of the row"

    def test_in_a_table_of_tabs_a_quotation_mark_is_itself(self, tmp_path: Path) -> None:
        path = write(tmp_path, 'file\ttext\na.wav\t"no\n', "labels.tsv")
        assert [row["text"] for _, row in read_rows(path, "file", delimiter="\t")] == ['"no']

    @pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
    def test_all_line_ends_are_read(self, tmp_path: Path, ends: str) -> None:
        path = write(tmp_path, ends.join(["file,label", "a.wav,sad", ""]))
        assert [row for _, row in read_rows(path, "file")] == [{"file": "a.wav", "label": "sad"}]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("file\na.wav\n", "no column label, speaker"),
            ("", "no column file, label, speaker"),
            ("file,label,speaker\na.wav,sad\n", r":2: 2 cells instead of 3"),
            ("file,label,speaker\na.wav,sad,x,y\n", r":2: 4 cells instead of 3"),
            ("file,label,speaker\n", "a header and no rows"),
            ('file,label,speaker\na.wav,"sad,x\n', "not a table"),
            ('file,label,speaker\na.wav,"sad"x,y\n', "not a table"),
        ],
    )
    def test_what_is_no_whole_table_is_refused(self, tmp_path: Path, content: str, words: str) -> None:
        with pytest.raises(CorpusInvalid, match=words) as caught:
            list(read_rows(write(tmp_path, content), "file", "label", "speaker"))
        assert str(tmp_path / "labels.csv") in caught.value.what
        assert "fetch the file again" in caught.value.remedy

    def test_the_columns_there_are_stand_in_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusInvalid) as caught:
            list(read_rows(write(tmp_path, "file,emotion\na,b\n"), "label"))
        assert caught.value.remedy.endswith("it has: file, emotion")


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "value"), [("3", 3.0), (" 2.5 ", 2.5), ("1e0", 1.0), ("1", 1.0), ("5", 5.0)]
    )
    def test_both_ends_of_the_range_count(self, text: str, value: float) -> None:
        assert number("t:2", "valence", text, 1, 5) == value

    @pytest.mark.parametrize("text", ["0.99", "5.01", "-3", "inf", "nan"])
    def test_outside_is_refused(self, text: str) -> None:
        with pytest.raises(CorpusInvalid, match=r"t:2: valence .* is outside 1 to 5"):
            number("t:2", "valence", text, 1, 5)

    @pytest.mark.parametrize("text", ["", "three", "1,5", "--"])
    def test_no_number_is_refused(self, text: str) -> None:
        with pytest.raises(CorpusInvalid, match=f"t:2: valence '{text}' is not a number"):
            number("t:2", "valence", text, 1, 5)

    @pytest.mark.parametrize("text", ["", "  ", "NaN", "nan"])
    def test_an_empty_cell_is_none_where_that_is_allowed(self, text: str) -> None:
        assert optional_number("t:2", "valence", text, 1, 5) is None

    def test_otherwise_it_is_as_strict(self) -> None:
        assert optional_number("t:2", "valence", "4", 1, 5) == 4.0
        with pytest.raises(CorpusInvalid, match="outside"):
            optional_number("t:2", "valence", "6", 1, 5)

    @pytest.mark.parametrize(
        ("value", "unit"), [(1, -1.0), (3, 0.0), (5, 1.0), (2, -0.5), (0, -1.0), (9, 1.0), (None, None)]
    )
    def test_a_rating_on_the_scale_of_a_clip(self, value: float | None, unit: float | None) -> None:
        assert to_unit(value, 1, 5) == unit


class TestLookup:
    def test_codes(self) -> None:
        assert meaning("t:4", "emotion", "A", {"A": "angry"}) == "angry"
        with pytest.raises(CorpusInvalid, match="t:4: unknown emotion 'X'") as caught:
            meaning("t:4", "emotion", "X", {"A": "angry", "sad": "sad"})
        assert caught.value.remedy == "known: A angry, sad"

    def test_the_first_of_several_names(self, tmp_path: Path) -> None:
        write(tmp_path, "x", "new.csv")
        write(tmp_path, "x", "old.csv")
        assert find_file(tmp_path, ("newest.csv", "new.csv", "old.csv")) == tmp_path / "new.csv"
        assert first_file(tmp_path, ("old.csv",), "labels") == tmp_path / "old.csv"
        assert find_file(tmp_path, ("newest.csv",)) is None

    def test_a_folder_of_that_name_is_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "labels.csv").mkdir()
        assert find_file(tmp_path, ("labels.csv",)) is None

    def test_none_of_them_lists_what_was_looked_for(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusMissing, match=r"no a\.csv \(votes\)") as caught:
            first_file(tmp_path, ("a.csv", "b.csv"), "votes")
        assert caught.value.remedy.endswith("looked for a.csv, b.csv")
