"""The one place that knows C compilers: which there are, and how one is called."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base import paths
from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.progress import tell

# Where what is compiled for this machine and for the twin goes, named after what went in.
NATIVE = paths.BUILD / "native"

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
# Contraction off: a fused multiply-add rounds once where the specification rounds twice.
EXACT = ("-ffp-contract=off",)
SHARED = ("-fPIC", "-shared")
# The emulated M7 has a single-precision unit. What the compiler's own library brings is for 64-bit division.
_M7_GCC = (
    "-mcpu=cortex-m7",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv5-sp-d16",
    "-fno-tree-loop-distribute-patterns",
)
_M7_ZIG = (
    "-target",
    "thumb-freestanding-eabihf",
    "-mcpu=cortex_m7+fp_armv8d16sp",
    "-fno-sanitize=all",
    "-fno-builtin",
    "-fno-pic",
    "-no-pie",
    "-static",
    "-fno-unwind-tables",
)


@dataclass(frozen=True)
class Compiler:
    """A C compiler.

    Attributes:
        name: For people.
        command: What to run.
        flags: That it needs for its target.
        libraries: Linked last.
        version: What tells it from another one of the same name; from its own words, or from its package.
    """

    name: str
    command: tuple[str, ...]
    flags: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    version: str = ""

    @property
    def is_zig(self) -> bool:
        """Whether it is the one of the `ziglang` package, whose options differ."""
        return "ziglang" in self.command

    @property
    def label(self) -> str:
        """Name and version, such as `arm-none-eabi-gcc 12.2.1`."""
        found = re.search(r"\d+\.\d+(\.\d+)?(?=\s|$)", self.version)
        return f"{self.name} {found[0]}" if found else self.name


@functools.cache
def _version(command: tuple[str, ...]) -> str:
    if "ziglang" in command:  # to run it and ask would take a second
        return importlib.metadata.version("ziglang")
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.partition("\n")[0].strip()


def compiler_of(command: Sequence[str], flags: Sequence[str] = (), libraries: Sequence[str] = ()) -> Compiler:
    """Return the compiler that a command runs.

    Args:
        command: Program and first arguments.
        flags: That it needs for its target.
        libraries: Linked last.
    """
    line = tuple(command)
    name = "ziglang" if "ziglang" in line else Path(line[0]).name
    return Compiler(name, line, tuple(flags), tuple(libraries), _version(line))


def _zig() -> tuple[str, ...] | None:
    return (sys.executable, "-m", "ziglang", "cc") if importlib.util.find_spec("ziglang") else None


def find_compiler() -> Compiler:
    """Return a C compiler for this machine: `$CC`, gcc, clang, cc, or the one in the `ziglang` package.

    Raises:
        EnvironmentLacking: There is none.
    """
    for name in (os.environ.get("CC", ""), "gcc", "clang", "cc"):
        path = shutil.which(name) if name else None
        if path:
            return compiler_of([path])
    zig = _zig()
    if zig is not None:
        return compiler_of(zig)
    raise EnvironmentLacking("no C compiler found", "install gcc, clang or the Python package ziglang")


def m7_compilers() -> tuple[Compiler, ...]:
    """Return the compilers for the Cortex-M7 on this machine, the preferred one first."""
    gcc, zig = shutil.which("arm-none-eabi-gcc"), _zig()
    found = [compiler_of([gcc], _M7_GCC, ["-lgcc"])] if gcc else []
    return (*found, compiler_of(zig, _M7_ZIG)) if zig is not None else tuple(found)


def m7_compiler() -> Compiler:
    """Return the preferred compiler for the Cortex-M7.

    Raises:
        EnvironmentLacking: There is none.
    """
    found = m7_compilers()
    if not found:
        raise EnvironmentLacking(
            "no compiler for the Cortex-M7 found",
            "run `make setup` (installs the package ziglang), or install gcc-arm-none-eabi",
        )
    return found[0]


def cpu_level() -> str:
    """Return the x86-64 level of this machine's vector unit: `v4`, `v3`, `v2`, or nothing elsewhere."""
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return ""
    lines = cpuinfo.read_text().splitlines()
    flags = set(next((line for line in lines if line.startswith("flags")), "").split())
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        return "v4"
    if {"avx2", "bmi2", "fma"} <= flags:
        return "v3"
    return "v2" if {"ssse3", "sse4_2"} <= flags else ""


def level_flags(compiler: Compiler, level: str) -> tuple[str, ...]:
    """Return what tells a compiler to use a level that `cpu_level` named; nothing for the baseline."""
    if not level:
        return ()
    return (f"-mcpu=x86_64_{level}" if compiler.is_zig else f"-march=x86-64-{level}",)


def run_compiler(line: Sequence[str], failure: str, remedy: str, result: Path | None = None) -> None:
    """Run a compiler.

    Args:
        line: Its command with everything.
        failure: Start of the sentence if it fails.
        remedy: What to do then.
        result: The file that it must leave.

    Raises:
        EnvironmentLacking: It failed; quotes its first error.
    """
    cache = str(NATIVE / "zig")  # zig keeps its cache inside the checkout, unless told otherwise
    environment = {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache} | os.environ
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 0 and (result is None or result.exists()):
        return
    # "error" alone would also match the path of a file.
    errors = [text for text in done.stderr.splitlines() if "error:" in text]
    first = (errors or done.stderr.strip().splitlines() or ["no message"])[0]
    raise EnvironmentLacking(f"{failure}: {first.strip()}", remedy)


def content_digest(compiler: Compiler, flags: Sequence[str], files: Sequence[Path], text: str = "") -> str:
    """Return 16 digits that differ where a compiler, its flags, a file's name or bytes, or a text differ."""
    digest = hashlib.sha256("\n".join([*compiler.command, compiler.version, *flags, text]).encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def compile_library(
    name: str,
    sources: Sequence[Path],
    includes: Sequence[Path] = (),
    flags: Sequence[str] = (),
    folder: Path | None = None,
    compiler: Compiler | None = None,
) -> Path:
    """Return the shared library of C files, built now if it does not exist yet.

    The file's name holds a hash of sources, headers, compiler and flags: a library is never out of date.

    Args:
        name: Start of the file's name.
        sources: C files.
        includes: Folders of headers.
        flags: Further flags; the last of two that contradict each other counts.
        folder: Where the library goes; `NATIVE` by default.
        compiler: By default the one that `find_compiler` finds.

    Raises:
        EnvironmentLacking: There is no compiler, or it fails; quotes its first error.
    """
    use = find_compiler() if compiler is None else compiler
    options = [*use.flags, *STRICT, "-O2", *SHARED, *EXACT, *flags]
    headers = [file for place in includes for file in sorted(place.glob("*.h"))]
    library = (folder or NATIVE) / f"{name}-{content_digest(use, options, [*sources, *headers])}.so"
    if library.exists():
        return library
    tell(f"building {name} (once)")
    with atomic_path(library) as temporary:
        places = [*(f"-I{place}" for place in includes), *map(str, sources), "-o", str(temporary)]
        remedy = f"try another one with CC=...: {use.command[0]}"
        run_compiler([*use.command, *options, *places], "the C compiler failed", remedy, temporary)
    return library


def compile_for_this_machine(
    name: str,
    sources: Sequence[Path],
    includes: Sequence[Path] = (),
    flags: Sequence[str] = (),
    folder: Path | None = None,
    compiler: Compiler | None = None,
) -> Path:
    """Return a library that uses this machine's vector unit, or any machine's where the compiler is too old for it.

    See `compile_library`.
    """
    use = find_compiler() if compiler is None else compiler
    fast = level_flags(use, cpu_level())
    try:
        return compile_library(name, sources, includes, [*flags, *fast], folder, use)
    except EnvironmentLacking:
        if not fast:
            raise
        return compile_library(name, sources, includes, flags, folder, use)
