"""The update's C files under every compiler at hand, and all tests of this folder under the sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.sources import CORE, include_folders, size_flags, write_sources

FILES = ("sha256", "image", "slots", "on_update")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-c", "-o", os.devnull)
COMPILERS = ("gcc", "clang", "arm-none-eabi-gcc")


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_every_compiler_is_content(bundle: Bundle, tmp_path: Path, compiler: str, level: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    write_sources(bundle.manifest, tmp_path)
    spec = bundle.manifest.frontend
    flags = [*STRICT, level, *size_flags(spec), *(f"-I{path}" for path in include_folders(tmp_path))]
    for name in FILES:
        subprocess.run([compiler, *flags, str(CORE / f"{name}.c")], check=True)


def test_no_double_is_computed() -> None:
    """The emulated chip has single precision only; the update needs no floating point at all."""
    for name in FILES:
        assert "double" not in (CORE / f"{name}.c").read_text()


@pytest.mark.slow
def test_sanitizers_are_content() -> None:
    if os.environ.get("UNDERTONE_SANITIZE"):
        pytest.skip("this is that run")
    if shutil.which("gcc") is None:
        pytest.skip("no gcc, whose sanitizers are used here")
    asked = ["gcc", "-print-file-name=libasan.so"]
    library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("this gcc came without its sanitizers")
    settings = {"UNDERTONE_SANITIZE": "1", "LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0"}
    own = Path(__file__).parent
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", str(own), "--deselect", __file__]
    done = subprocess.run(line, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
