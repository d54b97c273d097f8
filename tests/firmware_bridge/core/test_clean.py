"""Every compiler and cppcheck find nothing to say about the core."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.base.toolchain import STRICT
from firmware_bridge.microfrontend import FrontendSpec
from firmware_bridge.ports.sources import CORE, core_sources, include_folders, size_flags

HOST = CORE.parent / "ports" / "host" / "host.c"
COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "arm-gcc": ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"],
}


def flags(generated: Path) -> list[str]:
    return [*(f"-I{folder}" for folder in include_folders(generated)), *size_flags(FrontendSpec())]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_compiler_has_a_warning(compiler: str, generated: Path, tmp_path: Path) -> None:
    command = COMPILERS[compiler]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    files = [*map(str, core_sources(generated)), str(HOST)]
    line = [*command, *STRICT, "-O2", *flags(generated), "-c", *files]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    assert done.stderr == ""


def test_the_core_needs_no_library_and_no_double(generated: Path, tmp_path: Path) -> None:
    """What the linker would have to bring: block copies at most, which any port has or writes."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc here")
    line = [
        *COMPILERS["arm-gcc"],
        *STRICT,
        "-O2",
        *flags(generated),
        "-c",
        *map(str, core_sources(generated)),
    ]
    subprocess.run(line, cwd=tmp_path, check=True)
    objects = [str(path) for path in sorted(tmp_path.glob("*.o"))]
    linked = tmp_path / "core.elf"
    subprocess.run(["arm-none-eabi-ld", "-r", *objects, "-o", str(linked)], check=True)
    wanted = subprocess.run(
        ["arm-none-eabi-nm", "-u", str(linked)], capture_output=True, text=True, check=True
    )
    names = {line.split()[-1] for line in wanted.stdout.splitlines() if line.strip()}
    assert names <= {"memcpy", "memset", "memmove", "memcmp", "__aeabi_uldivmod", "__aeabi_ldivmod"}, names
    sizes = subprocess.run(["arm-none-eabi-size", "-A", *objects], capture_output=True, text=True, check=True)
    writable = [row for row in sizes.stdout.splitlines() if row.startswith((".data", ".bss"))]
    assert all(int(row.split()[1]) == 0 for row in writable), "no globals"


def test_cppcheck_finds_nothing(generated: Path) -> None:
    if shutil.which("cppcheck") is None:
        pytest.skip("no cppcheck here")
    ports = CORE.parent / "ports"
    places = [CORE, generated, ports / "host", ports / "fuzz"]
    # cppcheck takes the lesser of two unsigned values for zero, and a loop up to it for dead.
    options = ["--enable=warning,style,performance,portability", "--suppress=knownConditionTrueFalse"]
    quiet = ["-q", "--std=c99", "--error-exitcode=1", "--inline-suppr"]
    line = ["cppcheck", *options, *quiet, *flags(generated), *map(str, places)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
