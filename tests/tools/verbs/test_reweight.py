"""The verb `reweight`: the file, JSON, exit status, and nothing written when it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.testing import compiled, small_network
from tools.cli import run


def test_a_derived_file_is_written_and_proved(
    data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data_root / "edgetpu_same_architecture"
    red, blue = folder / "color_red_64x64.tflite", folder / "color_blue_64x64.tflite"
    template = [str(red), str(red.with_name("color_red_64x64_edgetpu.tflite"))]
    out = tmp_path / "blue_edgetpu.tflite"
    assert run(["reweight", *template, str(blue), "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evidence"] == "derived"
    assert run(["provenance", str(blue), str(out)]) == 0
    assert "verdict: proved" in capsys.readouterr().out
    assert run(["reweight", *template, str(blue), "-o", str(out)]) == 0
    assert "derived: no compiler made it" in capsys.readouterr().out


def test_a_refusal_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original, made, out = (tmp_path / name for name in ("a.tflite", "a_edgetpu.tflite", "out.tflite"))
    original.write_bytes(small_network())
    made.write_bytes(compiled())
    assert run(["reweight", str(original), str(made), str(original), "-o", str(out)]) == 2
    assert "cannot be a template" in capsys.readouterr().err
    assert not out.exists()


def test_longer_names_are_written_and_what_rests_on_counts_is_said(
    data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file with ADD, MUL and a mean, its input renamed to something that needs another room."""
    pairs = data_root / "edgetpu_pairs"
    original = next(pairs.glob("62c09a14*"), None)
    if original is None:
        pytest.skip("no compiled models at hand")
    opened = open_model(original.read_bytes())
    opened.subgraphs[0].tensors[0].name = b"a camera with a name that is longer than the one before it"
    renamed, out = tmp_path / "b.tflite", tmp_path / "b_edgetpu.tflite"
    renamed.write_bytes(pack(opened))
    made = next(pairs.glob("b3aed616*"))
    assert run(["reweight", str(original), str(made), str(renamed), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "rests on counts, not on a whole pair of real files: 2 MUL: records of real files only" in said
    assert run(["provenance", str(renamed), str(out)]) == 0
    capsys.readouterr()
    assert run(["reweight", str(original), str(made), str(renamed), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["changed_bytes"] == -1, "the file has another size"
    assert len(told["rests_on"]) == 2
