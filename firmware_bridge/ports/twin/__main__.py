"""The program behind the device `twin`: the firmware on an emulated Cortex-M7, on a pseudo-terminal or TCP.

`python -m firmware_bridge.ports.twin --bundle DIR --pty` prints the path of its pseudo-terminal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.base.programs import complain
from firmware_bridge.ports.flash import Cut
from firmware_bridge.ports.host.serve import serve_on_pty, serve_on_tcp
from firmware_bridge.ports.twin.build import build_twin
from firmware_bridge.ports.twin.device import Twin, bundle_flash
from firmware_bridge.ports.twin.report import memory_report
from firmware_bridge.ports.twin.tpu_trouble import TpuTrouble
from firmware_bridge.sound.audio import read_audio


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the twin; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        firmware = build_twin(options.bundle)
        if options.report:
            sys.stdout.write(memory_report(firmware))
            return 0
        flash = bundle_flash(options.bundle, options.flash)
        if options.power_cut is not None:
            flash.power_on(Cut(options.power_cut, options.seed))
        heard = read_audio(options.microphone).pcm if options.microphone else None
        tpu = TpuTrouble.from_words(options.tpu)
        twin = Twin(firmware, flash, heard, uart=options.uart, recovers=bool(options.tpu))
        twin.board.mailbox.trouble = tpu
        twin.boot()
        twin.trouble(options.drop, options.stall, options.seed)
        poll = _paced(twin) if options.microphone else None
        if options.pty:
            serve_on_pty(twin.receive, poll)
        else:
            serve_on_tcp(_hanging_up(twin), poll, options.tcp)
    except UndertoneError as error:
        return complain(error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The firmware on an emulated Cortex-M7.")
    parser.add_argument("--bundle", type=Path, required=True, help="directory of the bundle")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--pty", action="store_true", help="serve on a pseudo-terminal")
    what.add_argument(
        "--tcp", type=int, metavar="PORT", help="serve on a TCP port of this machine; 0: a free one"
    )
    what.add_argument("--report", action="store_true", help="print the memory it takes, and end")
    parser.add_argument("--flash", type=Path, metavar="FILE", help="keep the flash in this file")
    parser.add_argument("--microphone", type=Path, metavar="WAV", help="what the microphone hears")
    parser.add_argument("--uart", action="store_true", help="talk through the slow debug UART")
    trouble = parser.add_argument_group("trouble, the same for the same seed")
    trouble.add_argument("--seed", type=int, default=0)
    trouble.add_argument("--drop", type=float, default=0.0, metavar="SHARE", help="lose bytes on the way in")
    trouble.add_argument("--stall", type=float, default=0.0, metavar="SHARE", help="hold answers back")
    trouble.add_argument(
        "--power-cut", type=int, metavar="N", help="lose power in the Nth erase or program, counted from 0"
    )
    trouble.add_argument(
        "--tpu",
        action="append",
        default=[],
        metavar="WHAT",
        help="RUN:failed, RUN:hangs, RUN:gone (runs of networks from 0 on), absent:START or hot; the twin then lives "
        "through faults as the board does",
    )
    return parser


def _hanging_up(twin: Twin) -> Callable[[bytes], bytes]:
    """Return what answers a host over TCP: after a restart the board knows nothing of its connection."""
    started = twin.board.starts

    def receive(data: bytes) -> bytes:
        nonlocal started
        if twin.board.starts != started:
            started = twin.board.starts
            raise ConnectionResetError
        return twin.receive(data)

    return receive


def _paced(twin: Twin) -> Callable[[], None]:
    """Return what lets the twin's time pass as fast as the laptop's, so that a person can speak to it live."""
    clock = twin.board.clock
    began, first = time.monotonic(), clock.milliseconds()

    def poll() -> None:
        twin.pass_time(int(1000 * (time.monotonic() - began)) - (clock.milliseconds() - first))

    return poll


if __name__ == "__main__":
    sys.exit(main())
