"""A device that is a separate process on this machine, reached through a pseudo-terminal."""

from __future__ import annotations

import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.base.paths import ROOT
from hil.devices.base import DeviceBase
from hil.devices.registry import KINDS, DeviceKind
from hil.link.link import Link, SerialLink


class HostProcess(DeviceBase):
    """Starts a program that prints the path of its pseudo-terminal and serves the protocol on it.

    The program ends when its standard input closes, so that none outlives the host.

    Args:
        command: The program and its arguments.
        start_s: How long it may take to come up.
    """

    name = "host"
    evidence = Evidence.SIMULATED
    keeps_time = False

    def __init__(self, command: Sequence[str], start_s: float = 60.0) -> None:
        self._command, self._start_s = list(command), start_s
        self._process: subprocess.Popen[str] | None = None
        self._link: SerialLink | None = None
        self._errors: IO[str] | None = None
        self._path = ""

    @classmethod
    def from_bundle(cls, bundle: Path) -> HostProcess:
        """Return the device that runs a bundle: the firmware's core, with the host's int8 reference kernels."""
        return cls(
            [sys.executable, "-m", "firmware_bridge.ports.host", "--bundle", str(bundle.resolve()), "--pty"]
        )

    def start(self) -> None:
        """Start the process and open its pseudo-terminal.

        Raises:
            DeviceError: It ended or said nothing in time; carries its last words.
        """
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed in stop)
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            self._command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True, cwd=ROOT
        )
        self._path = self._first_line(time.monotonic() + self._start_s)
        self._link = SerialLink(self._path)

    def link(self) -> Link:
        """Return the open link."""
        if self._link is None:
            raise DeviceError("the host device is not started", "start it first")
        return self._link

    def stop(self) -> None:
        """Close the terminal and end the process, gently first."""
        if self._link is not None:
            self._link.close()
            self._link = None
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def describe(self) -> dict[str, Any]:
        """Return what stands in for the chip."""
        return {
            "device": self.name,
            "port": self._path,
            "build": "the firmware's core as a host process",
            "evidence": self.evidence.value,
            "stand_in": "int8 reference kernels on this machine stand in for the Edge TPU; "
            "times and memory are this machine's, not the chip's",
        }

    def _first_line(self, deadline: float) -> str:
        process = self._process
        assert process is not None and process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        line = process.stdout.readline().strip() if ready else ""
        if line:
            return line
        words = self._last_words()
        if ready:
            raise DeviceError(
                f"the host device ended at its start: {words}", "mend what it says; see hil/README.md"
            )
        raise DeviceError(
            f"the host device did not start within {self._start_s:.0f} s: {words}",
            "is the machine overloaded?",
        )

    def _last_words(self) -> str:
        if self._errors is None:
            return "it said nothing"
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else "it said nothing"


KINDS.add(
    "host",
    DeviceKind(
        "the firmware's core as a process on this machine; int8 reference kernels stand in for the Edge TPU",
        lambda _, bundle: HostProcess.from_bundle(bundle),
    ),
)
