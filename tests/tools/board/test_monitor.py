"""`undertone monitor`: what comes is shown at once; a device is asked how it is and what it hears."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol import TABLE, Frame, encode, encode_frame
from firmware_bridge.protocol.messages import Stats
from hil.link.link import LinkLost
from tools.board.figures import STATS, bars, shares, stats_heading, stats_row
from tools.board.listen import read_file, read_port
from tools.cli import run
from tools.verbs import monitor

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[3]
ACK = encode_frame(Frame(131, 7, encode("ack", segment=3, received=480, credit=8)))
COUNTERS = {field.name: 0 for field in TABLE.layouts["stats"].fields}


def window(number: int, *smoothed: int, lost: int = 0) -> dict[str, Any]:
    scores = np.array(smoothed, np.int8)
    return {
        "windows": number,
        "acoustic": scores,
        "keyword": np.zeros(2, np.int8),
        "fused": scores,
        "smoothed": scores,
        "lost_samples": lost,
    }


class TestWatching:
    def test_a_recorded_stream(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "stream.bin"
        path.write_bytes(b"boot\r\n" + ACK + b"\xff\0prompt> ")
        assert run(["monitor", "--file", str(path)]) == 0
        lines = [line[10:] for line in capsys.readouterr().out.splitlines()]
        assert lines == [
            "boot",
            "< ack #7 segment=3 received=480 credit=8",
            "? 1 bytes, encoding: ff",
            "prompt>",
        ]

    def test_as_json_each_line_is_an_object(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "stream.bin"
        path.write_bytes(b"boot\r\n" + ACK)
        assert run(["monitor", "--file", str(path), "--json"]) == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["what"] for one in found] == ["text", "frame"]

    def test_raw(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "stream.bin"
        path.write_bytes(ACK)
        assert run(["monitor", "--file", str(path), "--raw"]) == 0
        told = capsys.readouterr().out
        assert ACK[:16].hex(" ") in told
        assert "ack" not in told

    def test_a_prompt_is_shown_when_nothing_follows(self, capsys: Capture) -> None:
        def pieces() -> Iterator[bytes]:
            yield b"login: "
            assert capsys.readouterr().out == ""
            yield b""
            assert "login:" in capsys.readouterr().out
            yield ACK[:5]
            yield b""
            assert capsys.readouterr().out == ""
            yield ACK[5:]

        assert monitor.watch(pieces(), "text") == {"frame": 1, "text": 1, "noise": 0}

    def test_a_port(self, serve_bytes: Any, capsys: Capture) -> None:
        url = serve_bytes(lambda: lambda data: b"")
        assert run(["monitor", "--port", url, "--seconds", "0.2"]) == 0
        assert capsys.readouterr().out == ""

    def test_a_port_that_is_not_there(self, capsys: Capture) -> None:
        assert run(["monitor", "--port", "/dev/no-such-port"]) == 2
        assert "there is no such port" in capsys.readouterr().err

    def test_ctrl_c_is_the_usual_end(self, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(monitor, "watch", stop)
        assert run(["monitor", "--port", "loop://"]) == 0
        assert "kept" not in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--stats", "--live"], "do not go together"),
            (["--file", "x", "--stats"], "do not go together"),
            (["--raw", "--live"], "do not go together"),
            (["--file", "/no/such"], "there is no file"),
            (["--baud", "1200"], "ROM loader"),
        ],
    )
    def test_what_does_not_go(self, options: list[str], words: str, capsys: Capture) -> None:
        assert run(["monitor", *options]) == 2
        assert words in capsys.readouterr().err


class Port:
    """A port that gives what it is told to, and may go away."""

    def __init__(self, *pieces: bytes | None) -> None:
        self.pieces, self.closed = list(pieces), False

    def now(self) -> float:
        return time.monotonic()

    def read(self, deadline: float) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if piece is None:
            raise LinkLost("/dev/ttyACM0 went away", "check the cable")
        return piece

    def close(self) -> None:
        self.closed = True


class TestThePort:
    def test_it_is_opened_again_after_a_reset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tools.board.listen._PAUSE_S", 0.001)
        first, second = Port(b"one", None), Port(b"two")
        tries: list[Any] = [first, DeviceError("no such port"), DeviceError("no such port"), second]

        def connect() -> Any:
            found = tries.pop(0)
            if isinstance(found, Exception):
                raise found
            return found

        reader = read_port(connect)
        assert [next(reader), next(reader), next(reader)] == [b"one", b"two", b""]
        reader.close()  # type: ignore[attr-defined]
        assert (first.closed, second.closed, tries) == (True, True, [])

    def test_it_must_be_there_at_the_start(self) -> None:
        def connect() -> Any:
            raise DeviceError("no such port")

        with pytest.raises(DeviceError):
            next(read_port(connect))

    def test_it_ends_in_time_even_while_it_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tools.board.listen._PAUSE_S", 0.01)
        ports: list[Any] = [Port(None)]

        def connect() -> Any:
            if not ports:
                raise DeviceError("no such port")
            return ports.pop()

        started = time.monotonic()
        assert list(read_port(connect, 0.2)) == []
        assert 0.15 < time.monotonic() - started < 5

    def test_files_come_in_pieces(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"abcde")
        assert list(read_file(tmp_path / "a", 2)) == [b"ab", b"cd", b"e", b""]


class TestStats:
    def test_rows_below_headings(self, serve: Callable[..., str], capsys: Capture) -> None:
        assert run(["monitor", "--stats", "--port", serve(), "--every", "0.01", "--seconds", "0.05"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == stats_heading()
        assert len(lines) >= 3
        assert max(map(len, lines)) <= 80

    def test_as_json(self, serve: Callable[..., str], capsys: Capture) -> None:
        assert run(["monitor", "--stats", "--port", serve(), "--seconds", "0", "--json"]) == 0
        assert set(json.loads(capsys.readouterr().out)) == set(COUNTERS)

    def test_a_silent_device(
        self, serve_bytes: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from hil.link.timing import Timing

        monkeypatch.setattr("hil.client.client.Timing", lambda: Timing(reply_s=0.02, attempts=2))
        assert run(["monitor", "--stats", "--port", serve_bytes(lambda: lambda data: b"")]) == 2
        assert "no answer to 'get_stats'" in capsys.readouterr().err

    def test_the_heading_comes_again(self, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
        class Client:
            left = 41

            def stats(self) -> Stats:
                self.left -= 1
                if not self.left:
                    raise KeyboardInterrupt
                return Stats(**COUNTERS)

        with pytest.raises(KeyboardInterrupt):
            monitor.poll_stats(Client(), 0.0, None, False)  # type: ignore[arg-type]
        lines = capsys.readouterr().out.splitlines()
        assert [at for at, line in enumerate(lines) if line == stats_heading()] == [0, 21]

    def test_figures_stand_below_their_headings(self) -> None:
        full = COUNTERS | {
            "uptime_ms": 90_500,
            "frames_good": 12,
            "ram_peak_bytes": 1_234_567,
            "stack_peak_bytes": 900,
            "temperature_mc": 41_250,
        }
        row = stats_row(Stats(**full))
        assert row.split() == ["90.5", "12", "0", "0", "0", "0", "0", "0", "1235", "900", "41.2"]
        assert len(row) == sum(width for _, width, _ in STATS) <= 80
        bare = stats_row(Stats(**COUNTERS | {"temperature_mc": -(2**31)})).split()
        assert bare[-3:] == ["-", "-", "-"]


class TestLive:
    @pytest.fixture
    def device(self, microphone: Any, tiny_bundle: Bundle) -> Any:
        made = microphone(bundle=tiny_bundle.id, labels=3)
        made.live = [window(0), window(1, 50, -20, 0), window(1, 50, -20, 0), window(2, 0, 90, 0, lost=5)]
        return made

    def call(self, url: str, bundle: Path, *options: str) -> int:
        return run(["monitor", "--live", "--port", url, "--bundle", str(bundle), "--every", "0.01", *options])

    def test_bars_for_each_new_window(
        self, device: Any, serve_bytes: Any, tiny_bundle: Bundle, capsys: Capture
    ) -> None:
        assert self.call(serve_bytes(device.push), tiny_bundle.directory, "--seconds", "0.3") == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if line.startswith("window")] == [
            "window 1",
            "window 2, 5 samples lost",
        ]
        assert [line.split()[1] for line in lines if line.startswith(">")] == ["angry", "calm"]
        assert len(lines) == 8
        assert max(map(len, lines)) <= 80
        assert device.modes == [TABLE.listen_modes["live"], TABLE.listen_modes["off"]]

    def test_as_json(self, device: Any, serve_bytes: Any, tiny_bundle: Bundle, capsys: Capture) -> None:
        assert self.call(serve_bytes(device.push), tiny_bundle.directory, "--seconds", "0.2", "--json") == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["windows"] for one in found] == [1, 2]
        assert found[1]["smoothed"] == [0, 90, 0]
        assert set(found[1]["shares"]) == {"angry", "calm", "happy"}
        assert abs(sum(found[1]["shares"].values()) - 1) < 1e-3

    def test_another_bundle_has_no_names(
        self, microphone: Any, serve_bytes: Any, tiny_bundle: Bundle, tmp_path: Path, capsys: Capture
    ) -> None:
        made = microphone(bundle="f" * 64, labels=3)
        made.live = [window(1, 50, -20, 0)]
        url = serve_bytes(made.push)
        assert self.call(url, tiny_bundle.directory, "--seconds", "0.1") == 0
        told = capsys.readouterr()
        assert "> label 0" in told.out
        assert "runs the bundle ffffffffffff" in told.err
        assert self.call(url, tmp_path / "none", "--seconds", "0.1") == 0
        assert "labels are shown as numbers" in capsys.readouterr().err

    def test_a_device_without_a_microphone(
        self, device: Any, serve_bytes: Any, tiny_bundle: Bundle, capsys: Capture
    ) -> None:
        device.refuse = {"listen"}
        assert self.call(serve_bytes(device.push), tiny_bundle.directory) == 2
        assert "has no microphone" in capsys.readouterr().err

    def test_it_is_told_to_stop_listening_on_ctrl_c(
        self, device: Any, serve_bytes: Any, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(monitor, "show_window", stop)
        assert self.call(serve_bytes(device.push), tiny_bundle.directory) == 0
        assert device.modes[-1] == TABLE.listen_modes["off"]


class TestFigures:
    def test_shares_are_a_softmax(self) -> None:
        found = shares(np.array([10, -10, -10], np.int8), 0.1)
        assert found.sum() == pytest.approx(1.0)
        assert found[0] / found[1] == pytest.approx(np.exp(2.0))
        assert shares(np.array([127, -128], np.int8), 1000.0)[0] == 1.0

    def test_bars(self) -> None:
        lines = bars(["angry", "sad"], [0.25, 0.75])
        assert [line.count("█") for line in lines] == [10, 30]
        assert lines[1].startswith("> sad   ")
        assert lines[0].endswith(" 25.0 %")
        assert len({len(line) for line in lines}) == 1
        assert bars([], []) == []


def test_lines_leave_at_once() -> None:
    """At the end of a pipe a line is there before the next one is."""
    import subprocess
    import sys

    code = "import time; from tools import console; console.emit_now('now'); time.sleep(30)"
    held_back = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=held_back
    )
    timer = threading.Timer(20, process.kill)
    timer.start()
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    timer.cancel()
    process.kill()
    process.wait()
    process.stdout.close()
