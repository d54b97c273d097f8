"""The program behind the device `host`: the firmware's core in a process, on a pseudo-terminal or TCP.

`python -m firmware_bridge.ports.host --bundle DIR --pty` prints the path of its pseudo-terminal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.base.errors import BundleInvalid, UndertoneError
from firmware_bridge.base.programs import complain
from firmware_bridge.contract.bundle import Bundle, load_bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash_file import FileFlash
from firmware_bridge.ports.host.device import SLOT_BYTES, HostDevice
from firmware_bridge.ports.host.microphone import RecordedMicrophone
from firmware_bridge.ports.host.serve import serve_on_pty, serve_on_tcp
from firmware_bridge.sound.audio import read_audio


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the device; returns the exit status."""
    parser = argparse.ArgumentParser(description="The firmware's core as a process on this machine.")
    parser.add_argument("--bundle", type=Path, required=True, help="directory of the bundle")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", action="store_true", help="serve on a pseudo-terminal")
    where.add_argument(
        "--tcp", type=int, metavar="PORT", help="serve on a TCP port of this machine; 0: a free one"
    )
    parser.add_argument("--flash", type=Path, metavar="FILE", help="keep the flash in this file")
    parser.add_argument("--microphone", type=Path, metavar="WAV", help="what the microphone hears")
    options = parser.parse_args(arguments)
    try:
        device = _open(load_bundle(options.bundle), options.flash, options.microphone)
    except UndertoneError as error:
        return complain(error)
    poll = device.poll if options.microphone else None
    if options.pty:
        serve_on_pty(device.receive, poll)
    else:
        serve_on_tcp(device.receive, poll, options.tcp)
    return 0


def _open(bundle: Bundle, flash: Path | None, microphone: Path | None) -> HostDevice:
    heard = RecordedMicrophone(read_audio(microphone).pcm) if microphone else None
    kept = FileFlash(flash, SLOT_BYTES, build_image(bundle, compiled=False)) if flash else None
    device = HostDevice.of_bundle(bundle, kept, microphone=heard)
    if device.slot < 0 and kept is None:
        raise BundleInvalid(
            f"the networks of bundle {bundle.directory} do not run",
            "build it again with `make edgetpu-model`",
        )
    return device


if __name__ == "__main__":
    sys.exit(main())
