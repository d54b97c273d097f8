"""The host port: the core as a shared library, with buffers of a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.toolchain import NATIVE, Compiler, compile_for_this_machine, find_compiler
from firmware_bridge.chip.facts import facts_of
from firmware_bridge.chip.regions import Part, Region
from firmware_bridge.contract.bundle import Bundle, load_bundle
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources

HERE = Path(__file__).parent


@dataclass(frozen=True)
class HostBuild:
    """A built host port.

    Attributes:
        binary: The shared library.
        build_dir: Where its generated sources lie.
        regions: What it keeps in memory, by name.
        compiler: Name and version.
    """

    binary: Path
    build_dir: Path
    regions: tuple[Region, ...]
    compiler: str


def build_core(bundle: Bundle, folder: Path | None = None, compiler: Compiler | None = None) -> Path:
    """Return the shared library of the device's core for a bundle's front-end and windows.

    Args:
        bundle: The bundle; its networks do not matter, they come as an image.
        folder: For sources and library; by default one below `build/native`.
        compiler: By default the one that `find_compiler` finds.

    Raises:
        InvalidSetting: The bundle's windows do not begin on frames.
        EnvironmentLacking: There is no compiler, or it fails.
    """
    spec = bundle.manifest.frontend
    manifest = bundle.manifest
    made = folder or NATIVE / f"host-{spec.table_hash[:12]}-{manifest.window_ms}-{manifest.hop_ms}"
    write_sources(manifest, made)
    sources = [*core_sources(made), HERE / "host.c"]
    return compile_for_this_machine("host", sources, include_folders(made), size_flags(spec), made, compiler)


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
    compiler = find_compiler().label
    facts_of("host", compiler, bundle.manifest.table_hash, regions).write(out_dir)
    return HostBuild(binary, out_dir, regions, compiler)
