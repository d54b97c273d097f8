"""The firmware for the board: the core, this port's glue and the board maker's SDK, put together by CMake."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.errors import BundleInvalid, EnvironmentLacking
from firmware_bridge.base.files import write_changed
from firmware_bridge.base.progress import note
from firmware_bridge.chip.facts import facts_of
from firmware_bridge.chip.regions import Region
from firmware_bridge.contract.bundle import Bundle, load_bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.coralmicro.linker_map import holds_function, read_map
from firmware_bridge.ports.coralmicro.memory import measure, require_room
from firmware_bridge.ports.coralmicro.sdk import check_sdk
from firmware_bridge.ports.sources import write_sources

HERE = Path(__file__).parent
TARGET = "undertone"
LOADERS = ("elf_loader", "flashloader")  # what the SDK's flash tool brings to the board first
APP_HEADER = HERE / "app" / "core.h"
# Of the compiler, of the linker (before its "ld returned 1"), and of CMake.
ERROR_SIGNS = ("error:", "undefined reference", "multiple definition", "overflowed", "CMake Error")
STACK_HOOK = "vApplicationStackOverflowHook"  # of app/restart.cc; the kernel's only with app/stack_check.h
SLOT_BYTES = 2 << 20  # as kSlotBytes in that header


@dataclass(frozen=True)
class Firmware:
    """A firmware that was built.

    Attributes:
        binary: The ELF program, with symbols; `.libs`, `.data` and `.stripped` lie beside it for the flash tool.
        build_dir: CMake's build folder.
        regions: What is taken of each memory.
        compiler: Name and version.
        sdk_commit: Of the SDK; empty where that cannot be told.
    """

    binary: Path
    build_dir: Path
    regions: tuple[Region, ...]
    compiler: str
    sdk_commit: str


def build_coralmicro(bundle_dir: Path, sdk_dir: Path, out_dir: Path) -> Firmware:
    """Build the board's firmware with a bundle in its first slot.

    Args:
        bundle_dir: The bundle's folder.
        sdk_dir: Checkout of coralmicro.
        out_dir: For what is made; a second call builds only what changed.

    Raises:
        EnvironmentLacking: The SDK is not whole, or does not compile; carries the compiler's first error. Or its kernel
            does not check stacks.
        CheckFailed: A memory of the board is too full.
        BundleInvalid: The bundle is damaged, or does not fit a slot.
        InvalidSetting: The bundle's windows do not begin on frames.
    """
    sdk = check_sdk(sdk_dir)
    bundle = load_bundle(bundle_dir)
    made, build_dir = (out_dir / name for name in ("made", "build"))
    write_made(bundle, made.resolve())
    _configure(sdk.folder, made.resolve(), build_dir)
    targets = [part for name in (TARGET, *LOADERS) for part in ("--target", name)]
    # A number, for without one `make` starts all of the SDK's five hundred files at once.
    line = ["cmake", "--build", str(build_dir), "--parallel", str(usable_cores()), *targets]
    _run(line, "the board's firmware does not compile")
    binary = build_dir / TARGET
    flash_bytes = (build_dir / f"{TARGET}.stripped").stat().st_size + (made / "image.bin").stat().st_size
    linked = (build_dir / f"{TARGET}.map").read_text(encoding="utf-8")
    if not holds_function(linked, STACK_HOOK):
        raise EnvironmentLacking(
            f"nothing in this SDK calls {STACK_HOOK}: stacks would overflow unseen",
            "is its kernel elsewhere than in third_party/freertos_kernel/tasks.c? See CMakeLists.txt",
        )
    regions = measure(read_map(linked), flash_bytes)
    require_room(regions)
    compiler = _compiler(build_dir)
    facts_of("coralmicro", compiler, bundle.manifest.table_hash, regions, sdk.commit).write(out_dir)
    return Firmware(binary, build_dir, regions, compiler, sdk.commit)


def write_made(bundle: Bundle, folder: Path) -> None:
    """Write what is made for a bundle: the core's C files and settings, and the image.

    Args:
        bundle: The bundle.
        folder: Where it goes; as CMake will see it, so give the whole path.

    Raises:
        BundleInvalid: The image does not fit a slot.
        InvalidSetting: The bundle's windows do not begin on frames.
    """
    image = build_image(bundle)
    if len(image) > SLOT_BYTES:
        raise BundleInvalid(
            f"the bundle's image has {len(image):,} bytes; a slot of the board holds {SLOT_BYTES:,}",
            "make the networks smaller (edgetpu_models/recipes)",
        )
    if not is_compiled(bundle):
        note(
            "the bundle's networks were not compiled for the Edge TPU: the board will say `no_bundle` "
            "until one that was is flashed (undertone compile)"
        )
    write_sources(bundle.manifest, folder)
    write_changed(folder / "image.bin", image)


def is_compiled(bundle: Bundle) -> bool:
    """Return whether the Edge TPU compiler made both of a bundle's networks."""
    return all(model.compiled for model in bundle.manifest.models.values())


def _configure(sdk: Path, made: Path, build_dir: Path) -> None:
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    settings = [f"-DCORALMICRO_DIR={sdk}", f"-DUNDERTONE_MADE={made}"]
    line = ["cmake", "-S", str(HERE), "-B", str(build_dir), *generator, *settings]
    _run(line, "CMake cannot set up the build")


def _run(line: Sequence[str], what: str) -> None:
    note(" ".join(line))
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    lines = [text.strip() for text in (done.stdout + done.stderr).splitlines() if text.strip()]
    errors = [text for text in lines if any(sign in text for sign in ERROR_SIGNS)]
    raise EnvironmentLacking(
        f"{what}: {(errors or lines[-1:] or ['no message'])[0]}", f"see it whole with: {' '.join(line)}"
    )


def _compiler(build_dir: Path) -> str:
    found = sorted((build_dir / "CMakeFiles").glob("*/CMakeCXXCompiler.cmake"))
    for line in found[-1].read_text(encoding="utf-8").splitlines() if found else []:
        if line.startswith("set(CMAKE_CXX_COMPILER_VERSION"):
            return f"arm-none-eabi-gcc {line.split()[1].strip(chr(34) + ')')}"
    return "arm-none-eabi-gcc"
