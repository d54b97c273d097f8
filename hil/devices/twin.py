"""The firmware on an emulated Cortex-M7: its own process, as the host device is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.base.evidence import Evidence
from hil.devices.host_process import HostProcess
from hil.devices.registry import KINDS, DeviceKind
from hil.link.link import Link, LinkLost


class TwinProcess(HostProcess):
    """Starts the twin; when it stops, what its machine said is what the user reads.

    Args:
        bundle: Directory of the bundle.
        options: Further options of `python -m firmware_bridge.ports.twin`.
        start_s: How long it may take to come up; the first time its firmware is compiled.
    """

    name = "twin"
    evidence = Evidence.EMULATED
    keeps_time = False

    def __init__(self, bundle: Path, options: Sequence[str] = (), start_s: float = 120.0) -> None:
        program = [sys.executable, "-m", "firmware_bridge.ports.twin"]
        super().__init__([*program, "--bundle", str(bundle.resolve()), "--pty", *options], start_s)

    def link(self) -> Link:
        """Return the open link."""
        return _WitnessedLink(super().link(), self)

    def describe(self) -> dict[str, Any]:
        """Return what stands in for the chip."""
        return super().describe() | {
            "build": "firmware on an emulated Cortex-M7",
            "stand_in": "instructions and memory are counted on an emulator; int8 reference kernels stand in for "
            "the Edge TPU; wall times are this machine's, not the chip's",
        }

    def last_words(self) -> str:
        """Return what the machine said before it stopped."""
        return self._last_words()


class _WitnessedLink:
    """A link that tells why the twin is gone."""

    def __init__(self, link: Link, twin: TwinProcess) -> None:
        self._link, self._twin = link, twin
        self.bytes_per_second = link.bytes_per_second

    def now(self) -> float:
        return self._link.now()

    def write(self, data: bytes, deadline: float) -> None:
        try:
            self._link.write(data, deadline)
        except LinkLost as lost:
            raise self._reason() from lost

    def read(self, deadline: float) -> bytes:
        try:
            return self._link.read(deadline)
        except LinkLost as lost:
            raise self._reason() from lost

    def purge(self) -> None:
        self._link.purge()

    def close(self) -> None:
        self._link.close()

    def _reason(self) -> DeviceError:
        return DeviceError(
            f"the twin ended: {self._twin.last_words()}", "see firmware_bridge/ports/twin/README.md"
        )


KINDS.add(
    "twin",
    DeviceKind(
        "the firmware on an emulated Cortex-M7; int8 reference kernels stand in for the Edge TPU",
        lambda _, bundle: TwinProcess(bundle),
    ),
)
