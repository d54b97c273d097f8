"""Devices under test, by the name that the user gives: `host`, `twin`, `board:PORT`."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.errors import DeviceError, UnknownName
from hil.devices.base import Device
from hil.devices.board import Board
from hil.devices.host_process import HostProcess
from hil.devices.twin import TwinProcess

__all__ = ["AVAILABLE", "Device", "open_device"]

AVAILABLE = {
    "host": "the firmware's core as a process on this machine; int8 reference kernels stand in for the Edge TPU",
    "twin": "the firmware on an emulated Cortex-M7; int8 reference kernels stand in for the Edge TPU",
    "board:PORT": "a board on a serial port or any pyserial URL, such as board:socket://10.10.10.1:7000",
}
_PLANNED = {
    "coral-usb": "an Edge TPU stick on USB",
}


def open_device(name: str, bundle: Path) -> Device:
    """Return the device called `name`, not started yet.

    Args:
        name: `host`, `twin` or `board:PORT`.
        bundle: Directory of the bundle that the device shall run (a board carries its own).

    Raises:
        UnknownName: No such device; lists those there are.
        DeviceError: A device that this version cannot drive yet.
    """
    kind, _, port = name.partition(":")
    valid = ", ".join(AVAILABLE)
    if kind in _PLANNED:
        raise DeviceError(
            f"the device '{kind}' ({_PLANNED[kind]}) is not part of this version", f"use one of: {valid}"
        )
    if kind == "board":
        if not port:
            raise DeviceError(
                "'board' needs a port", "for example board:/dev/ttyACM0 or board:socket://10.10.10.1:7000"
            )
        return Board(port)
    if name == "twin":
        return TwinProcess(bundle)
    if name != "host":
        raise UnknownName("device", name, AVAILABLE)
    return HostProcess.from_bundle(bundle)
