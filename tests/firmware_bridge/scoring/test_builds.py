"""The scoring part of the core: no warning under any compiler, nothing asked of a C library, clean when sanitized."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.ports.sources import CORE, core_sources, include_folders, size_flags
from firmware_bridge.protocol.transcript import mask
from tests.support.scoring.bench import BENCH, crc, requests, segment_requests

PARTS = ("fusion.c", "scorer.c", "segment.c", "on_segment.c", "listener.c", "on_listen.c", "refusals.c")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-O2", "-ffreestanding")
M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")
COMPILERS = {"gcc": (), "clang": ("-Wpedantic",), "arm-none-eabi-gcc": M7}
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
SETUPS = ["micro_speech", "notch, hop longer than window", "odd"]


def includes(pair: Any) -> list[str]:
    sizes = size_flags(pair.bundle.manifest.frontend)
    return [*sizes, *(f"-I{folder}" for folder in include_folders(pair.made))]


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")


@pytest.mark.parametrize("name", SETUPS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_compiler_has_a_warning(
    pairs: Callable[[str], Any], tmp_path: Path, compiler: str, name: str
) -> None:
    need(compiler)
    for part in PARTS:
        line = [compiler, *STRICT, *COMPILERS[compiler], *includes(pairs(name)), "-c", str(CORE / part)]
        done = subprocess.run([*line, "-o", str(tmp_path / "o")], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_the_chip_is_asked_for_nothing_but_the_core_itself(pair: Any, tmp_path: Path) -> None:
    """No library, no double, no 64-bit division: only the core's own functions, and what copies memory."""
    need("arm-none-eabi-gcc")
    need("arm-none-eabi-nm")
    wanted = set()
    for part in PARTS:
        line = ["arm-none-eabi-gcc", *STRICT, *M7, *includes(pair), "-c", str(CORE / part)]
        subprocess.run([*line, "-o", str(tmp_path / part)], check=True)
        said = subprocess.run(
            ["arm-none-eabi-nm", "-u", str(tmp_path / part)], capture_output=True, text=True
        )
        wanted |= set(re.findall(r"U (\S+)", said.stdout))
    assert {symbol for symbol in wanted if not symbol.startswith("ut_")} <= {"memcpy", "memset", "memmove"}


def test_there_is_nothing_global(pair: Any, tmp_path: Path) -> None:
    """All that changes lies in what the caller owns: no data and no bss section."""
    need("arm-none-eabi-gcc")
    need("arm-none-eabi-size")
    for part in PARTS:
        line = ["arm-none-eabi-gcc", *STRICT, *M7, *includes(pair), "-c", str(CORE / part)]
        subprocess.run([*line, "-o", str(tmp_path / part)], check=True)
        said = subprocess.run(["arm-none-eabi-size", str(tmp_path / part)], capture_output=True, text=True)
        _, data, bss, *_ = said.stdout.splitlines()[1].split()
        assert (data, bss) == ("0", "0"), part


def test_a_static_checker_finds_nothing(pair: Any) -> None:
    need("cppcheck")
    options = ["--enable=warning,performance,portability", "--error-exitcode=3", "--std=c99", "--quiet"]
    hidden = ["--suppress=missingIncludeSystem", "--inline-suppr"]
    line = ["cppcheck", *options, *hidden, *includes(pair), *(str(CORE / part) for part in PARTS)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SETUPS)
def test_sanitizers_find_nothing(pairs: Callable[[str], Any], tmp_path: Path, name: str) -> None:
    """Segments, listening, failing networks and rubbish, with every buffer of exactly the size that it must have."""
    need("gcc")
    pair, program = pairs(name), tmp_path / "bench"
    wrapped = "-Wl,--wrap=ut_push,--wrap=ut_scale,--wrap=ut_fuse"
    sources = [*map(str, core_sources(pair.made)), str(BENCH)]
    line = [
        "gcc",
        "-std=gnu99",
        *SANITIZERS,
        "-DBENCH_MAIN",
        wrapped,
        *includes(pair),
        *sources,
        "-o",
        str(program),
    ]
    built = subprocess.run(line, capture_output=True, text=True, check=False)
    if "asan" in built.stderr:
        pytest.skip("this gcc came without its sanitizers")
    assert built.returncode == 0, built.stderr
    turns = list(conversation(pair))
    stdin = b"".join(struct.pack("<I", len(one)) + one for one in (pair.image, *turns))
    done = subprocess.run([program], input=stdin, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    plain = pair.bench(microphone=True)
    said = b""
    for turn, record in enumerate(turns):
        if turn % 2 == 1:
            plain.hear(np.frombuffer(record[: len(record) // 2 * 2], np.int16), len(record) % 2)
        elif not record:
            plain.fail(0, 2)
        else:
            said += plain.talk(record)
    assert mask(done.stdout) == mask(said)
    assert len(said) > 5000


def conversation(pair: Any) -> list[bytes]:
    """Return by turns what the host sends and what the microphone hears."""
    dice = np.random.default_rng(3)
    pcm = dice.integers(-32768, 32768, 960_000).astype(np.int16)
    turns: list[bytes] = []

    def say(*messages: tuple[str, dict[str, Any]]) -> None:
        turns.extend([requests(*messages, first=len(turns)), b""])

    def hear(samples: int, lost: bool = False) -> None:
        turns.extend([requests(("get_stats", {}), first=len(turns)), pcm[:samples].tobytes() + b"!" * lost])

    for samples, segment in ((1, 1), (40_000, 2), (960_000, 3)):
        say(*segment_requests(pcm[:samples], dice.integers(1, samples + 1, 5).tolist(), segment))
        for window in (0, 1, 60, 65535):
            say(("get_features", {"segment": segment, "window": window, "first_frame": 5}))
        say(("end", {"segment": segment, "checksum": crc(pcm[:samples])}))
    turns.extend([b"", b""])  # networks fail
    say(*segment_requests(pcm[:30_000], [], 4), ("end", {"segment": 4, "checksum": 0}))
    for mode in (1, 2):
        say(("listen", {"mode": mode}))
        for samples in dice.integers(0, 16_000, 40).tolist():
            hear(samples, samples % 3 == 0)
            say(
                ("get_live", {}), ("get_capture", {"offset": samples}), ("get_capture", {"offset": 2**32 - 1})
            )
    turns.extend([dice.bytes(20_000), b""])
    return turns
