"""The verb `agree`: a model, a bundle on clips, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgetpu_models.testing import small_network
from firmware_bridge.contract.bundle import Bundle
from tools.cli import run


def test_a_model_is_compared_layer_by_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "a.tflite"
    model.write_bytes(small_network())
    assert run(["agree", str(model), "--inputs", "2"]) == 0
    assert "(modelled)" in capsys.readouterr().out
    assert run(["agree", str(model), "--inputs", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evidence"] == "modelled"
    assert run(["bisect", str(model), "--executor", "edgetpu-model", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["layers"]


def test_decisions_of_a_bundle_are_counted(
    tiny_bundle: Bundle, ravdess: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "agree",
        "--bundle",
        str(tiny_bundle.directory),
        "--corpus",
        f"ravdess:{ravdess}",
        "--limit",
        "2",
    ]
    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clips"] == 2
    assert found["fewest"].keys() == found["most"].keys() == {"acoustic", "keyword", "fused"}
    assert run([*arguments, "--max-flips", "2"]) == 0
    assert run(["evaluate", *arguments[1:], "--executor", "edgetpu-model", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.split("\n{", 1)[-1].join(["{", ""]))["evidence"] == "modelled"


def test_one_of_both_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["agree"]) == 2
    assert "one of both" in capsys.readouterr().err
