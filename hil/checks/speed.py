"""Speed and memory of the device as this machine sees it."""

from __future__ import annotations

import numpy as np

from firmware_bridge.base.evidence import Evidence, Quantity
from hil.rig.observations import Observations


def realtime(seen: Observations) -> dict[str, Quantity | str]:
    """Seconds of audio scored per second, link included; the interval holds 95 of 100 segments.

    On a busy laptop single segments are slow, so the gate looks at the interval: it catches a cliff.
    """
    factor = float(seen.audio_s.sum() / max(seen.wall_s.sum(), 1e-9))
    low, high = (
        round(float(end), 3) for end in np.percentile(seen.audio_s / seen.wall_s.clip(1e-9), (2.5, 97.5))
    )
    source = "the device's own speed" if seen.keeps_time else "this machine's speed, not the chip's"
    return {
        "realtime_factor": Quantity(round(factor, 3), "", seen.evidence, len(seen.names), (low, high), source)
    }


def host_memory(seen: Observations) -> dict[str, Quantity | str]:
    """High-water mark of a host device's process."""
    if seen.keeps_time:
        return {"host_ram_bytes": "the device is not a process on this machine"}
    if seen.evidence is Evidence.EMULATED:
        return {"host_ram_bytes": "the device reports the emulated chip's memory, not its process's"}
    if not seen.device_ram_bytes:
        return {"host_ram_bytes": "the device does not tell"}
    source = "resident memory of the host device's process, Python and runtime included; not the chip"
    return {"host_ram_bytes": Quantity(seen.device_ram_bytes, "bytes", seen.evidence, source=source)}
