"""The port's C++, compiled for this machine against fakes of the board's SDK; each test gets fresh state."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cffi
import pytest

from firmware_bridge.bundle import Bundle
from firmware_bridge.microfrontend import FrontendSpec
from firmware_bridge.ports.sources import include_folders, size_flags, write_sources

HERE = Path(__file__).parent
APP = Path(__file__).parents[4] / "firmware_bridge" / "ports" / "coralmicro" / "app"
PARTS = ("flash.cc", "mailbox.cc", "models.cc", "wire.cc")
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


@pytest.fixture(scope="session")
def glue_library(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the parts that need no more of the SDK than the fakes give."""
    compiler = next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)
    if compiler is None:
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("glue")
    made = write_sources(bundle.manifest, folder / "made")
    fakes = HERE / "fakes"
    includes = [f"-I{path}" for path in (APP, *include_folders(made), fakes)]
    flags = [*size_flags(FrontendSpec.from_dict(bundle.manifest.frontend)), "-DUT_TPU_MODE=kHigh"]
    sources = [*(str(APP / part) for part in PARTS), str(fakes / "shim.cc")]
    # Else g++ makes one of the fakes' state for all copies of the library that are loaded.
    own_state = ["-fno-gnu-unique"] if Path(compiler).name == "g++" else []
    library = folder / "glue.so"
    line = [
        compiler,
        *STRICT,
        "-O1",
        "-fPIC",
        "-shared",
        *own_state,
        *flags,
        *includes,
        *sources,
        "-o",
        str(library),
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


def _declarations() -> str:
    text = (HERE / "fakes" / "shim.cc").read_text(encoding="utf-8").partition('extern "C" {')[2]
    heads = re.findall(r"^(?:const )?\w+\*? \w+\([^)]*\)(?= \{)", text, re.MULTILINE)
    return ";\n".join(heads) + ";"


@pytest.fixture
def new_glue(glue_library: Path, tmp_path: Path) -> Callable[[], Any]:
    """Return a function that loads the library anew, as a board is after a reset."""
    ffi = cffi.FFI()
    ffi.cdef(_declarations())
    loads = iter(range(1000))

    def load() -> Any:
        copy = tmp_path / f"glue{next(loads)}.so"
        shutil.copy(glue_library, copy)
        return ffi.dlopen(str(copy))

    return load


@pytest.fixture
def glue(new_glue: Callable[[], Any]) -> Iterator[Any]:
    yield new_glue()
