"""The host port is built with any compiler, once per content, and tells what it takes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from firmware_bridge.base import toolchain
from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.toolchain import compile_library, compiler_of
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.host.build import build_core, build_host
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.library import Library, declarations, struct_of


def test_a_build_says_what_it_takes(bundle: Bundle, tmp_path: Path) -> None:
    made = build_host(bundle.directory, tmp_path)
    assert made.binary.parent == made.build_dir == tmp_path
    used = {region.name: region.used_bytes for region in made.regions}
    assert used["features"] == 2 * 5998 * 16
    assert used["input"] == 48 * 16
    assert used["device"] > 10_000
    assert made.compiler
    stamp = made.binary.stat().st_mtime_ns
    assert build_core(bundle, tmp_path).stat().st_mtime_ns == stamp, "built once"


def test_the_packaged_compiler_will_do(bundle: Bundle, tmp_path: Path) -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the package ziglang is not installed")
    library = Library(build_core(bundle, tmp_path, compiler_of([sys.executable, "-m", "ziglang", "cc"])))
    device = HostDevice(library, Flash(65536, [build_image(bundle, compiled=False)]))
    assert device.slot == 0


def test_a_compiler_too_old_for_this_machine_builds_the_plain_core(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "cpu_level", lambda: "v9")
    assert build_core(bundle, tmp_path).is_file()


def test_the_compilers_first_error_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("int nothing(void) { return missing; }\n")
    with pytest.raises(EnvironmentLacking, match="missing"):
        compile_library("bad", [tmp_path / "bad.c"], [tmp_path], folder=tmp_path)
    assert not list(tmp_path.glob("*.so"))
    (tmp_path / "broken.so").write_text("no library")
    with pytest.raises(EnvironmentLacking, match="cannot be loaded"):
        Library(tmp_path / "broken.so")


def test_declarations_come_from_the_headers() -> None:
    assert "flash_program" in declarations()
    assert (
        struct_of("typedef struct {\n int a;\n} x;\ntypedef struct {\n int b;\n} y;", "y").count("int") == 1
    )
    with pytest.raises(ValueError, match="no struct z"):
        struct_of("typedef struct { int a; } x;", "z")
