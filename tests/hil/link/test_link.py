"""A link through pyserial: what it does on a real pseudo-terminal, and every way a port can fail."""

from __future__ import annotations

import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Iterator
from typing import Any

import pytest
import serial
from serial.tools import list_ports

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from hil.link.link import FAST_BYTES_PER_SECOND, LinkLost, SerialLink


class Line:
    """Both ends of a pseudo-terminal."""

    def __init__(self) -> None:
        self.device, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.link = SerialLink(os.ttyname(self.slave))

    def close(self) -> None:
        self.link.close()
        for end in (self.device, self.slave):
            os.close(end)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def soon(seconds: float = 2.0) -> float:
    return time.monotonic() + seconds


class TestBytes:
    def test_they_go_both_ways_whatever_they_are(self, line: Line) -> None:
        every = bytes(range(256))
        line.link.write(every, soon())
        got = b""
        while len(got) < 256:
            got += os.read(line.device, 512)
        assert got == every
        os.write(line.device, every)
        back = b""
        while len(back) < 256:
            back += line.link.read(soon())
        assert back == every

    def test_what_is_there_comes_at_once(self, line: Line) -> None:
        os.write(line.device, b"x")
        began = time.monotonic()
        assert line.link.read(began + 30) == b"x"
        assert time.monotonic() - began < 5

    def test_nothing_comes_at_the_deadline(self, line: Line) -> None:
        began = time.monotonic()
        assert line.link.read(began + 0.1) == b""
        assert 0.09 <= time.monotonic() - began < 5

    def test_a_deadline_that_has_passed_reads_what_is_there_and_waits_for_nothing(self, line: Line) -> None:
        assert line.link.read(time.monotonic() - 5) == b""
        os.write(line.device, b"ab")
        time.sleep(0.05)
        assert line.link.read(time.monotonic() - 5) == b"ab"

    def test_a_deadline_that_has_passed_writes_nothing(self, line: Line) -> None:
        with pytest.raises(DeviceSilent, match="takes no more bytes"):
            line.link.write(b"late", time.monotonic() - 1)
        os.set_blocking(line.device, False)
        with pytest.raises(BlockingIOError):
            os.read(line.device, 16)

    def test_purge_drops_all_that_has_come(self, line: Line) -> None:
        os.write(line.device, bytes(3000))
        time.sleep(0.05)
        line.link.purge()
        assert line.link.read(time.monotonic()) == b""

    def test_purge_ends_on_a_line_that_never_falls_silent(self, line: Line) -> None:
        done = threading.Event()

        def babble() -> None:
            while not done.is_set():
                os.write(line.device, bytes(64))

        talker = threading.Thread(target=babble)
        talker.start()
        try:
            began = time.monotonic()
            line.link.purge()
            assert time.monotonic() - began < 30
        finally:
            done.set()
            talker.join(10)
        assert not talker.is_alive()


class TestLoss:
    def test_a_port_that_goes_away_while_it_is_read(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(count: int) -> bytes:
            raise serial.SerialException("device reports readiness to read but returned no data")

        monkeypatch.setattr(line.link._port, "read", gone)
        with pytest.raises(LinkLost, match="went away") as caught:
            line.link.read(soon())
        assert "cable" in caught.value.remedy
        assert isinstance(caught.value, DeviceError)

    @pytest.mark.parametrize(
        "error", [serial.SerialException("write failed"), OSError(5, "Input/output error")]
    )
    def test_a_port_that_goes_away_while_it_is_written(
        self, line: Line, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def gone(data: bytes) -> int:
            raise error

        monkeypatch.setattr(line.link._port, "write", gone)
        with pytest.raises(LinkLost, match="went away"):
            line.link.write(b"x", soon())

    def test_a_write_that_times_out_once_is_tried_again(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, failures = line.link._port.write, iter([serial.SerialTimeoutException()])

        def write(data: bytes) -> Any:
            for error in failures:
                raise error
            return real(data)

        monkeypatch.setattr(line.link._port, "write", write)
        line.link.write(b"again", soon())
        assert os.read(line.device, 16) == b"again"

    def test_a_port_that_takes_part_of_it_gets_the_rest(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = line.link._port.write
        monkeypatch.setattr(line.link._port, "write", lambda data: real(data[:7]))
        line.link.write(b"0123456789" * 5, soon())
        got = b""
        while len(got) < 50:
            got += os.read(line.device, 128)
        assert got == b"0123456789" * 5


class TestOpening:
    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (PermissionError(13, "Permission denied"), "permission denied"),
            (
                serial.SerialException("[Errno 13] could not open port: Permission denied"),
                "permission denied",
            ),
            (serial.SerialException("Device or resource busy"), "Device or resource busy"),
        ],
    )
    def test_why_a_port_cannot_be_opened(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
    ) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(serial, "serial_for_url", refuse)
        with pytest.raises(DeviceError, match=words) as caught:
            SerialLink("/dev/null")
        assert "dialout" in caught.value.remedy

    def test_the_ports_there_are_stand_in_the_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Port:
            device = "/dev/ttyACM7"

        monkeypatch.setattr(list_ports, "comports", lambda: [Port()])
        with pytest.raises(DeviceError, match="there is no such port") as caught:
            SerialLink("/dev/ttyNOPE")
        assert "ports here: /dev/ttyACM7;" in caught.value.remedy

    def test_a_kind_of_address_that_does_not_exist(self) -> None:
        with pytest.raises(DeviceError, match="cannot open the port telepathy://board"):
            SerialLink("telepathy://board")

    @pytest.mark.parametrize(("baud", "rate"), [(115200, 11520.0), (1_000_000, 100_000.0)])
    def test_a_uart_is_planned_by_its_rate(
        self, monkeypatch: pytest.MonkeyPatch, baud: int, rate: float
    ) -> None:
        monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: object())
        assert SerialLink("/dev/ttyUSB0", baud).bytes_per_second == rate

    @pytest.mark.parametrize("url", ["socket://10.10.10.1:7000", "/dev/pts/7", "rfc2217://host:1"])
    def test_what_is_no_uart_is_fast(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: object())
        assert SerialLink(url).bytes_per_second == FAST_BYTES_PER_SECOND

    def test_small_frames_are_not_held_back_on_tcp(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            link = SerialLink(f"socket://127.0.0.1:{door.getsockname()[1]}")
            try:
                line = link._port._socket
                assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            finally:
                link.close()
