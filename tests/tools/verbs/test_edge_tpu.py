"""`lint`, `analyse`, `bisect`, `inspect`, `compile` and `explain` as a user calls them, on models made on the spot."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.testing import Network, compiled, small_network
from tools.cli import run

Capture = pytest.CaptureFixture[str]
LAYERS = 11


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A good int8 network of eleven operations."""
    (tmp_path / "good.tflite").write_bytes(small_network(0))
    return tmp_path / "good.tflite"


@pytest.fixture
def off_chip(tmp_path: Path) -> Path:
    """A network with a product of two activations, which stays on the CPU."""
    net = Network()
    data = net.input((1, 4, 4))
    made = net.op("BATCH_MATMUL", [data, data], (1, 4, 4), options="BatchMatMulOptions")
    (tmp_path / "off.tflite").write_bytes(net.finish(made))
    return tmp_path / "off.tflite"


@pytest.fixture
def chip_file(tmp_path: Path) -> Path:
    (tmp_path / "made_edgetpu.tflite").write_bytes(compiled(cached=4096, streamed=0, token=7))
    return tmp_path / "made_edgetpu.tflite"


def answer(capsys: Capture) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


class TestLint:
    def test_a_good_model_passes(self, model: Path, capsys: Capture) -> None:
        assert run(["lint", str(model)]) == 0
        assert capsys.readouterr().out == f"{model}: no findings\n"

    def test_what_leaves_the_chip_fails_with_its_remedy(self, off_chip: Path, capsys: Capture) -> None:
        assert run(["lint", str(off_chip)]) == 1
        told = capsys.readouterr().out
        assert "BATCH_MATMUL: unsupported-op (leaves the TPU; known from:" in told
        assert "change: " in told

    def test_several_models_are_judged_together(self, model: Path, off_chip: Path, capsys: Capture) -> None:
        assert run(["lint", str(model), str(off_chip), "--json"]) == 1
        found = answer(capsys)
        assert found["passes"] is False
        assert found["findings"][str(model)] == []
        assert [one["rule"] for one in found["findings"][str(off_chip)]] == ["unsupported-op"]

    def test_a_rewrite_is_proved_and_written(self, model: Path, tmp_path: Path, capsys: Capture) -> None:
        out = tmp_path / "fixed.tflite"
        assert run(["lint", str(model), "--fix", str(out)]) == 0
        told = capsys.readouterr().out
        assert "no safe rewrite applies" in told
        assert "outputs equal on " in told
        assert run(["lint", str(out)]) == 0

    def test_two_models_have_no_one_place_to_be_written_to(
        self, model: Path, off_chip: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        out = tmp_path / "fixed.tflite"
        assert run(["lint", str(model), str(off_chip), "--fix", str(out)]) == 2
        assert "--fix takes one model" in capsys.readouterr().err
        assert not out.exists()


class TestAnalyse:
    def test_every_operation_has_a_row(self, model: Path, capsys: Capture) -> None:
        assert run(["analyse", str(model)]) == 0
        told = capsys.readouterr().out
        assert told.count(" TPU ") == LAYERS
        assert "fits on the chip" in told
        assert "latency source:" in told

    def test_networks_share_the_chip(self, model: Path, tmp_path: Path, capsys: Capture) -> None:
        (tmp_path / "second.tflite").write_bytes(small_network(1))
        assert run(["analyse", str(model), "--json"]) == 0
        alone = answer(capsys)
        assert run(["analyse", str(model), str(tmp_path / "second.tflite"), "--json"]) == 0
        both = answer(capsys)
        assert len(both["networks"]) == 2
        assert both["on_chip_bytes"] > alone["on_chip_bytes"]
        assert len(both["ops"]) == 2 * LAYERS

    def test_what_stays_on_the_cpu_says_why(self, off_chip: Path, capsys: Capture) -> None:
        run(["analyse", str(off_chip)])
        told = capsys.readouterr().out
        assert "on the CPU: BATCH_MATMUL 0: " in told

    def test_the_table_as_csv(self, model: Path, tmp_path: Path, capsys: Capture) -> None:
        out = tmp_path / "ops.csv"
        assert run(["analyse", str(model), "--csv", str(out), "--json"]) == 0
        rows = list(csv.DictReader(out.read_text().splitlines()))
        assert len(rows) == LAYERS
        assert rows[0]["name"] == "CONV_2D"
        assert rows[0]["shape"] == "1x16x8x16"
        assert [row["target"] for row in rows] == [one["target"] for one in answer(capsys)["ops"]]

    def test_the_picture_is_one(self, model: Path, tmp_path: Path) -> None:
        out = tmp_path / "map.svg"
        assert run(["analyse", str(model), "--plot", str(out)]) == 0
        assert ET.fromstring(out.read_text()).tag.endswith("svg")

    def test_an_unknown_build_of_the_compiler_lists_the_known_ones(
        self, model: Path, capsys: Capture
    ) -> None:
        assert run(["analyse", str(model), "--compiler", "99"]) == 2
        told = capsys.readouterr().err
        assert "unknown compiler 99" in told and "16.0" in told

    def test_a_model_that_is_not_there(self, tmp_path: Path, capsys: Capture) -> None:
        assert run(["analyse", str(tmp_path / "gone.tflite")]) == 2
        assert "no model file" in capsys.readouterr().err


class TestBisect:
    def recorded(self, model: Path, out: Path, wrong: int | None = None) -> Path:
        """Write all tensors of one random input as a device would have recorded them, one of them off by 40."""
        from edgetpu_models.numeric.executors import Kernels, random_inputs
        from edgetpu_models.verify import verify_model

        data = model.read_bytes()
        known = verify_model(data)
        (inputs,) = random_inputs(known, 1, 3)
        tensors = Kernels(data).tensors(inputs)
        saved = {"input_0": inputs[0]}
        for op in known.main.operators:
            values = np.array(tensors[op.outputs[0]])
            if wrong is not None and op.index >= wrong:
                values = np.where(values > 0, values - 40, values + 40).astype(values.dtype)
            saved[f"0_{op.outputs[0]}"] = values
        np.savez(out, **saved)
        return out

    def test_what_a_device_recorded_agrees(self, model: Path, tmp_path: Path, capsys: Capture) -> None:
        tensors = self.recorded(model, tmp_path / "t.npz")
        assert run(["bisect", str(model), "--tensors", str(tensors)]) == 0
        assert "every layer is within its tolerance" in capsys.readouterr().out

    @pytest.mark.parametrize("wrong", [0, 4, 8])
    def test_the_first_wrong_layer_is_named(
        self, model: Path, tmp_path: Path, capsys: Capture, wrong: int
    ) -> None:
        tensors = self.recorded(model, tmp_path / "t.npz", wrong)
        assert run(["bisect", str(model), "--tensors", str(tensors), "--json"]) == 1
        assert answer(capsys)["first"]["op_index"] == wrong

    def test_measured_tolerances_are_kept_and_held(
        self, model: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        contract = tmp_path / "contract.json"
        assert run(["bisect", str(model), "--inputs", "2", "--save", str(contract)]) == 0
        assert json.loads(contract.read_text())
        assert run(["bisect", str(model), "--inputs", "2", "--contract", str(contract)]) == 0
        assert "within its tolerance" in capsys.readouterr().out

    def test_a_contract_of_another_model_is_refused(
        self, model: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        contract, other = tmp_path / "contract.json", tmp_path / "other.tflite"
        other.write_bytes(small_network(1))
        run(["bisect", str(model), "--inputs", "1", "--save", str(contract)])
        assert run(["bisect", str(other), "--inputs", "1", "--contract", str(contract)]) == 2
        assert "remedy:" in capsys.readouterr().err

    def test_an_unknown_executor_lists_the_known_ones(self, model: Path, capsys: Capture) -> None:
        assert run(["bisect", str(model), "--executor", "abacus"]) == 2
        told = capsys.readouterr().err
        assert "edgetpu-model" in told and "fast" in told

    @pytest.mark.parametrize("content", [b"", b"not a zip", None])
    def test_recordings_that_cannot_be_read(
        self, model: Path, tmp_path: Path, capsys: Capture, content: bytes | None
    ) -> None:
        path = tmp_path / "t.npz"
        if content is not None:
            path.write_bytes(content)
        assert run(["bisect", str(model), "--tensors", str(path)]) == 2
        assert "numpy.savez" in capsys.readouterr().err


class TestInspect:
    def test_facts_of_the_file(self, chip_file: Path, capsys: Capture) -> None:
        assert run(["inspect", str(chip_file), "--json"]) == 0
        found = answer(capsys)
        assert found["on_chip_bytes"] == 4096
        assert found["off_chip_bytes"] == 0
        assert found["token"] == "0000000000000007"
        assert found["size_bytes"] == chip_file.stat().st_size
        assert "inside" not in found

    def test_the_table_says_the_same(self, chip_file: Path, capsys: Capture) -> None:
        assert run(["inspect", str(chip_file)]) == 0
        told = capsys.readouterr().out
        assert "4,096" in told
        assert "EXECUTION_ONLY+PARAMETER_CACHING" in told

    def test_two_files_and_what_differs(self, chip_file: Path, tmp_path: Path, capsys: Capture) -> None:
        other = tmp_path / "other_edgetpu.tflite"
        other.write_bytes(compiled(cached=8192, token=9))
        assert run(["inspect", str(chip_file), "--diff", str(other), "--json"]) == 0
        changes = {one["where"]: (one["before"], one["after"]) for one in answer(capsys)["changes"]}
        assert any("token" in where for where in changes)
        assert run(["inspect", str(chip_file), "--diff", str(chip_file), "--json"]) == 0
        assert answer(capsys) == {"changes": []}

    def test_a_model_that_was_not_compiled(self, model: Path, capsys: Capture) -> None:
        assert run(["inspect", str(model)]) == 2
        assert "undertone compile" in capsys.readouterr().err

    def test_a_file_that_is_cut_off(self, chip_file: Path, capsys: Capture) -> None:
        chip_file.write_bytes(chip_file.read_bytes()[:200])
        assert run(["inspect", str(chip_file)]) == 2
        assert "Traceback" not in capsys.readouterr().err


class TestCompile:
    def test_without_the_compiler_it_says_how_to_get_it_and_what_to_do_meanwhile(
        self, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.delenv("EDGETPU_COMPILER", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert run(["compile", str(model), "--out", str(tmp_path / "out"), "--json"]) == 2
        told = capsys.readouterr()
        assert json.loads(told.out)["error"] == "EnvironmentLacking"
        assert "edgetpu-compiler" in told.err and "undertone analyse" in told.err
        assert not (tmp_path / "out").exists()


class TestExplain:
    @pytest.mark.parametrize("words", ["CONV_2D", "unsupported-op", "EnvironmentLacking"])
    def test_a_name_in_plain_words(self, words: str, capsys: Capture) -> None:
        assert run(["explain", words]) == 0
        told = capsys.readouterr().out
        assert told.startswith(words)
        assert "means: " in told and "change: " in told

    def test_a_line_of_the_log_of_several_words(self, capsys: Capture) -> None:
        assert run(["explain", "Mapped", "to", "Edge", "TPU", "--json"]) == 0
        assert answer(capsys)["meaning"]

    def test_something_unknown_is_refused(self, capsys: Capture) -> None:
        assert run(["explain", "flux-capacitor"]) == 2
        assert "flux-capacitor" in capsys.readouterr().err
