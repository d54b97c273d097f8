"""A link over TCP must not wait for acknowledgements in the middle of a frame."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from hil.link.link import SerialLink

FRAME, FRAMES = 900, 40  # bytes: more than one of the link's slices


@pytest.fixture
def url() -> Iterator[str]:
    """A peer that answers each whole frame with one byte, as a device does."""
    door = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        line, _ = door.accept()
        with line:
            got = 0
            while data := line.recv(4096):
                got += len(data)
                while got >= FRAME:
                    got -= FRAME
                    line.sendall(b"!")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"socket://127.0.0.1:{door.getsockname()[1]}"
    thread.join(5)
    door.close()


def test_frames_are_sent_at_once(url: str) -> None:
    link = SerialLink(url)
    try:
        assert link._port._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        started = time.monotonic()
        for _ in range(FRAMES):
            link.write(bytes(FRAME), time.monotonic() + 5)
            assert link.read(time.monotonic() + 5) == b"!"
        # Held back, each frame would take the 40 ms that an acknowledgement may be delayed.
        assert time.monotonic() - started < FRAMES * 0.04 / 2
    finally:
        link.close()
