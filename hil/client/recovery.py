"""A host that lives through restarts of its device.

The line is opened anew, the same device found again, the work that was lost done once more. What could not be done
is named, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.base.progress import note
from firmware_bridge.protocol import ErrorCode
from hil.client.client import DeviceClient, DeviceIdentity
from hil.client.conversation import DeviceRefused
from hil.client.health import reason_name
from hil.devices.base import Device
from hil.link.link import LinkLost
from hil.link.timing import Timing

ATTEMPTS = 3  # of one piece of work
PATIENCE_S = 60.0  # a hang ends after 30 s; then comes the start, the TPU and the bundle
_PAUSE_S = 0.2
_GREETING = Timing(reply_s=1.0, attempts=2)
T = TypeVar("T")


class DeviceGone(DeviceError):
    """The device did not come back, or fails at the same work each time."""


class AnotherDevice(DeviceError):
    """Something else answers where the device was."""


class Recovery:
    """Does pieces of work with a device that may restart meanwhile.

    Attributes:
        client: Talks to the device; another one after each loss of the line.
        identity: What the device was at the beginning, and must be again.
        incidents: A sentence for each time that it was lost.

    Args:
        device: Started.
        timing: Waiting times of the work.
        patience_s: How long the device may take to come back.
    """

    def __init__(
        self,
        device: Device,
        timing: Timing | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._device, self._timing, self._patience_s = device, timing, patience_s
        self.client = DeviceClient(device.link(), timing, device.new_session())
        self.identity = self.client.hello()
        self.incidents: list[str] = []

    def do(self, name: str, work: Callable[[DeviceClient], T]) -> T:
        """Return what `work` returns; it is begun anew where the device was lost or a run on its TPU failed.

        Args:
            name: Of the piece of work, for the incidents.
            work: May be called several times.

        Raises:
            DeviceGone: The device did not come back in time, or the work failed as often as it may.
            AnotherDevice: Something else did.
            DeviceRefused: For a reason that stays.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return work(self.client)
            except DeviceRefused as error:
                if error.code != ErrorCode.INTERNAL:
                    raise
                lost: DeviceError = error
            except (LinkLost, DeviceSilent) as error:
                lost = error
            self._come_back(name, lost)
            if attempt == ATTEMPTS:
                raise DeviceGone(
                    f"{name} failed {ATTEMPTS} times, at last with {lost.what}", lost.remedy
                ) from lost
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _come_back(self, name: str, lost: DeviceError) -> None:
        """Find the device again, whatever became of the line to it."""
        self.client, identity = self._find(lost)
        if _lasting(identity) != _lasting(self.identity):
            raise AnotherDevice(
                f"after {lost.what}: {identity.build} with bundle {identity.bundle[:12] or 'none'} answers, "
                f"it was {self.identity.build} with {self.identity.bundle[:12]}",
                "name the port of the device that was tested; a bundle that does not come up: `undertone monitor`",
            )
        reason, stats = reason_name(identity.reset_reason), self.client.stats()
        incident = f"{name}: {lost.what}; the device is back ({reason}, restart {stats.restarts})"
        self.incidents.append(incident)
        note(incident)

    def _find(self, lost: DeviceError) -> tuple[DeviceClient, DeviceIdentity]:
        deadline = self._device.now() + self._patience_s
        last: DeviceError = lost
        while True:
            try:
                # A refusal leaves the line alone; all else replaces it whole: what was half read or half sent is gone.
                link = self._device.link() if isinstance(last, DeviceRefused) else self._device.relink()
                identity = DeviceClient(link, _GREETING, self._device.new_session()).hello()
                return DeviceClient(link, self._timing, self._device.new_session()), identity
            except (LinkLost, DeviceSilent, OSError) as error:
                last = error if isinstance(error, DeviceError) else LinkLost(str(error), "")
            if self._device.now() > deadline:
                raise DeviceGone(
                    f"the device did not come back within {self._patience_s:.0f} s after {lost.what} ({last.what})",
                    "look at its lights (docs/faults.md); take its power away and give it back",
                ) from last
            self._device.pause(_PAUSE_S)


def _lasting(identity: DeviceIdentity) -> DeviceIdentity:
    """Return what a restart must not change; every greeting has a session of its own."""
    return replace(identity, session=0, reset_reason=0, troubles=0)
