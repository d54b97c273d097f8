"""The verb `provenance`: table, JSON, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgetpu_models.testing import compiled, small_network
from tools.cli import run


def test_a_real_pair_is_proved(data_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_root / "edgetpu_same_architecture"
    original, made = folder / "color_red_64x64.tflite", folder / "color_red_64x64_edgetpu.tflite"
    assert run(["provenance", str(original), str(made)]) == 0
    assert "verdict: proved" in capsys.readouterr().out
    assert run(["provenance", str(original), str(made), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "proved"
    assert found["exact_layers"] == found["weighted_layers"] == 3


def test_another_file_leaves_with_one(data_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_root / "edgetpu_same_architecture"
    pair = [str(folder / "color_red_64x64.tflite"), str(folder / "color_blue_64x64_edgetpu.tflite")]
    assert run(["provenance", *pair]) == 1
    assert "verdict: not from this file" in capsys.readouterr().out


def test_without_real_files_the_verb_still_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original, made = tmp_path / "a.tflite", tmp_path / "a_edgetpu.tflite"
    original.write_bytes(small_network())
    made.write_bytes(compiled())
    assert run(["provenance", str(original), str(made), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "not from this file"
    assert run(["provenance", str(made), str(made)]) == 2
    assert "remedy" in capsys.readouterr().err
