"""Devices under test, by the name that the user gives.

Importing this package imports every module in it, and each kind of device registers itself;
`open_device("host", bundle)` is the way in.
"""

from firmware_bridge.base.parts import import_all
from hil.devices.base import Device
from hil.devices.registry import KINDS, DeviceKind, available, open_device

import_all(__name__, __path__)

__all__ = ["KINDS", "Device", "DeviceKind", "available", "open_device"]
