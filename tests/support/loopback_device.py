"""A device process without a bundle: it proves pseudo-terminals, links and this rig.

`python -m tests.support.loopback_device` prints the path of its pseudo-terminal.
"""

from __future__ import annotations

from firmware_bridge.ports.host.device import memory_marks
from firmware_bridge.ports.host.serve import serve_on_pty
from firmware_bridge.protocol import DeviceServer
from firmware_bridge.protocol.loopback import LoopbackEngine

if __name__ == "__main__":
    ENGINE = LoopbackEngine()
    serve_on_pty(DeviceServer(ENGINE, ENGINE.identity, memory_marks).push)
