"""The core, compiled for the Cortex-M7 and linked with the twin's board code."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.progress import tell
from firmware_bridge.base.toolchain import (
    EXACT,
    NATIVE,
    STRICT,
    Compiler,
    content_digest,
    m7_compiler,
    run_compiler,
)
from firmware_bridge.chip.facts import FACTS, facts_of
from firmware_bridge.chip.regions import Region
from firmware_bridge.chip.render import SCRIPT as LINKED_BY
from firmware_bridge.chip.render import render_header, render_memory_script, write_chip
from firmware_bridge.contract.bundle import Manifest, load_bundle
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.ports.twin.elf import Image, read_elf
from firmware_bridge.ports.twin.memory import check_limits, memory_use

HERE = Path(__file__).parent
SCRIPT = HERE / "linker.ld"
BOARD_SOURCES = ("startup.c", "runtime.c", "board_port.c", "crash_port.c")
COMMON = ("-O2", "-g", "-ffreestanding", "-ffunction-sections", "-fdata-sections")
LINK = ("-Wl,--gc-sections", "-Wl,-n", "-Wl,-e,board_start")


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


def build_twin(bundle_dir: Path, out_dir: Path | None = None, compiler: Compiler | None = None) -> Firmware:
    """Return the twin's firmware for a bundle's front-end and windows; built if need be.

    The networks do not matter here: they lie in flash.

    Args:
        bundle_dir: Directory of the bundle.
        out_dir: Where to build; by default a folder named after what goes in.
        compiler: One of `m7_compilers`; by default the first.

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
    made = NATIVE / f"twin-sources-{hashlib.sha256(windows.encode()).hexdigest()[:16]}"
    write_sources(manifest, made)
    own = [HERE / name for name in (*BOARD_SOURCES, "main.c")]
    built = link([*core_sources(made), *own], include_folders(made), size_flags(spec), out_dir, compiler)
    if not (built.build_dir / FACTS).exists() or out_dir is not None:
        facts_of("twin", (compiler or m7_compiler()).label, spec.table_hash, built.regions).write(
            built.build_dir
        )
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
        compiler: One of `m7_compilers`; by default the first.

    Raises:
        EnvironmentLacking: No compiler, or it fails; carries its first error line.
        CheckFailed: The firmware does not fit the chip.
    """
    use = compiler or m7_compiler()
    headers = [*folders, HERE]
    options = [*use.flags, *STRICT, *COMMON, *EXACT, *flags]
    files = [*sources, SCRIPT, *(file for place in headers for file in sorted(place.glob("*.h")))]
    digest = content_digest(use, options, files, render_header() + render_memory_script("twin"))
    folder = out_dir or NATIVE / f"twin-{digest}"
    binary = folder / f"firmware-{digest}.elf"
    if not binary.exists():
        tell(f"building the twin's firmware with {use.name} (once)")
        write_chip(folder, "twin", SCRIPT.read_text(encoding="utf-8"))
        with atomic_path(binary) as temporary:
            found = [*(f"-I{place}" for place in (*headers, folder)), f"-Wl,-T,{folder / LINKED_BY}"]
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
