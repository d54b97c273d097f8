"""The program behind the device `host`: loads a bundle and answers the protocol with its results.

`python -m hil.devices.host_device --bundle DIR --pty` prints the path of its pseudo-terminal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.bundle import load_bundle
from firmware_bridge.errors import UndertoneError
from firmware_bridge.protocol import DeviceServer
from hil.devices.host_engine import HostEngine
from hil.devices.pty_server import memory_marks, serve_on_pty


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the device; returns the exit status."""
    parser = argparse.ArgumentParser(description="A device under test: a bundle behind a pseudo-terminal.")
    parser.add_argument("--bundle", type=Path, required=True, help="directory of the bundle")
    parser.add_argument("--pty", action="store_true", required=True, help="serve on a pseudo-terminal")
    options = parser.parse_args(arguments)
    try:
        engine = HostEngine(load_bundle(options.bundle))
        server = DeviceServer(engine, engine.identity, memory_marks)
    except UndertoneError as error:
        sys.stderr.write(f"{error.what} ({error.remedy})\n")
        return error.exit_status
    serve_on_pty(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
