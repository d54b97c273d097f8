"""The host device as a program: on a pseudo-terminal, on TCP, with its flash in a file, with a microphone."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.host.__main__ import main
from firmware_bridge.protocol import TABLE, messages
from firmware_bridge.reference.device import ReferenceDevice
from hil.client.client import DeviceClient
from hil.link.link import SerialLink

ROOT = Path(__file__).resolve().parents[4]


@contextmanager
def running(bundle: Bundle, *options: str) -> Iterator[DeviceClient]:
    """A client of the program, started with these options."""
    line = [sys.executable, "-m", "firmware_bridge.ports.host", "--bundle", str(bundle.directory), *options]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "it says where it is"
        link = SerialLink(process.stdout.readline().strip())
        try:
            yield DeviceClient(link)
        finally:
            link.close()
            process.stdin.close()
            assert process.wait(10) == 0, "it ends with its host"


@pytest.mark.parametrize("where", [("--pty",), ("--tcp", "0")])
def test_it_scores_as_the_reference(bundle: Bundle, where: tuple[str, ...], rng: np.random.Generator) -> None:
    pcm = rng.integers(-9000, 9000, 20000).astype(np.int16)
    want = ReferenceDevice(bundle)
    with running(bundle, *where) as client:
        result, features = client.score_segment(pcm), client.features(pcm)
        assert np.array_equal(result.fused, want.score_segment(pcm).fused)
        assert all(map(np.array_equal, features, want.segment_features(pcm)))
        assert client.identity.has_bundle
        assert result.stage_us["acoustic"] > 0
        assert client.stats().ram_bytes > 1_000_000


def test_one_host_after_another_on_tcp(bundle: Bundle) -> None:
    with running(bundle, "--tcp", "0") as client:
        client.hello()
        link = client._talk.link
        assert isinstance(link, SerialLink)
        link.close()
        second = DeviceClient(SerialLink(link._url))
        assert second.hello().bundle == bundle.id
        second._talk.link.close()


def test_the_flash_file_and_the_microphone(bundle: Bundle, tmp_path: Path) -> None:
    pcm = (8000 * np.sin(np.arange(16000) / 20)).astype(np.int16)
    soundfile.write(tmp_path / "tone.wav", pcm, 16000, subtype="PCM_16")
    options = ("--pty", "--flash", str(tmp_path / "flash.bin"), "--microphone", str(tmp_path / "tone.wav"))
    with running(bundle, *options) as client:
        capabilities = client.hello().capabilities
        assert capabilities == sum(TABLE.capabilities.values())
        client.ask(messages.Listen(mode=TABLE.listen_modes["capture"]))
        got = np.zeros(0, np.int16)
        while len(got) < 4000:
            got = np.concatenate([got, client.ask(messages.GetCapture(offset=len(got))).pcm])
        assert np.array_equal(got, pcm[: len(got)])
    assert (tmp_path / "flash.bin").stat().st_size == 2 * 4 * 1024 * 1024 + 2 * 4096


def test_what_cannot_be_run_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bundle", str(tmp_path), "--pty"]) == 2
    said = capsys.readouterr().err
    assert "no bundle at" in said and said.count("\n") == 1


def test_memory_is_the_devices_own_and_not_its_parents() -> None:
    """Linux hands `ru_maxrss` down through fork and exec: a small child of a large parent would look large."""
    code = """
import subprocess, sys
kept = b"x" * 700_000_000
line = "from firmware_bridge.ports.host.device import memory_marks as m; print(*vars(m()).values())"
print(subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    now, peak, _ = (int(value) for value in done.stdout.split())
    assert 5_000_000 < now <= peak < 400_000_000
