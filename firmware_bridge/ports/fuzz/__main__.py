"""`python -m firmware_bridge.ports.fuzz --inputs 10000000 --seed 1`: build the fuzzer, run it, print its figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.base.toolchain import NATIVE
from firmware_bridge.ports.fuzz.build import FuzzResult, build_fuzzer, run_fuzzer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fuzzer; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Damaged inputs against the device's core, under sanitizers."
    )
    parser.add_argument("--inputs", type=int, default=10_000_000, help="how many (default 10,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="decides the inputs (default 1)")
    parser.add_argument("--folder", type=Path, default=NATIVE / "fuzz", help="where it is built")
    options = parser.parse_args(arguments)
    try:
        result = run_fuzzer(build_fuzzer(options.folder), options.inputs, options.seed)
    except UndertoneError as error:
        sys.stderr.write(f"{error.what}\n{error.remedy}\n")
        return error.exit_status
    sys.stdout.write(report(result))
    return 0


def report(result: FuzzResult) -> str:
    """Return the figures as text."""
    kinds, errors = (
        ", ".join(f"{name} {count:,}" for name, count in counts.items())
        for counts in (result.kinds, result.errors)
    )
    return (
        f"{result.inputs:,} inputs ({result.bytes:,} bytes, {result.frames:,} frames): no crash, no over-read\n"
        f"{result.answers:,} answers, all of them whole: {kinds}\n"
        f"errors: {errors}\n"
        f"most work: {result.blocks_per_byte} basic blocks a byte, {result.blocks_per_frame:,} a frame\n"
        "networks, flash and microphone are stand-ins; the core is the board's\n"
    )


if __name__ == "__main__":
    sys.exit(main())
