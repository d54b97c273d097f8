"""The inner view: records with owners, parameters without gaps, a disassembly that loses nothing, differences."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgetpu_models.blob_picture import blob_picture
from edgetpu_models.diff import diff
from edgetpu_models.inside import disassembly, look_inside
from edgetpu_models.program.container import open_compiled
from edgetpu_models.testing import compiled
from tools.cli import run


@pytest.fixture
def folder(data_root: Path) -> Path:
    found = data_root / "edgetpu_same_architecture"
    if not found.is_dir():
        pytest.skip("no compiled models at hand")
    return found


def test_the_pieces_cover_the_parameters_exactly(pairs: list) -> None:
    for pair in pairs:
        view = look_inside(pair.compiled, pair.original)
        assert sum(s.size for s in view.stretches) == view.parameter_bytes
        assert view.unexplained_bytes <= view.parameter_bytes
        if pair.original:
            assert any(
                s.what.split()[0] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
                for s in view.stretches
            ) or ("split_concat" in pair.compiled.name)


def test_records_have_owners_and_without_the_original_none(folder: Path) -> None:
    original, made = folder / "color_red_64x64.tflite", folder / "color_red_64x64_edgetpu.tflite"
    view = look_inside(made, original)
    assert len(view.records) == 40
    assert all(r.owners for r in view.records)
    blind = look_inside(made)
    assert [r.word for r in blind.records] == [r.word for r in view.records]
    assert not any(r.owners for r in blind.records)


def test_the_disassembly_holds_every_word(folder: Path) -> None:
    made = folder / "color_red_64x64_edgetpu.tflite"
    lines = [line for line in disassembly(made) if not line.startswith(";")]
    data = made.read_bytes()
    streams = b"".join(p.stream.of(data) for p in open_compiled(data).programs)
    assert b"".join(bytes.fromhex(line.split()[1])[::-1] for line in lines) == streams
    assert sum("requantise m=" in line for line in lines) == 40


def test_a_difference_names_the_fields_of_records(folder: Path) -> None:
    found = diff(folder / "color_red_64x64_edgetpu.tflite", folder / "color_blue_64x64_edgetpu.tflite")
    where = {c.where.rsplit(".", 1)[-1] for c in found if ".word " in c.where}
    assert {"m", "hi", "lo", "output zero point"} <= where
    assert any(c.where.endswith(".parameters") for c in found)
    same = diff(folder / "color_red_64x64_edgetpu.tflite", folder / "color_red_64x64_edgetpu.tflite")
    assert not same


def test_the_picture_is_the_same_for_the_same_file(folder: Path) -> None:
    view = look_inside(folder / "color_red_64x64_edgetpu.tflite", folder / "color_red_64x64.tflite")
    assert blob_picture(view) == blob_picture(view)
    assert b"FC 4" in blob_picture(view)


def test_the_verb_shows_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "a_edgetpu.tflite"
    made.write_bytes(compiled())
    words, picture = tmp_path / "words.txt", tmp_path / "blob.svg"
    assert (
        run(["inspect", str(made), "--inside", "--disassemble", str(words), "--picture", str(picture)]) == 0
    )
    assert "instruction words are records" in capsys.readouterr().out
    assert words.read_text().count("\n") == 2 + (2048 + 512) // 16
    assert picture.read_bytes().startswith(b"<?xml")
