"""How a device is, in sentences: what it lacks and why it last started, each with what to do about it."""

from __future__ import annotations

from firmware_bridge.protocol import TABLE
from firmware_bridge.protocol.messages import Stats
from hil.client.client import DeviceIdentity

_CRASH = "`undertone monitor --crash --elf PROGRAM` shows what it left"
# By name of the reset reason; those that somebody asked for need no word.
_STARTS = {
    "watchdog": ("its work stood still and the watchdog ended it", _CRASH),
    "fault": ("its processor met a fault", _CRASH),
    "tpu": (
        "a run on the Edge TPU failed",
        "is it hot, or its supply weak? Look at `undertone monitor --stats`",
    ),
    "networks": ("its networks' memory was used up or stale", "none needed: it loaded them anew"),
}
TPU_MISSING = (
    "the Edge TPU did not come up",
    "take the power away and give it back; if that changes nothing, it is broken",
)


def reason_name(reason: int) -> str:
    """Return the name of a reset reason."""
    return {value: name for name, value in TABLE.reset_reasons.items()}.get(reason, f"reason {reason}")


def health_lines(identity: DeviceIdentity, stats: Stats) -> list[str]:
    """Return what a user should know of a device, a line each; nothing where all is well.

    Args:
        identity: Its answer to `hello`.
        stats: Its counters.
    """
    lines = []
    if identity.troubles & TABLE.troubles["tpu_missing"]:
        lines.append("The Edge TPU did not come up: " + TPU_MISSING[1] + ".")
    name = reason_name(identity.reset_reason)
    restarts = stats.restarts
    if name in _STARTS:
        what, remedy = _STARTS[name]
        times = f", {restarts} restarts since the power came" if restarts > 1 else ""
        lines.append(f"The device last started ({name}) because {what}{times}: {remedy}.")
    if stats.tpu_failures and name != "tpu":
        lines.append(f"Runs on the Edge TPU that failed: {stats.tpu_failures}; {_STARTS['tpu'][1]}.")
    if identity.troubles & TABLE.troubles["crash_kept"] and name not in ("watchdog", "fault"):
        lines.append(f"The device keeps evidence of a crash: {_CRASH}.")
    return lines
