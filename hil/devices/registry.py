"""Which kinds of device there are: each file of this room registers its own, and nothing else knows the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import DeviceError, UnknownName
from firmware_bridge.base.parts import Parts
from hil.devices.base import Device


@dataclass(frozen=True)
class DeviceKind:
    """One kind of device under test.

    Attributes:
        summary: One line for `undertone list`.
        make: Returns the device, not started, of a port and a bundle's folder; it uses the one that it needs.
        at_port: It is reached at a port that the user names and carries its own bundle; otherwise it is started on
            this machine and runs the bundle that the user names.
    """

    summary: str
    make: Callable[[str, Path], Device]
    at_port: bool = False


KINDS: Parts[DeviceKind] = Parts("device")


def available() -> dict[str, str]:
    """Return what the user may type (`host`, `board:PORT`), with one line about each."""
    return {f"{name}:PORT" if kind.at_port else name: kind.summary for name, kind in KINDS.items()}


def open_device(name: str, bundle: Path | None) -> Device:
    """Return the device called `name`, not started yet.

    Args:
        name: A registered kind, or `KIND:PORT` for one that is reached at a port.
        bundle: Directory of the bundle that the device shall run; one that is reached at a port needs none.

    Raises:
        UnknownName: No such device; lists those there are.
        DeviceError: The port or the bundle is missing.
    """
    kind_name, colon, port = name.partition(":")
    kind = KINDS.get(kind_name)
    if kind is None or (colon and not kind.at_port):
        raise UnknownName("device", name, available())
    if kind.at_port and not port:
        raise DeviceError(
            f"'{kind_name}' needs a port",
            f"for example {kind_name}:/dev/ttyACM0 or {kind_name}:socket://10.10.10.1:7000; `undertone hil --dut "
            f"{kind_name}` looks for it on USB",
        )
    if not kind.at_port and bundle is None:
        raise DeviceError(
            f"the device '{kind_name}' needs a bundle to run",
            "name its folder with --bundle DIR; `make edgetpu-model` makes build/bundle",
        )
    return kind.make(port, bundle or Path())
