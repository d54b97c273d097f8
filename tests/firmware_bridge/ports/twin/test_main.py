"""The program behind the device `twin`."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from firmware_bridge.base.toolchain import m7_compilers
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.twin import __main__ as program
from firmware_bridge.ports.twin import bench
from tests.support.twin_talk import messages, noise, wire


@pytest.fixture(autouse=True)
def _needs() -> None:
    pytest.importorskip("unicorn")
    if not m7_compilers():
        pytest.skip("no compiler for the Cortex-M7")


class Served:
    """What stands in for the terminal: says a few things to the twin and keeps what it answers."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces, self.heard, self.polled = pieces, b"", False

    def __call__(self, receive: Any, poll: Any = None, port: int = 0) -> None:
        self.polled = poll is not None
        for piece in self.pieces:
            if poll is not None:
                poll()
            self.heard += receive(piece)


def run(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, pieces: list[bytes], *options: str
) -> tuple[int, Served]:
    served = Served(pieces)
    monkeypatch.setattr(program, "serve_on_pty", served)
    monkeypatch.setattr(program, "serve_on_tcp", served)
    where = () if "--tcp" in options or "--report" in options else ("--pty",)
    return program.main(["--bundle", str(bundle.directory), *where, *options]), served


HELLO = wire("hello", 1, session=1)


@pytest.mark.parametrize("options", [(), ("--tcp", "0"), ("--uart",)])
def test_it_serves(monkeypatch: pytest.MonkeyPatch, bundle: Bundle, options: tuple[str, ...]) -> None:
    status, served = run(monkeypatch, bundle, [HELLO], *options)
    assert status == 0
    assert messages(served.heard)[0].bundle == bundle.id
    assert not served.polled


def test_the_report(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = run(monkeypatch, bundle, [], "--report")
    assert status == 0
    assert "on-chip total" in capsys.readouterr().out


def test_it_hears_a_recording_at_the_laptops_pace(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "x.wav", noise(4000, 1), 16000)
    seconds = iter(np.arange(0, 10, 0.02, dtype=float))
    monkeypatch.setattr(program.time, "monotonic", lambda: float(next(seconds)))
    asked = [wire("get_capture", 3 + i, offset=0) for i in range(5)]
    talk = [HELLO, wire("listen", 2, mode=2), *asked]
    status, served = run(monkeypatch, bundle, talk, "--microphone", str(tmp_path / "x.wav"))
    assert (status, served.polled) == (0, True)
    captured = messages(served.heard)[2:]
    # 20 ms a step, less what the firmware needed to answer.
    steps = [one.available for one in captured]
    assert np.allclose(np.diff(steps), 320, atol=20)
    assert steps[0] > 250


def test_the_flash_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch, bundle: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "flash"
    for _ in range(2):
        status, served = run(monkeypatch, bundle, [HELLO], "--flash", str(file))
        assert messages(served.heard)[0].slot == 0
        assert status == 0
    assert file.stat().st_size > 8 * 1024 * 1024
    file.write_bytes(b"short")
    assert run(monkeypatch, bundle, [HELLO], "--flash", str(file))[0] == 2


def test_lost_power_ends_it_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = wire("update_begin", 2, bytes=8192, sha256=[0] * 32)
    status, _ = run(monkeypatch, bundle, [HELLO, begin], "--power-cut", "0", "--seed", "3")
    assert status == 2
    assert "the power went during flash operation 0 (erase, slot 1)" in capsys.readouterr().err


def test_trouble_on_the_line(monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> None:
    _, lossy = run(monkeypatch, bundle, [HELLO], "--drop", "1")
    _, late = run(monkeypatch, bundle, [HELLO], "--stall", "1")
    assert (lossy.heard, late.heard) == (b"", b"")


def test_no_bundle_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--bundle", str(tmp_path), "--pty"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("no bundle at")
    assert said.count("\n") == 1


@pytest.fixture
def process(bundle: Bundle) -> Iterator[subprocess.Popen[bytes]]:
    line = [
        sys.executable,
        "-m",
        "firmware_bridge.ports.twin",
        "--bundle",
        str(bundle.directory),
        "--tcp",
        "0",
    ]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        yield started
        if started.stdin is not None and not started.stdin.closed:
            started.stdin.close()


def test_the_process_serves_tcp_and_ends_with_its_host(
    process: subprocess.Popen[bytes], bundle: Bundle
) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    url = process.stdout.readline().decode().strip()
    host, _, port = url.removeprefix("socket://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as peer:
        peer.sendall(HELLO)
        heard = io.BytesIO()
        while b"\0" not in heard.getvalue():
            heard.write(peer.recv(4096))
    assert messages(heard.getvalue())[0].bundle == bundle.id
    process.stdin.close()
    assert process.wait(30) == 0


def test_the_bench_counts_the_same_instructions_every_time(bundle: Bundle) -> None:
    first, second = (bench.measure(bundle.directory, 6) for _ in range(2))
    assert first.instructions == second.instructions
    assert first.by_function == second.by_function
    assert first.as_dict()["realtime_factor"] == first.realtime_factor > 0
    assert "ut_spectrum" in first.by_function
