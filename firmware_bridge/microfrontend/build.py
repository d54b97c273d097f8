"""The C core as a shared library, built on first use with whatever C compiler there is."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from firmware_bridge.base import paths
from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.progress import tell

CORE = Path(__file__).parent / "core"
BUILD = paths.BUILD / "native"

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror")
# Contraction off: a fused multiply-add rounds once where the specification rounds twice.
COMMON = ("-O3", "-fPIC", "-shared", "-ffp-contract=off")


def sources() -> list[Path]:
    """Return the core's C files."""
    return sorted(CORE.glob("*.c"))


def find_compiler() -> list[str]:
    """Return the command of a C compiler: `$CC`, gcc, clang, cc, or the one in the `ziglang` package.

    Raises:
        EnvironmentLacking: If there is none.
    """
    for name in (os.environ.get("CC", ""), "gcc", "clang", "cc"):
        path = shutil.which(name) if name else None
        if path:
            return [path]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise EnvironmentLacking("no C compiler found", "install gcc, clang or the Python package ziglang")


def compiler_environment() -> dict[str, str]:
    """Return the environment for a compiler: zig keeps its cache inside the checkout, unless told otherwise."""
    cache = str(BUILD / "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache} | os.environ


def cpu_level() -> str:
    """Return the x86-64 level of this machine's vector unit: `v4`, `v3`, `v2`, or nothing elsewhere."""
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return ""
    flags = set(
        next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "").split()
    )
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        return "v4"
    if {"avx2", "bmi2", "fma"} <= flags:
        return "v3"
    return "v2" if {"ssse3", "sse4_2"} <= flags else ""


def compile_library(
    compiler: list[str] | None = None, level: str | None = None, extra: tuple[str, ...] = ()
) -> Path:
    """Return the shared library of the core, built now if it does not exist yet.

    The file's name holds a hash of the sources, the compiler and the flags: a library is never out of date.

    Args:
        compiler: Command of the compiler; by default the one `find_compiler` finds.
        level: x86-64 level (`v2` to `v4`, or nothing for the baseline); by default this machine's.
        extra: Further flags.

    Raises:
        EnvironmentLacking: If there is no compiler, or it fails.
    """
    command = find_compiler() if compiler is None else compiler
    level = cpu_level() if level is None else level
    zig = "ziglang" in command
    target = [(f"-mcpu=x86_64_{level}" if zig else f"-march=x86-64-{level}")] if level else []
    flags = [*STRICT, *COMMON, *target, *extra]
    digest = hashlib.sha256(" ".join([*command, *flags]).encode())
    digest.update(subprocess.run([*command, "--version"], capture_output=True, check=False).stdout)
    for file in sorted(CORE.iterdir()):
        digest.update(file.name.encode() + file.read_bytes())
    library = BUILD / f"microfrontend-{digest.hexdigest()[:16]}.so"
    if library.exists():
        return library
    tell("building the front-end's C core (once)")
    with atomic_path(library) as temporary:
        line = [*command, *flags, *map(str, sources()), "-o", str(temporary)]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=compiler_environment())
        if done.returncode != 0 or not temporary.exists():
            first = (done.stderr.strip().splitlines() or ["no message"])[0]
            raise EnvironmentLacking(
                f"the C compiler failed: {first}", f"try another one with CC=...: {line[0]}"
            )
    return library


def best_library() -> Path:
    """Return the library for this machine; for plain x86-64 where the compiler does not know its level.

    Raises:
        EnvironmentLacking: If there is no compiler, or it cannot build the core at all.
    """
    level = cpu_level()
    try:
        return compile_library(level=level)
    except EnvironmentLacking:
        if not level:
            raise
        return compile_library(level="")
