"""`undertone record`: a sound file from a device's microphone, and no silence about what was lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.sound.audio import read_audio
from tools.cli import run

Capture = pytest.CaptureFixture[str]
SPEECH = np.random.default_rng(5).integers(-9000, 9000, 8_000).astype(np.int16)


@pytest.fixture
def device(microphone: Any) -> Any:
    made = microphone(build="board 1", evidence="measured")
    made.heard, made.grow = SPEECH, 480
    return made


def test_what_was_heard_is_in_the_file(
    device: Any, serve_bytes: Any, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "x.wav"
    line = ["record", "--port", serve_bytes(device.push), "--seconds", "0.4", "--out", str(out), "--json"]
    assert run(line) == 0
    found = json.loads(capsys.readouterr().out)
    np.testing.assert_array_equal(read_audio(out).pcm, SPEECH[:6400])
    assert (found["samples"], found["seconds"], found["lost_samples"], found["gaps"]) == (6400, 0.4, 0, [])
    assert found["device"]["build"] == "board 1"
    assert device.modes == [0, 2, 0]
    assert run(line) == 2
    assert "exists" in json.loads(capsys.readouterr().out)["what"]
    assert run([*line, "--force"]) == 0


def test_lost_samples_fail_and_leave_their_place(
    device: Any, serve_bytes: Any, tmp_path: Path, capsys: Capture
) -> None:
    device.grow, device.held = 960, 600
    out = tmp_path / "x.wav"
    assert run(["record", "--port", serve_bytes(device.push), "--seconds", "0.2", "--out", str(out)]) == 1
    told = capsys.readouterr().out
    assert "LOST" in told
    pcm = read_audio(out).pcm
    assert len(pcm) == 3200
    there = pcm != 0
    np.testing.assert_array_equal(pcm[there], SPEECH[:3200][there])
    assert not there.all()


def test_clipping_is_told(device: Any, serve_bytes: Any, tmp_path: Path, capsys: Capture) -> None:
    device.heard = np.full(8000, 32767, np.int16)
    out = str(tmp_path / "x.wav")
    assert run(["record", "--port", serve_bytes(device.push), "--seconds", "0.1", "--out", out]) == 0
    assert "1600 samples at full scale" in capsys.readouterr().out


def test_no_microphone(device: Any, serve_bytes: Any, tmp_path: Path, capsys: Capture) -> None:
    device.refuse = {"listen"}
    out = tmp_path / "x.wav"
    assert run(["record", "--port", serve_bytes(device.push), "--out", str(out)]) == 2
    assert "no microphone" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("seconds", ["0", "-1", "3601"])
def test_lengths_have_limits(seconds: str, tmp_path: Path, capsys: Capture) -> None:
    assert run(["record", "--seconds", seconds, "--out", str(tmp_path / "x.wav")]) == 2
    assert "range" in capsys.readouterr().err
