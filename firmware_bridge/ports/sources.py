"""The C files of a port: the core's, and those that are made for one bundle.

`undertone sources --bundle DIR --out MADE` writes the latter for a build without Python (docs/c_api.md); without a
bundle those that lie in core/made.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from firmware_bridge.base.files import write_changed
from firmware_bridge.base.paths import ROOT
from firmware_bridge.chip.render import HEADER, render_header
from firmware_bridge.contract.bundle import Manifest
from firmware_bridge.contract.windows import Windowing
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, build
from firmware_bridge.microfrontend.emit import c_source
from firmware_bridge.protocol.c_dispatch import (
    render_dispatch_header,
    render_dispatch_source,
    render_handlers_header,
)
from firmware_bridge.protocol.c_header import render_c_header
from firmware_bridge.protocol.c_layout import render_layout_header, render_layout_source
from firmware_bridge.protocol.table import LIMITS

CORE = ROOT / "firmware_bridge" / "core"
CAPTURE_SAMPLES = 32000  # two seconds of microphone wait for the host
TABLES = "ut_frontend"
# What core/made is made for: the front-end and windows of the recipes that come with the project.
KEPT, KEPT_PRESET, KEPT_WINDOW_MS, KEPT_HOP_MS = CORE / "made", "yamnet", 5000, 1000


def core_sources(folder: Path | None = None) -> list[Path]:
    """Return the C files of the device's core and its front-end, sorted.

    Args:
        folder: Where `write_sources` wrote; its C files come along.
    """
    own = sorted(CORE.glob("*.c"))
    made = (
        [folder / name for name in ("protocol_layout.c", "protocol_dispatch.c", "ut_tables.c")]
        if folder
        else []
    )
    return [*own, *build.sources(), *made]


def include_folders(folder: Path) -> list[Path]:
    """Return the folders of the headers.

    Args:
        folder: Where `write_sources` wrote.
    """
    return [CORE, build.CORE, folder]


def size_flags(spec: FrontendSpec) -> list[str]:
    """Return the definitions with which every C file is compiled: the front-end's arrays, no larger than needed."""
    return [f"-DUT_MAX_WINDOW={spec.fft_size}", f"-DUT_MAX_CHANNELS={spec.channels}"]


def write_sources(manifest: Manifest, folder: Path) -> Path:
    """Write the C files that are made for a bundle's front-end and windows.

    Args:
        manifest: The bundle's. Its networks do not matter here: they come as an image.
        folder: Where to write `ut_config.h`, `ut_tables.c`, `protocol.h`, `protocol_*.{h,c}`, `rt1176.h`, `made.cmake`.

    Returns:
        The folder.

    Raises:
        InvalidSetting: Windows do not begin on a frame, or hold none.
    """
    spec, windowing = manifest.frontend, manifest.windowing
    made = {
        "ut_config.h": _config(spec, windowing),
        "ut_tables.c": c_source(spec, TABLES),
        "protocol.h": render_c_header(),
        "protocol_layout.h": render_layout_header(),
        "protocol_layout.c": render_layout_source(),
        "protocol_handlers.h": render_handlers_header(),
        "protocol_dispatch.h": render_dispatch_header(),
        "protocol_dispatch.c": render_dispatch_source(),
        HEADER: render_header(),
        "made.cmake": _cmake(spec),
    }
    for name, text in made.items():
        write_changed(folder / name, text.encode())
    return folder


def _cmake(spec: FrontendSpec) -> str:
    definitions = " ".join(flag.removeprefix("-D") for flag in size_flags(spec))
    return (
        f"# Made by firmware_bridge.ports.sources: do not edit.\nset(UNDERTONE_DEFINITIONS {definitions})\n"
    )


def _config(spec: FrontendSpec, windowing: Windowing) -> str:
    (window, hop), most = windowing.frames_of(spec), LIMITS["segment_samples"]
    numbers = {
        "UT_CHANNELS": spec.channels,
        "UT_WINDOW_FRAMES": window,
        "UT_HOP_FRAMES": hop,
        "UT_WINDOW_SAMPLES": windowing.window_samples,
        "UT_HOP_SAMPLES": windowing.hop_samples,
        "UT_STORE_FRAMES": max(spec.frames(most), window),
        "UT_CAPTURE_SAMPLES": CAPTURE_SAMPLES,
    }
    needs = {"UT_MAX_WINDOW": spec.fft_size, "UT_MAX_CHANNELS": spec.channels}
    flags = " ".join(size_flags(spec))
    lines = [
        "/* Made for a bundle by firmware_bridge.ports.sources: do not edit. */",
        "#ifndef UNDERTONE_CONFIG_H",
        "#define UNDERTONE_CONFIG_H",
        "",
        '#include "microfrontend.h"',
        "",
        *(f"#define {name} {value}u" for name, value in numbers.items()),
        f'#define UT_FRONTEND_HASH "{spec.table_hash}"',
        "",
        f"extern const ut_tables {TABLES};",
        "",
        "/* Of the front-end's core: one size in all files, or its structs would differ. */",
        "#if " + " || ".join(f"{name} != {value}" for name, value in needs.items()),
        f'#error "compile every file with {flags}"',
        "#endif",
        "",
        "#endif",
    ]
    return "\n".join([*lines, ""])


def write_kept(folder: Path = KEPT) -> Path:
    """Write what is kept with the sources, so that the core can be built without Python; return the folder."""
    from firmware_bridge.ports.hollow import hollow_bundle

    with tempfile.TemporaryDirectory() as nowhere:
        bundle = hollow_bundle(Path(nowhere), PRESETS[KEPT_PRESET], KEPT_WINDOW_MS, KEPT_HOP_MS)
        return write_sources(bundle.manifest, folder)
