"""Serves a device on a pseudo-terminal or a TCP port until standard input closes."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable

Receive = Callable[[bytes], bytes]
Poll = Callable[[], None]
POLL_S = 0.02  # the core asks to be polled at least every 50 ms
_BLOCK = 65536


def serve_on_pty(receive: Receive, poll: Poll | None = None) -> None:
    """Open a pseudo-terminal, write its path as one line to standard output, and serve.

    Returns when standard input is closed: a host that dies takes its device with it.

    Args:
        receive: Takes bytes from the host, returns the answer.
        poll: Called often, where the device has something to do by itself.
    """
    import tty

    master, slave = os.openpty()
    # The slave stays open here, else reading fails whenever no host is connected.
    tty.setraw(slave)
    _announce(os.ttyname(slave))
    while (ready := _wait([master], poll)) is not None:
        if master in ready:
            reply = receive(os.read(master, _BLOCK))
            while reply:
                reply = reply[os.write(master, reply) :]
    os.close(master)
    os.close(slave)


def serve_on_tcp(receive: Receive, poll: Poll | None = None, port: int = 0) -> None:
    """Listen on this machine's loopback address, write the URL as one line to standard output, and serve.

    One host at a time, as on the board. Returns when standard input is closed.

    Args:
        receive: Takes bytes from the host, returns the answer.
        poll: Called often, where the device has something to do by itself.
        port: TCP port; 0: a free one.
    """
    with socket.create_server(("127.0.0.1", port)) as server:
        _announce(f"socket://127.0.0.1:{server.getsockname()[1]}")
        peer: socket.socket | None = None
        while (ready := _wait([(peer or server).fileno()], poll)) is not None:
            if not ready:
                continue
            if peer is None:
                peer, _ = server.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                continue
            try:
                data = peer.recv(_BLOCK)
                peer.sendall(receive(data))
            except ConnectionError:
                data = b""
            if not data:
                peer.close()
                peer = None
        if peer is not None:
            peer.close()


def _announce(where: str) -> None:
    sys.stdout.write(where + "\n")
    sys.stdout.flush()


def _wait(files: list[int], poll: Poll | None) -> list[int] | None:
    """Return which of the files can be read; nothing at all when standard input closed."""
    stdin = sys.stdin.fileno()
    ready, _, _ = select.select([*files, stdin], [], [], POLL_S if poll else None)
    if stdin in ready and not os.read(stdin, 1):
        return None
    if poll:
        poll()
    return [file for file in ready if file != stdin]
