"""What other people's scripts rely on: names that can be imported, keys of `--json`, exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.testing import Network, compiled, small_network
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.sound.audio import write_wav
from tools.cli import run

Capture = pytest.CaptureFixture[str]
INSPECTED = {
    *("on_chip_bytes", "off_chip_bytes", "instruction_bytes", "executables"),
    *("ops_on_cpu", "min_runtime_version", "estimated_cycles"),
}
HIL = {
    *("verdict", "alignment_lsb", "realtime_factor", "scores_sha256", "latency", "memory"),
    *("budgets", "bundle", "device", "channel", "segments", "scores_lsb", "notes"),
}


def call(capsys: Capture, *line: str) -> tuple[int, dict[str, object]]:
    """Call a verb with `--json`; return its status and the one object on standard output."""
    status = run([*line, "--json"])
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return status, found


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "net.tflite"
    path.write_bytes(small_network())
    return str(path)


def test_the_front_end_is_imported_as_promised() -> None:
    from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend

    spec = FrontendSpec(
        sample_rate_hz=16000, window_ms=30, step_ms=20, channels=40, lower_hz=125.0, upper_hz=7500.0
    )
    pcm = np.random.default_rng(0).integers(-9000, 9000, 8000).astype(np.int16)
    features = MicroFrontend(spec).process(pcm)
    assert features.dtype == np.uint16
    assert features.shape == (spec.frames(8000), 40)
    batch = MicroFrontend(spec).process_batch([pcm, pcm[:4000]], threads=2)
    np.testing.assert_array_equal(batch[0], features)
    stream = MicroFrontend(spec).stream()
    pushed = [stream.push(pcm[start : start + 777]) for start in range(0, 8000, 777)]
    np.testing.assert_array_equal(np.concatenate(pushed), features)


@pytest.mark.parametrize("tables", ["double", "float", "mixed"])
def test_every_precision_of_the_tables_can_be_asked_for(tables: str) -> None:
    from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend

    spec = FrontendSpec(tables=tables, noise_reduction=None, pcan=None, log=None)  # type: ignore[arg-type]
    assert MicroFrontend(spec).process(np.zeros(480, np.int16)).shape == (1, 40)


@pytest.mark.parametrize("preset", ["default", "yamnet", "voice", "micro_speech"])
def test_features_of_a_file(tmp_path: Path, capsys: Capture, preset: str) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(16000, np.int16))
    out = tmp_path / "a.npy"
    status, found = call(capsys, "features", str(tmp_path / "a.wav"), "--preset", preset, "--out", str(out))
    assert status == 0
    assert np.load(out, allow_pickle=False).shape == (found["frames"], found["channels"])


def test_analyse_names_target_reason_and_evidence(model: str, capsys: Capture) -> None:
    status, found = call(capsys, "analyse", model)
    assert status == 0
    assert {"ops", "on_chip_bytes", "off_chip_bytes", "latency_ms", "fits"} <= set(found)
    for op in found["ops"]:  # type: ignore[attr-defined]
        assert {"name", "target", "reason", "evidence"} <= set(op)
        assert op["target"] in ("edgetpu", "cpu")


def test_inspect_has_the_promised_keys(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a_edgetpu.tflite"
    path.write_bytes(compiled(cached=4096, instructions=2048))
    status, found = call(capsys, "inspect", str(path))
    assert status == 0
    assert set(found) >= INSPECTED
    assert found["on_chip_bytes"] == 4096


def test_lint_fails_on_what_leaves_the_chip(tmp_path: Path, model: str, capsys: Capture) -> None:
    assert call(capsys, "lint", model)[0] == 0
    net = Network()
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(net.finish(net.op("GELU", [net.input((1, 4))], (1, 4))))
    status, found = call(capsys, "lint", model, str(bad))
    assert status == 1
    assert found["passes"] is False
    assert set(found["findings"]) == {model, str(bad)}  # type: ignore[call-overload]


def test_compile_without_the_compiler_claims_nothing(
    model: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("EDGETPU_COMPILER", raising=False)
    status, found = call(capsys, "compile", model, "--out", str(tmp_path / "out"))
    assert status == 2
    assert found["error"] == "EnvironmentLacking"
    assert "undertone analyse" in str(found["remedy"])
    assert not list(tmp_path.glob("out/*"))


def test_explain_answers_and_lists(capsys: Capture) -> None:
    status, found = call(capsys, "explain", "softmax-rows")
    assert status == 0
    assert {"name", "kind", "meaning", "remedy"} <= set(found)


def test_hil_has_the_promised_keys(
    tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture
) -> None:
    line = ["hil", "--dut", "host", "--bundle", str(tiny_bundle.directory), "--corpus", f"ravdess:{ravdess}"]
    status, found = call(capsys, *line, "--limit", "4", "--out", str(tmp_path / "out"))
    assert set(found) >= HIL
    assert found["alignment_lsb"] == 0
    assert status == (0 if found["verdict"] == "kept" else 1)
    again = call(capsys, *line, "--limit", "4", "--out", str(tmp_path / "again"))[1]
    assert again["scores_sha256"] == found["scores_sha256"]


def test_hil_for_people(tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture) -> None:
    line = ["hil", "--bundle", str(tiny_bundle.directory), "--corpus", f"ravdess:{ravdess}", "--limit", "3"]
    status = run([*line, "--out", str(tmp_path / "out")])
    told = capsys.readouterr()
    last = told.out.rstrip().splitlines()[-1]
    assert last.startswith("PASSED" if status == 0 else "FAILED: ")
    assert "no commercial use" in told.out or "commercial" in told.out
    assert str(tmp_path / "out" / "report.html") in told.err


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def text(path: Path) -> None:
    path.write_text("no model at all " * 20)


def absent(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("verb", ["lint", "analyse", "inspect", "bisect"])
@pytest.mark.parametrize("damage", [empty, half, text, absent])
def test_a_damaged_model_is_one_line(
    model: str, capsys: Capture, verb: str, damage: Callable[[Path], None]
) -> None:
    damage(Path(model))
    status, found = call(capsys, verb, model)
    assert status == 2
    assert set(found) == {"error", "what", "remedy", "see"}
    assert found["remedy"]
    assert Path(model).name in str(found["what"]) or "model" in str(found["what"])
