"""C sources to a shared library, built once per content with whatever C compiler there is."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.progress import tell
from firmware_bridge.chip.facts import facts_of
from firmware_bridge.chip.regions import Part, Region
from firmware_bridge.contract.bundle import Bundle, load_bundle
from firmware_bridge.microfrontend.build import BUILD, cpu_level, find_compiler
from firmware_bridge.ports.compiling import STRICT, run_compiler
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources

HERE = Path(__file__).parent
COMMON = ("-O2", "-fPIC", "-shared", "-ffp-contract=off")


@dataclass(frozen=True)
class HostBuild:
    """A built host port.

    Attributes:
        binary: The shared library.
        build_dir: Where its generated sources lie.
        regions: What it keeps in memory, by name.
        compiler: The compiler's command.
    """

    binary: Path
    build_dir: Path
    regions: tuple[Region, ...]
    compiler: str


def compile_library(
    name: str,
    sources: Sequence[Path],
    includes: Sequence[Path],
    flags: Iterable[str] = (),
    folder: Path = BUILD,
    compiler: Sequence[str] | None = None,
) -> Path:
    """Return the shared library of these sources, built now if it does not exist yet.

    The file's name holds a hash of sources, headers, compiler and flags: a library is never out of date.

    Args:
        name: Start of the file's name.
        sources: C files.
        includes: Folders of headers.
        flags: Further flags.
        folder: Where the library goes.
        compiler: Command of the compiler; by default the one that `find_compiler` finds.

    Raises:
        EnvironmentLacking: There is no compiler, or it fails; quotes its first error.
    """
    command = list(find_compiler() if compiler is None else compiler)
    line = [*command, *STRICT, *COMMON, *flags]
    library = folder / f"{name}-{_digest(line, command, sources, includes)}.so"
    if library.exists():
        return library
    tell(f"building {name} (once)")
    with atomic_path(library) as temporary:
        paths = [*(f"-I{path}" for path in includes), *map(str, sources), "-o", str(temporary)]
        remedy = f"try another one with CC=...: {command[0]}"
        run_compiler([*line, *paths], "the C compiler failed", remedy, temporary)
    return library


def _digest(line: list[str], command: list[str], sources: Sequence[Path], includes: Sequence[Path]) -> str:
    digest = hashlib.sha256(" ".join(line).encode())
    digest.update(subprocess.run([*command, "--version"], capture_output=True, check=False).stdout)
    headers = [file for folder in includes for file in sorted(folder.glob("*.h"))]
    for file in [*sources, *headers]:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def build_core(bundle: Bundle, folder: Path | None = None, compiler: Sequence[str] | None = None) -> Path:
    """Return the shared library of the device's core for a bundle's front-end and windows.

    Args:
        bundle: The bundle; its networks do not matter, they come as an image.
        folder: For sources and library; by default one below `build/native`.
        compiler: See `compile_library`.

    Raises:
        InvalidSetting: The bundle's windows do not begin on frames.
        EnvironmentLacking: There is no compiler, or it fails.
    """
    spec = bundle.manifest.frontend
    manifest = bundle.manifest
    made = folder or BUILD / f"host-{spec.table_hash[:12]}-{manifest.window_ms}-{manifest.hop_ms}"
    write_sources(manifest, made)
    command = list(find_compiler() if compiler is None else compiler)
    sources, flags = [*core_sources(made), HERE / "host.c"], size_flags(spec)
    level = cpu_level()
    zig = "ziglang" in command
    fast = [f"-mcpu=x86_64_{level}" if zig else f"-march=x86-64-{level}"] if level else []
    try:
        return compile_library("host", sources, include_folders(made), [*flags, *fast], made, command)
    except EnvironmentLacking:
        if not fast:
            raise
        # A compiler too old for this machine's vector unit.
        return compile_library("host", sources, include_folders(made), flags, made, command)


def build_host(bundle_dir: Path, out_dir: Path) -> HostBuild:
    """Build the host port for a bundle.

    Args:
        bundle_dir: The bundle's folder.
        out_dir: For generated sources and the library.

    Raises:
        BundleInvalid: No whole bundle there.
        InvalidSetting: The bundle's windows do not begin on frames.
        EnvironmentLacking: There is no compiler, or it fails.
    """
    from firmware_bridge.ports.host.library import Library

    bundle = load_bundle(bundle_dir)
    binary = build_core(bundle, out_dir)
    regions = tuple(
        Region(name).filled([Part("buffer", size)]) for name, size in Library(binary).memory.items()
    )
    compiler = " ".join(find_compiler())
    facts_of("host", compiler, bundle.manifest.table_hash, regions).write(out_dir)
    return HostBuild(binary, out_dir, regions, compiler)
