"""After a flash: is the board back, and does it run what was written?"""

from __future__ import annotations

import time

from firmware_bridge.base.errors import CheckFailed, DeviceError
from firmware_bridge.base.evidence import Evidence
from hil.client.client import DeviceClient, DeviceIdentity
from hil.link.link import SerialLink
from hil.link.timing import Timing

_GREETING = Timing(reply_s=0.5, attempts=3)


def greet(url: str, limit_s: float, pause_s: float = 0.5) -> DeviceIdentity:
    """Return what answers `hello`; a network that is still coming up is waited for.

    Args:
        url: Anything that pyserial opens.
        limit_s: How long to try.
        pause_s: Time between two tries.

    Raises:
        DeviceError: Nothing of ours answered in time; says what the last try met.
    """
    deadline = time.monotonic() + limit_s
    while True:
        try:
            link = SerialLink(url)
            try:
                return DeviceClient(link, _GREETING).hello()
            finally:
                link.close()
        except DeviceError as error:
            if time.monotonic() >= deadline:
                raise DeviceError(
                    f"nothing answered at {url} within {limit_s:.0f} s: {error.what}",
                    "is the board's USB-Ethernet interface up with an address 10.10.10.x (`undertone doctor`)? "
                    "Over the debug UART: --port /dev/ttyUSB0",
                ) from error
        time.sleep(pause_s)


def require_bundle(identity: DeviceIdentity, bundle: str | None, url: str) -> None:
    """Make sure that a board answered, and that it runs a bundle.

    Args:
        identity: The answer to `hello`.
        bundle: Id of the bundle that was written; None: whatever it runs.
        url: Where it was asked.

    Raises:
        CheckFailed: A stand-in answered, or the device runs another bundle.
    """
    if identity.evidence != Evidence.MEASURED:
        raise CheckFailed(
            f"what answers at {url} is no board: it calls its figures {identity.evidence}",
            "name the board's own port: --port URL",
        )
    if bundle is not None and identity.bundle != bundle:
        raise CheckFailed(
            f"the device at {url} runs the bundle {identity.bundle[:12] or 'none'}, not {bundle[:12]}",
            "is it the board that was flashed? Else build and flash again: undertone build --port coralmicro",
        )
