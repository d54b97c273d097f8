"""A device process without a bundle: it proves pseudo-terminals, links and this rig.

`python -m hil.devices.loopback_device` prints the path of its pseudo-terminal.
"""

from __future__ import annotations

from firmware_bridge.protocol import DeviceServer
from firmware_bridge.protocol.loopback import LoopbackEngine
from hil.devices.pty_server import memory_marks, serve_on_pty

if __name__ == "__main__":
    ENGINE = LoopbackEngine()
    serve_on_pty(DeviceServer(ENGINE, ENGINE.identity, memory_marks))
