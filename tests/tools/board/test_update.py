"""`undertone update` and the other verbs of a running device, on the firmware's own core."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.microphone import RecordedMicrophone
from firmware_bridge.sound.audio import read_audio
from tools.cli import run

Capture = pytest.CaptureFixture[str]
SPEECH = np.random.default_rng(6).integers(-9000, 9000, 24_000).astype(np.int16)


@pytest.fixture
def serve_core(tiny_bundle: Bundle, serve_bytes: Any) -> Callable[..., str]:
    """Serve the core with the tiny bundle on TCP; returns the URL."""

    def start(**options: Any) -> str:
        device = HostDevice.of_bundle(tiny_bundle, **options)

        def answer(data: bytes) -> bytes:
            if options.get("microphone") is not None:
                device.poll()
            return device.receive(data)

        url: str = serve_bytes(lambda: answer)
        return url

    return start


def call(capsys: Capture, *line: str) -> tuple[int, dict[str, Any]]:
    status = run([*line, "--json"])
    return status, json.loads(capsys.readouterr().out)


class TestUpdate:
    def test_the_device_runs_the_other_bundle_afterwards(
        self, serve_core: Callable[..., str], tiny_bundle: Bundle, make_bundle: Any, capsys: Capture
    ) -> None:
        url, other = serve_core(), make_bundle("other", name="other")
        status, found = call(capsys, "update", "--port", url, "--bundle", str(other.directory))
        assert status == 0
        assert (found["updated"], found["before"], found["after"]) == (True, tiny_bundle.id, other.id)
        assert (found["slot"], found["evidence"]) == (1, "simulated")
        assert call(capsys, "update", "--port", url, "--bundle", str(other.directory))[1]["updated"] is False
        status, back = call(capsys, "update", "--port", url, "--bundle", str(tiny_bundle.directory))
        assert (status, back["after"], back["slot"]) == (0, tiny_bundle.id, 0)

    def test_the_same_again_only_by_force(
        self, serve_core: Callable[..., str], tiny_bundle: Bundle, capsys: Capture
    ) -> None:
        url, bundle = serve_core(), str(tiny_bundle.directory)
        assert run(["update", "--port", url, "--bundle", bundle]) == 0
        assert "runs the bundle" in capsys.readouterr().out
        assert run(["update", "--port", url, "--bundle", bundle, "--force"]) == 0
        told = capsys.readouterr()
        assert f"-> {tiny_bundle.id[:12]} in slot 1" in told.out
        assert "sending the bundle" in told.err

    def test_a_bundle_for_another_front_end(
        self, serve_core: Callable[..., str], make_bundle: Any, capsys: Capture
    ) -> None:
        other = make_bundle("other", table_hash="0" * 64)
        status, found = call(capsys, "update", "--port", serve_core(), "--bundle", str(other.directory))
        assert status == 2
        assert found["remedy"]

    def test_a_device_without_flash(
        self, serve_core: Callable[..., str], make_bundle: Any, capsys: Capture
    ) -> None:
        url, other = serve_core(updatable=False), make_bundle("other", name="other")
        status, found = call(capsys, "update", "--port", url, "--bundle", str(other.directory))
        assert (status, found["error"]) == (2, "NotUpdatable")

    def test_a_damaged_bundle_is_not_sent(self, make_bundle: Any, capsys: Capture) -> None:
        other = make_bundle("other")
        (other.directory / "acoustic.tflite").write_bytes(b"no")
        status, found = call(capsys, "update", "--port", "loop://", "--bundle", str(other.directory))
        assert (status, found["error"]) == (2, "BundleInvalid")


class TestListening:
    def test_live_scores(self, serve_core: Callable[..., str], tiny_bundle: Bundle, capsys: Capture) -> None:
        url = serve_core(microphone=RecordedMicrophone(SPEECH, None))
        line = ["monitor", "--live", "--port", url, "--bundle", str(tiny_bundle.directory)]
        assert run([*line, "--every", "0.01", "--seconds", "0.4", "--json"]) == 0
        found = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
        # 1.5 s of sound, windows of half a second that begin every quarter.
        assert found[-1]["windows"] == 5
        assert set(found[-1]["shares"]) == set(tiny_bundle.manifest.labels)

    def test_a_recording(self, serve_core: Callable[..., str], tmp_path: Path, capsys: Capture) -> None:
        url = serve_core(microphone=RecordedMicrophone(SPEECH))
        out = tmp_path / "x.wav"
        status, found = call(capsys, "record", "--port", url, "--seconds", "0.5", "--out", str(out))
        assert (status, found["lost_samples"]) == (0, 0)
        np.testing.assert_array_equal(read_audio(out).pcm, SPEECH[:8000])

    def test_counters(self, serve_core: Callable[..., str], capsys: Capture) -> None:
        assert run(["monitor", "--stats", "--port", serve_core(), "--seconds", "0"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 2
