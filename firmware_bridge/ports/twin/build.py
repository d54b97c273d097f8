"""The core, compiled for the Cortex-M7 and linked with the twin's board code."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.progress import tell
from firmware_bridge.chip.facts import FACTS, facts_of
from firmware_bridge.chip.regions import Region
from firmware_bridge.chip.render import SCRIPT as LINKED_BY
from firmware_bridge.chip.render import render_header, render_memory_script, write_chip
from firmware_bridge.contract.bundle import Manifest, load_bundle
from firmware_bridge.microfrontend.build import BUILD
from firmware_bridge.ports.compiling import STRICT, run_compiler
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.ports.twin.elf import Image, read_elf
from firmware_bridge.ports.twin.memory import check_limits, memory_use

HERE = Path(__file__).parent
SCRIPT = HERE / "linker.ld"
BOARD_SOURCES = ("startup.c", "runtime.c", "board_port.c", "crash_port.c")
COMMON = ("-O2", "-g", "-ffp-contract=off", "-ffreestanding", "-ffunction-sections", "-fdata-sections")
LINK = ("-Wl,--gc-sections", "-Wl,-n", "-Wl,-e,board_start")
# The emulated M7 has a single-precision unit. What the compiler's own library brings is for 64-bit division.
GCC = (
    "-mcpu=cortex-m7",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv5-sp-d16",
    "-fno-tree-loop-distribute-patterns",
)
ZIG = (
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
    """A compiler for the Cortex-M7.

    Attributes:
        name: For people.
        command: What to run.
        flags: That it needs besides the common ones.
        libraries: Linked last.
        version: What tells it from another one of the same name; to run it and ask would take longer.
    """

    name: str
    command: tuple[str, ...]
    flags: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True)
class Firmware:
    """A firmware that was built.

    Attributes:
        binary: The ELF image, with symbols.
        build_dir: The folder that it lies in, with the C files made for the bundle.
        compiler: Name of the compiler.
        regions: How much of each memory it takes.
        image: What was read from `binary`.
    """

    binary: Path
    build_dir: Path
    compiler: str
    regions: tuple[Region, ...]
    image: Image


@functools.cache
def find_compilers() -> tuple[Compiler, ...]:
    """Return the compilers for the Cortex-M7 on this machine, the preferred one first."""
    found = []
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc:
        file = Path(gcc).resolve().stat()
        found.append(
            Compiler("arm-none-eabi-gcc", (gcc,), GCC, ("-lgcc",), f"{file.st_size} {file.st_mtime_ns}")
        )
    if importlib.util.find_spec("ziglang") is not None:
        command = (sys.executable, "-m", "ziglang", "cc")
        found.append(Compiler("ziglang", command, ZIG, version=importlib.metadata.version("ziglang")))
    return tuple(found)


def build_twin(bundle_dir: Path, out_dir: Path | None = None, compiler: Compiler | None = None) -> Firmware:
    """Return the twin's firmware for a bundle's front-end and windows; built if need be.

    The networks do not matter here: they lie in flash.

    Args:
        bundle_dir: Directory of the bundle.
        out_dir: Where to build; by default a folder named after what goes in.
        compiler: One of `find_compilers`; by default the first.

    Raises:
        EnvironmentLacking: No compiler, or it fails; carries its first error line.
        CheckFailed: The firmware does not fit the chip.
        BundleInvalid: The bundle is damaged.
    """
    return build_for(load_bundle(bundle_dir).manifest, out_dir, compiler)


def build_for(manifest: Manifest, out_dir: Path | None = None, compiler: Compiler | None = None) -> Firmware:
    """Return the twin's firmware for a manifest's front-end and windows; see `build_twin`."""
    spec = manifest.frontend
    windows = f"{spec.table_hash} {manifest.window_ms} {manifest.hop_ms}"
    made = BUILD / f"twin-sources-{hashlib.sha256(windows.encode()).hexdigest()[:16]}"
    write_sources(manifest, made)
    own = [HERE / name for name in (*BOARD_SOURCES, "main.c")]
    built = link([*core_sources(made), *own], include_folders(made), size_flags(spec), out_dir, compiler)
    if not (built.build_dir / FACTS).exists() or out_dir is not None:
        facts_of("twin", built.compiler, spec.table_hash, built.regions).write(built.build_dir)
    return built


def link(
    sources: Sequence[Path],
    folders: Sequence[Path] = (),
    flags: Sequence[str] = (),
    out_dir: Path | None = None,
    compiler: Compiler | None = None,
) -> Firmware:
    """Compile and link C files for the twin.

    Args:
        sources: The C files, of BOARD_SOURCES those that are wanted among them.
        folders: Where headers lie, besides the twin's own.
        flags: Further flags.
        out_dir: Where to build; by default a folder of `build/native` named after what goes in.
        compiler: One of `find_compilers`; by default the first.

    Raises:
        EnvironmentLacking: No compiler, or it fails; carries its first error line.
        CheckFailed: The firmware does not fit the chip.
    """
    use = compiler or default_compiler()
    headers = [*folders, HERE]
    options = [*use.flags, *STRICT, *COMMON, *flags, *(f"-I{folder}" for folder in headers)]
    files = [*sources, SCRIPT, *(file for folder in headers for file in sorted(folder.glob("*.h")))]
    chip = [render_header(), render_memory_script("twin")]
    digest = hashlib.sha256("\n".join([use.name, use.version, *options, *chip]).encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    folder = out_dir or BUILD / f"twin-{digest.hexdigest()[:16]}"
    binary = folder / f"firmware-{digest.hexdigest()[:16]}.elf"
    if not binary.exists():
        tell(f"building the twin's firmware with {use.name} (once)")
        write_chip(folder, "twin", SCRIPT.read_text(encoding="utf-8"))
        with atomic_path(binary) as temporary:
            found = [f"-I{folder}", f"-Wl,-T,{folder / LINKED_BY}"]
            line = [
                *use.command,
                *options,
                *found,
                *LINK,
                *map(str, sources),
                *use.libraries,
                "-o",
                str(temporary),
            ]
            run_compiler(line, "the Cortex-M7 build failed", "mend what the compiler names", temporary)
    image = read_elf(binary)
    regions = memory_use(image)
    check_limits(regions)
    return Firmware(binary, folder, use.name, regions, image)


def default_compiler() -> Compiler:
    """Return the preferred compiler of this machine.

    Raises:
        EnvironmentLacking: There is none.
    """
    found = find_compilers()
    if not found:
        raise EnvironmentLacking(
            "no compiler for the Cortex-M7 found",
            "run `make setup` (installs the package ziglang), or install gcc-arm-none-eabi",
        )
    return found[0]
