"""`undertone encoders` and `undertone extract`, on a small network and small corpora."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tools.cli import run
from train.foundation.cut import cut_file


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A network of one convolution and one product."""
    import onnx
    from onnx import TensorProto, helper

    weights = np.random.default_rng(1)
    nodes = [
        helper.make_node("Unsqueeze", ["input_values", "axis"], ["channel"]),
        helper.make_node("Conv", ["channel", "w"], ["c"], kernel_shape=[400], strides=[160]),
        helper.make_node("Transpose", ["c"], ["hidden_0"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["hidden_0", "v"], ["hidden_1"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input_values", TensorProto.FLOAT, ["b", "n"])],
        [helper.make_tensor_value_info(f"hidden_{i}", TensorProto.FLOAT, ["b", "s", 8]) for i in (0, 1)],
        [
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("w", TensorProto.FLOAT, [8, 1, 400], weights.normal(0, 1, 3200)),
            helper.make_tensor("v", TensorProto.FLOAT, [8, 8], weights.normal(0, 1, 64)),
        ],
    )
    path = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    monkeypatch.setattr(cut_file, "__defaults__", (tmp_path / "cuts",))
    monkeypatch.setattr("tools.verbs.encoders.RESULTS", tmp_path / "results")
    return f"onnx:{path}"


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """RAVDESS's layout: three actors, eight emotions, a clip each; each emotion is a tone of its own."""
    for actor in (1, 2, 3):
        folder = tmp_path / "ravdess" / f"Actor_{actor:02d}"
        folder.mkdir(parents=True)
        for emotion in range(1, 9):
            tone = 0.2 * np.sin(2 * np.pi * 300 * emotion * np.arange(4800) / 16000)
            noise = np.random.default_rng(10 * actor + emotion).normal(0, 0.02, 4800)
            soundfile.write(folder / f"03-01-{emotion:02d}-01-01-01-{actor:02d}.wav", tone + noise, 16000)
    return f"ravdess:{tmp_path / 'ravdess'}"


def json_of(capsys: pytest.CaptureFixture[str], arguments: list[str], status: int = 0) -> dict[str, object]:
    assert run([*arguments, "--json"]) == status
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_what_is_at_hand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
    found = json_of(capsys, ["encoders"])["encoders"]
    assert isinstance(found, list)
    states = {each["name"]: each["state"] for each in found}
    assert states["whisper-base"] == "missing"
    assert run(["encoders"]) == 0
    shown = capsys.readouterr().out
    assert "missing" in shown
    assert "hub:OWNER/NAME@COMMIT" in shown


def test_layers_of_a_network(capsys: pytest.CaptureFixture[str], small: str) -> None:
    found = json_of(capsys, ["encoders", small, "--seconds", "1", "--check-cut", "--cost"])
    first, second = found["layers"]  # type: ignore[misc]
    assert first["multiply_adds"] == 98 * 8 * 400
    assert first["compute_saved"] == pytest.approx(1 - 3200 / 3264)
    assert (first["width"], second["parameters"]) == (8, 3264)
    assert found["cut_differences"] == {"hidden_0": 0.0, "hidden_1": 0.0}
    assert [each["layer"] for each in found["cost"]] == ["hidden_0", "hidden_1"]  # type: ignore[attr-defined]
    assert run(["encoders", small, "--check-cut", "--cost"]) == 0
    shown = capsys.readouterr().out
    assert "cut after hidden_0: bit-equal" in shown
    assert "extrapolated" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_a_sweep(capsys: pytest.CaptureFixture[str], small: str, corpus: str) -> None:
    found = json_of(capsys, ["encoders", small, "--sweep", corpus, "--folds", "3"])["sweep"]
    assert isinstance(found, dict)
    assert (found["clips"], found["speakers"]) == (24, 3)
    assert (
        run(["encoders", small, "--sweep", corpus, "--folds", "2", "--speakers", "ravdess/01,ravdess/03"])
        == 0
    )
    assert "2 interleaved folds" in capsys.readouterr().out


def test_an_extraction(capsys: pytest.CaptureFixture[str], small: str, corpus: str, tmp_path: Path) -> None:
    base = ["extract", corpus, "--encoder", small, "--layers"]
    found = json_of(capsys, [*base, "all", "--out", str(tmp_path / "a")])
    assert (found["clips"], found["layers"], found["workers"]) == (24, ["hidden_0", "hidden_1"], 1)
    assert found["seconds_heard"] == pytest.approx(24 * 0.3)
    assert run([*base, "hidden_1", "--out", str(tmp_path / "b"), "--speakers", "ravdess/02"]) == 0
    shown = capsys.readouterr().out
    assert "8 clips in 1 shards" in shown
    assert "extrapolated to 238 h" in shown
    assert run([*base, "hidden_1", "--out", str(tmp_path / "b"), "--speakers", "ravdess/02"]) == 0
    assert "0.00 h of speech heard" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["encoders", "wishper"], "unknown foundation model 'wishper'"),
        (["extract", "CORPUS", "--encoder", "SMALL", "--layers", "hidden_7", "--out", "OUT"], "hidden_7"),
        (
            ["extract", "CORPUS", "--encoder", "onnx:nowhere", "--layers", "all", "--out", "OUT"],
            "no such file",
        ),
        (
            ["extract", "CORPUS", "--encoder", "SMALL", "--layers", "all", "--out", "OUT", "--speakers", "x"],
            "no speaker x",
        ),
    ],
)
def test_wrong_input(
    capsys: pytest.CaptureFixture[str],
    small: str,
    corpus: str,
    tmp_path: Path,
    arguments: list[str],
    why: str,
) -> None:
    known = {"CORPUS": corpus, "SMALL": small, "OUT": str(tmp_path / "out")}
    assert run([known.get(each, each) for each in arguments]) == 2
    shown = capsys.readouterr().err
    assert why in shown
    assert "remedy" in shown
