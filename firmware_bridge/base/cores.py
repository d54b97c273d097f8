"""How many cores this process may use: what the user said, else the machine within its limits."""

from __future__ import annotations

import math
import os
from pathlib import Path

from firmware_bridge.base.errors import InvalidSetting

VARIABLE = "UNDERTONE_THREADS"
# `QUOTA PERIOD` in microseconds, or `max PERIOD`: the share of a container (cgroup v2).
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = QUOTA) -> int:
    """Return how many threads work is worth: `UNDERTONE_THREADS`, else the cores of our affinity within the quota.

    Args:
        quota: The control group's file; one that is missing or says `max` sets no limit.

    Raises:
        InvalidSetting: `UNDERTONE_THREADS` is not a positive number.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted:
        if not wanted.isdecimal() or int(wanted) < 1:
            raise InvalidSetting(f"{VARIABLE}={wanted} is not a number of threads", f"{VARIABLE}=1 or more")
        return int(wanted)
    cores = len(os.sched_getaffinity(0))
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        share = math.ceil(int(allowed) / int(period))
    except (OSError, ValueError):  # no control group, or no limit
        return cores
    return max(1, min(cores, share))
