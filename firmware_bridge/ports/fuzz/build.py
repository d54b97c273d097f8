"""Builds the fuzzer: the whole core, a stand-in for a board, and a bundle without real networks."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.base.events import step
from firmware_bridge.base.files import write_bytes
from firmware_bridge.base.toolchain import STRICT, find_compiler, run_compiler
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.microfrontend import FrontendSpec
from firmware_bridge.ports.hollow import hollow_bundle
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.protocol.table import ErrorCode, Kind

HERE = Path(__file__).parent
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
# Whose work is counted: what stands between a byte that comes and its handler.
WIRE = ("cobs.c", "codec.c", "crc32.c", "framing.c", "refusals.c", "replies.c", "server.c", "text.c")
COUNTED = "-fsanitize-coverage=trace-pc"
# Small, so that an input costs microseconds: two channels, 100 ms windows.
SPEC = FrontendSpec(window_ms=2, step_ms=2, channels=2, noise_reduction=None, pcan=None)
WINDOW_MS, HOP_MS = 100, 10


@dataclass(frozen=True)
class FuzzResult:
    """What a run of the fuzzer saw.

    Attributes:
        inputs: How many frames or strings of bytes the device was sent.
        bytes: How many bytes in all.
        frames: How often a frame ended.
        answers: How many frames came back.
        blocks_per_byte: Most basic blocks of the wire's code for a byte that ends no frame.
        blocks_per_frame: The same for an input with one whole frame.
        kinds: How often each kind of message was the answer, by name.
        errors: How often each error was the answer, by name.
    """

    inputs: int
    bytes: int
    frames: int
    answers: int
    blocks_per_byte: float
    blocks_per_frame: int
    kinds: dict[str, int]
    errors: dict[str, int]


def fuzz_bundle(folder: Path) -> Bundle:
    """Return a bundle whose networks are a few bytes of nothing: the fuzzer's mailbox takes anything.

    Args:
        folder: Where the networks are written.
    """
    return hollow_bundle(folder, SPEC, WINDOW_MS, HOP_MS)


def build_fuzzer(folder: Path) -> Path:
    """Build the fuzzer under the address and undefined-behaviour sanitizers; return the program.

    Args:
        folder: For generated sources, objects, the image and the program.

    Raises:
        EnvironmentLacking: No compiler with these sanitizers.
    """
    bundle = fuzz_bundle(folder)
    write_sources(bundle.manifest, folder)
    write_bytes(folder / "image.bin", build_image(bundle, compiled=False))
    command, program = find_compiler().command, folder / "fuzz"
    includes = [f"-I{path}" for path in [*include_folders(folder), HERE]]
    flags = [*STRICT[1:], "-std=c11", "-O2", "-g1", *SANITIZERS, *size_flags(SPEC), "-DUT_SCALAR"]
    objects = []
    for source in [*core_sources(folder), *sorted(HERE.glob("*.c"))]:
        made = folder / f"{source.stem}.o"
        counted = [COUNTED] if source.name in WIRE else []
        _run([*command, *flags, *counted, *includes, "-c", str(source), "-o", str(made)])
        objects.append(str(made))
    _run([*command, *SANITIZERS, *objects, "-o", str(program)])
    return program


def _run(line: list[str]) -> None:
    run_compiler(line, "the fuzzer cannot be built", "install gcc with its sanitizers")


def run_fuzzer(program: Path, inputs: int, seed: int) -> FuzzResult:
    """Run the fuzzer.

    Args:
        program: What `build_fuzzer` returned.
        inputs: How many inputs.
        seed: Decides them.

    Raises:
        CheckFailed: The core crashed, read or wrote where it must not, worked too long or fell silent.
    """
    line = [str(program), str(program.parent / "image.bin"), str(seed), str(inputs)]
    with step(f"sending {inputs:,} inputs"):
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [text for text in done.stderr.splitlines() if text.strip()] or ["it said nothing"]
        telling = next((text for text in lines if "ERROR" in text or "error" in text), lines[0])
        raise CheckFailed(
            f"the fuzzer stopped with status {done.returncode}: {telling}",
            f"run it again under a debugger: {' '.join(line)}",
        )
    figures = json.loads(done.stdout)
    for name, numbers in (("errors", ErrorCode), ("kinds", Kind)):
        figures[name] = {numbers(int(key)).name.lower(): count for key, count in figures[name].items()}
    return FuzzResult(**figures)
