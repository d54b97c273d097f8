"""Files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from firmware_bridge.base.files import atomic_directory, atomic_path, sha256_file, write_bytes, write_json


class Struck(Exception):
    """What goes wrong in the middle."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sha256_is_the_known_one(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_file(tmp_path / "abc") == hashlib.sha256(b"abc").hexdigest()
    assert sha256_file(tmp_path / "abc").startswith("ba7816bf")


def test_a_file_appears_whole_in_a_new_folder(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c.bin"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"12")
        assert not target.exists()
        assert temporary.parent == target.parent  # a rename must not cross file systems
    assert target.read_bytes() == b"12"
    assert names(target.parent) == ["c.bin"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x"
    write_bytes(target, b"old")
    with pytest.raises(Struck), atomic_path(target) as temporary:
        temporary.write_bytes(b"ne")
        raise Struck
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["x"]


def test_json_is_sorted_readable_and_keeps_letters(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"b": [1, 2], "a": "Äpfel"})
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": "Äpfel", "b": [1, 2]}
    assert text.index('"a"') < text.index('"b"')
    assert "Äpfel" in text
    assert text.endswith("}\n")


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", 1)
    with pytest.raises(TypeError):
        write_json(tmp_path / "x.json", {"x": Path()})
    assert json.loads((tmp_path / "x.json").read_text()) == 1


def test_a_directory_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "d"
    for content in ("old", "new"):
        with atomic_directory(target) as temporary:
            (temporary / content).write_text(content)
    assert names(target) == ["new"]
    assert names(tmp_path) == ["d"]


@pytest.mark.parametrize("before", [True, False])
def test_a_failed_directory_changes_nothing(tmp_path: Path, before: bool) -> None:
    target = tmp_path / "d"
    if before:
        with atomic_directory(target) as temporary:
            (temporary / "old").touch()
    with pytest.raises(Struck), atomic_directory(target) as temporary:
        (temporary / "new").touch()
        raise Struck
    assert names(tmp_path) == (["d"] if before else [])
    if before:
        assert names(target) == ["old"]


def test_others_may_read_what_was_written(tmp_path: Path) -> None:
    """Same rights as a folder made by hand: a temporary one would be for its owner alone."""
    (tmp_path / "plain").mkdir()
    with atomic_directory(tmp_path / "d"):
        pass
    assert (tmp_path / "d").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_is_replaced_and_what_it_points_at_stays(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "kept").touch()
    (tmp_path / "d").symlink_to("far")
    with atomic_directory(tmp_path / "d") as temporary:
        (temporary / "new").touch()
    assert names(tmp_path) == ["d", "far"]
    assert not (tmp_path / "d").is_symlink()
    assert names(tmp_path / "far") == ["kept"]
