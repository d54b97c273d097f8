"""Reads a port for as long as it is there, and waits for it to come back when it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.base.progress import note
from hil.link.link import Link, LinkLost

# A line without its end is shown after so long: a prompt, or the last words of a program that crashed.
IDLE_S = 0.3
_PAUSE_S = 0.3


def read_port(connect: Callable[[], Link], limit_s: float | None = None) -> Iterator[bytes]:
    """Yield what comes, and `b""` whenever nothing came for a while.

    A port that goes away (a reset, a cable) is opened again as soon as it is back.

    Args:
        connect: Opens the port.
        limit_s: Ends after so long; by default never.

    Raises:
        DeviceError: The port could not be opened at the start.
    """
    end = None if limit_s is None else time.monotonic() + limit_s
    link: Link | None = connect()
    try:
        while end is None or time.monotonic() < end:
            if link is None:
                link = _again(connect)
                continue
            try:
                deadline = link.now() + IDLE_S
                yield link.read(deadline if end is None else min(deadline, end))
            except LinkLost as error:
                note(f"{error.what}: waiting for it to come back")
                link.close()
                link = None
    finally:
        if link is not None:
            link.close()


def _again(connect: Callable[[], Link]) -> Link | None:
    try:
        link = connect()
    except DeviceError:
        time.sleep(_PAUSE_S)
        return None
    note("the port is back")
    return link


def read_file(path: Path, piece: int = 4096) -> Iterator[bytes]:
    """Yield the bytes of a recorded stream, and `b""` at its end.

    Args:
        path: The file.
        piece: Bytes at a time.
    """
    with path.open("rb") as stream:
        while data := stream.read(piece):
            yield data
    yield b""
