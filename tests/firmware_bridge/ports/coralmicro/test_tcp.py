"""The TCP server against real sockets of this machine: order, back-pressure, hosts that come and go."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import cffi
import numpy as np
import pytest

ffi = cffi.FFI()
RING = 32768


def until(reached: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def connect(tcp: Any) -> socket.socket:
    until(lambda: tcp.tcp_port() != 0)
    return socket.create_connection(("127.0.0.1", tcp.tcp_port()), timeout=5)


def _flood(host: socket.socket) -> None:
    with contextlib.suppress(OSError):
        host.sendall(b"\x09" * 300_000)


def take(tcp: Any, most: int = 4096) -> bytes:
    out = ffi.new("uint8_t[]", most)
    return bytes(ffi.buffer(out)[: tcp.tcp_take(out, most)])


def take_all(tcp: Any, count: int) -> bytes:
    got = bytearray()

    def more() -> bool:
        got.extend(take(tcp))
        return len(got) >= count

    until(more, 10.0)
    return bytes(got)


def test_bytes_come_in_order_after_a_zero(tcp: Any) -> None:
    with connect(tcp) as host:
        host.sendall(b"hello\x00")
        assert take_all(tcp, 7) == b"\x00hello\x00"
        assert tcp.tcp_woken() >= 1


def test_replies_go_back(tcp: Any) -> None:
    with connect(tcp) as host:
        host.sendall(b"x")
        take_all(tcp, 2)
        tcp.tcp_send(b"reply", 5)
        assert host.recv(16) == b"reply"


def test_a_slow_device_holds_the_host_back_and_loses_nothing(tcp: Any) -> None:
    content = np.random.default_rng(2).integers(0, 256, 300_000, np.uint8).tobytes()
    with connect(tcp) as host:
        host.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sender = threading.Thread(target=host.sendall, args=(content,))
        sender.start()
        assert take_all(tcp, 1) == b"\0"
        until(lambda: tcp.tcp_peak() == RING)
        time.sleep(0.05)
        assert sender.is_alive()  # the ring is full: the host waits
        assert take_all(tcp, len(content)) == content
        sender.join(5)
        assert not sender.is_alive()


def test_a_reply_larger_than_all_buffers_arrives_whole(tcp: Any) -> None:
    content = bytes(range(256)) * 4000
    with connect(tcp) as host:
        host.sendall(b"x")
        take_all(tcp, 2)
        sender = threading.Thread(target=tcp.tcp_send, args=(content, len(content)))
        sender.start()
        got = bytearray()
        while len(got) < len(content):
            got += host.recv(65536)
        sender.join(5)
        assert bytes(got) == content


def test_a_new_host_takes_the_place_of_the_one_before(tcp: Any) -> None:
    with connect(tcp) as old:
        old.sendall(b"half of a fra")
        take_all(tcp, 14)
        with connect(tcp) as new:
            new.sendall(b"whole\x00")
            assert take_all(tcp, 7) == b"\x00whole\x00"
            assert old.recv(16) == b""  # told to go
            tcp.tcp_send(b"to new", 6)
            assert new.recv(16) == b"to new"


def test_a_new_host_gets_none_of_what_a_full_ring_holds(tcp: Any) -> None:
    """Else it would be answered what the old one asked, and its first frame would lack the zero before it."""
    with connect(tcp) as old:
        sender = threading.Thread(target=_flood, args=(old,))
        sender.start()
        assert take_all(tcp, 1) == b"\0"
        until(lambda: tcp.tcp_peak() == RING)
        with connect(tcp) as new:
            new.sendall(b"whole\x00")
            time.sleep(0.1)
            assert take_all(tcp, 7) == b"\x00whole\x00"
        sender.join(5)


def test_a_host_that_goes_may_come_again(tcp: Any) -> None:
    for number in range(3):
        with connect(tcp) as host:
            host.sendall(bytes([number + 1]))
            assert take_all(tcp, 2) == bytes([0, number + 1])


def test_a_reply_to_nobody_is_dropped(tcp: Any) -> None:
    tcp.tcp_send(b"nobody", 6)
    host = connect(tcp)
    host.sendall(b"x")
    take_all(tcp, 2)
    host.close()
    for _ in range(20):
        tcp.tcp_send(b"gone", 4)
        time.sleep(0.005)
    with connect(tcp) as again:
        again.sendall(b"y")
        assert take_all(tcp, 2) == b"\x00y"


@pytest.mark.slow
def test_a_host_that_takes_nothing_is_given_up_after_two_seconds(tcp: Any) -> None:
    content = bytes(8_000_000)
    with connect(tcp) as host:
        host.sendall(b"x")
        take_all(tcp, 2)
        start = time.monotonic()
        tcp.tcp_send(content, len(content))
        assert 1.9 < time.monotonic() - start < 8.0
