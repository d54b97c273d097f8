"""The verb `reweight`: the file, JSON, exit status, and nothing written when it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
