from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.microfrontend import MicroFrontend, preset
from firmware_bridge.microfrontend.golden import golden_signals
from firmware_bridge.sound.audio import read_audio, write_wav
from tools.cli import run


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """A second of bursts."""
    path = tmp_path / "bursts.wav"
    write_wav(path, golden_signals()["bursts"])
    return path


def test_json_names_shape_hash_and_files(
    wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, plot = tmp_path / "x.npy", tmp_path / "x.png"
    assert run(["features", str(wav), "--json", "--out", str(out), "--plot", str(plot)]) == 0
    result = json.loads(capsys.readouterr().out)
    features = np.load(out, allow_pickle=False)
    assert np.array_equal(features, MicroFrontend(preset("yamnet")).process(read_audio(wav).pcm))
    assert (result["frames"], result["channels"]) == features.shape == (98, 64)
    assert result["features_sha256"] == hashlib.sha256(features.tobytes()).hexdigest()
    assert result["table_hash"] == preset("yamnet").table_hash
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_table_for_people(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["features", str(wav), "--preset", "micro_speech"]) == 0
    text = capsys.readouterr().out
    assert "micro_speech" in text
    assert "49" in text


def test_an_mltk_file_at_another_rate(wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kws.json"
    file.write_text(json.dumps({"fe.sample_rate_hz": 8000, "fe.filterbank_upper_band_limit": 3800.0}))
    assert run(["features", str(wav), "--preset", f"mltk:{file}", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["notes"] == ["16000 Hz to 8000 Hz"]
    assert result["spec"]["tables"] == "mixed"
    assert result["frames"] == 98


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere.wav"], "no such file"),
        (["{wav}", "--preset", "yam"], "yamnet"),
        (["{wav}", "--preset", "mltk:/nowhere"], "cannot be read"),
    ],
)
def test_mistakes_get_a_line_and_status_2(
    wav: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["features", *(a.replace("{wav}", str(wav)) for a in arguments)]) == 2
    assert said in capsys.readouterr().err


def test_a_clip_shorter_than_a_window(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "short.wav"
    write_wav(path, np.zeros(100, np.int16))
    assert run(["features", str(path), "--json", "--plot", str(tmp_path / "p.png")]) == 0
    assert json.loads(capsys.readouterr().out)["max"] is None
