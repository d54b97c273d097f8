"""The port's C++, compiled for this machine against fakes of the board's SDK; each test gets fresh state."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cffi
import pytest

from firmware_bridge.base.toolchain import find_compiler
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources

HERE = Path(__file__).parent
FAKES = HERE / "fakes"
APP = Path(__file__).parents[4] / "firmware_bridge" / "ports" / "coralmicro" / "app"
STRICT = (
    "-std=c++17",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-fno-rtti",
    "-fno-exceptions",
)
GLUE = (
    "clock.cc",
    "flash.cc",
    "mailbox.cc",
    "models.cc",
    "restart.cc",
    "tokens.cc",
    "usb_guard.cc",
    "wire.cc",
)
# The linker leads the SDK's calls to usb_guard.cc, as CMakeLists.txt has it do.
WRAPPED = tuple(f"-Wl,--wrap=USB_HostEdgeTpu{name}" for name in ("BulkOutSend", "BulkInRecv", "Control"))
Compile = Callable[[str, tuple[str, ...]], Path]


@pytest.fixture(scope="session")
def compile_glue(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Return a function that compiles parts of the port with a shim to a library; without parts, all of it."""
    compiler = next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)
    if compiler is None:
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("glue")
    made = write_sources(bundle.manifest, folder / "made")
    sizes = size_flags(bundle.manifest.frontend)
    includes = [f"-I{path}" for path in (APP, *include_folders(made), FAKES)]
    flags = ["-O1", "-fPIC", "-pthread", *sizes, "-DUT_TPU_MODE=kHigh", *includes]
    # Else g++ makes one of the fakes' state for all copies of the library that are loaded. This machine's C library
    # calls `mallinfo` old-fashioned, the board's has nothing else.
    own = ["-fno-gnu-unique"] if Path(compiler).name == "g++" else []
    own.append("-Wno-deprecated-declarations")

    def compile_(shim: str, parts: tuple[str, ...]) -> Path:
        library = folder / f"{shim}.so"
        of_core = [path for path in core_sources(made) if not parts or path.stem in ("crash", "crc32")]
        whole = [f"{folder}/{path.stem}.o" for path in of_core]
        _run([*find_compiler().command, "-std=c99", "-c", *flags, *map(str, of_core)], folder)
        sources = [str(APP / part) for part in parts] or [str(path) for path in sorted(APP.glob("*.cc"))]
        _run(
            [
                compiler,
                *STRICT,
                *own,
                *flags,
                "-shared",
                *sources,
                str(FAKES / shim),
                str(FAKES / "usb.cc"),
                *WRAPPED,
                *whole,
                "-o",
                str(library),
            ]
        )
        return library

    return compile_


def _run(line: list[str], folder: Path | None = None) -> None:
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def glue_library(compile_glue: Compile) -> Path:
    return compile_glue("shim.cc", GLUE)


@pytest.fixture(scope="session")
def tcp_library(compile_glue: Compile) -> Path:
    return compile_glue("shim_tcp.cc", ("tcp.cc",))


@pytest.fixture(scope="session")
def device_library(compile_glue: Compile) -> Path:
    return compile_glue("shim_device.cc", ())


def _load(library: Path, shim: str, folder: Path) -> Any:
    """Load a copy of a library: it has state of its own, as a board after a reset."""
    text = (FAKES / shim).read_text(encoding="utf-8").partition('extern "C" {')[2]
    heads = re.findall(r"^(?:const )?\w+\*? \w+\([^)]*\)(?= \{)", text, re.MULTILINE)
    ffi = cffi.FFI()
    ffi.cdef(";\n".join(heads) + ";")
    copy = folder / f"{shim}{len(list(folder.iterdir()))}.so"
    shutil.copy(library, copy)
    # Never unloaded: the server's task is a thread that goes on.
    return ffi.dlopen(str(copy), os.RTLD_NOW | os.RTLD_NODELETE)


@pytest.fixture
def new_glue(glue_library: Path, tmp_path: Path) -> Callable[[], Any]:
    return lambda: _load(glue_library, "shim.cc", tmp_path)


@pytest.fixture
def glue(new_glue: Callable[[], Any]) -> Any:
    return new_glue()


@pytest.fixture
def tcp(tcp_library: Path, tmp_path: Path) -> Any:
    """The server, listening."""
    library = _load(tcp_library, "shim_tcp.cc", tmp_path)
    library.tcp_start()
    return library


@pytest.fixture
def new_device(device_library: Path, tmp_path: Path) -> Callable[[], Any]:
    """Return a function that gives a board without power."""
    return lambda: _load(device_library, "shim_device.cc", tmp_path)
