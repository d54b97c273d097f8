"""How much memory this process holds, and the most it has held."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Memory:
    """A process's memory in bytes.

    Attributes:
        now: Resident at this moment.
        peak: The most that was resident since the process began.
    """

    now: int
    peak: int

    @property
    def peak_mib(self) -> float:
        """The peak in MiB, rounded to a tenth."""
        return round(self.peak / (1 << 20), 1)


def process_memory(status: Path = STATUS) -> Memory:
    """Return this process's resident memory and its peak.

    Linux's `ru_maxrss` is not asked: it is handed down through fork and exec, so a small program that a large one
    starts would look as large as that one. `VmHWM` of `/proc` begins anew with the program. Where there is no
    `/proc` (macOS), `ru_maxrss` is the process's own; it stands for both numbers there, in bytes (macOS) or KiB
    (the BSDs), because nothing else tells what is resident now without a further package.

    Args:
        status: The file of `/proc` to read.
    """
    try:
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        now, peak = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    except (OSError, KeyError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        now = peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return Memory(now, peak)
