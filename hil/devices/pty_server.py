"""Serves the device's side of the protocol on a pseudo-terminal until standard input closes."""

from __future__ import annotations

import os
import select
import sys
import tty
from pathlib import Path

from firmware_bridge.protocol import DeviceServer, MemoryMarks


def memory_marks() -> MemoryMarks:
    """Return this process's resident memory and its peak, in bytes (Linux and macOS)."""
    import resource

    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    try:
        now = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        now = peak
    return MemoryMarks(min(now, 0xFFFFFFFF), min(peak, 0xFFFFFFFF), 0)


def serve_on_pty(server: DeviceServer) -> None:
    """Open a pseudo-terminal, write its path as one line to standard output, and serve.

    Returns when standard input is closed: a host that dies takes its device with it.
    """
    master, slave = os.openpty()
    # The slave stays open here, else reading fails whenever no host is connected.
    tty.setraw(slave)
    sys.stdout.write(os.ttyname(slave) + "\n")
    sys.stdout.flush()
    stdin = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([master, stdin], [], [])
        if stdin in ready and not os.read(stdin, 1):
            break
        if master in ready:
            reply = server.push(os.read(master, 65536))
            while reply:
                reply = reply[os.write(master, reply) :]
    os.close(master)
    os.close(slave)
