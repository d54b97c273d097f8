"""How the build is driven: what is made for a bundle, what CMake is told, how failures come back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge.base.errors import BundleInvalid, CheckFailed, EnvironmentLacking
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import parse_image
from firmware_bridge.ports.coralmicro import build
from firmware_bridge.ports.coralmicro.build import (
    APP_HEADER,
    HERE,
    SLOT_BYTES,
    build_coralmicro,
    is_compiled,
    write_made,
)
from firmware_bridge.ports.coralmicro.sdk import COMPILER, TOOLCHAIN_FILE
from tests.support.linker_map import MAP
from tests.support.told import told

FAKE_CMAKE = """#!{python}
import json, pathlib, sys
log = pathlib.Path({log!r})
calls = json.loads(log.read_text()) if log.exists() else []
log.write_text(json.dumps([*calls, sys.argv[1:]]))
print({said!r})
if {fails!r} in sys.argv:
    sys.exit(1)
if "--build" in sys.argv:
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "undertone.map").write_text({map!r})
    (folder / "undertone.stripped").write_bytes(bytes(1000))
    (folder / "CMakeFiles/3.25.1").mkdir(parents=True, exist_ok=True)
    (folder / "CMakeFiles/3.25.1/CMakeCXXCompiler.cmake").write_text('set(CMAKE_CXX_COMPILER_VERSION "12.2.1")')
"""


@pytest.fixture
def notes() -> Iterator[list[str]]:
    with told() as lines:
        yield lines


class Sdk:
    """A folder that passes for the SDK, and a CMake that builds it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "sdk"
        self._programs = folder / "programs"
        self._log = folder / "calls.json"
        self._programs.mkdir()
        for file in (TOOLCHAIN_FILE, Path("third_party/toolchain-linux") / COMPILER / "arm-none-eabi-gcc"):
            (self.folder / file).parent.mkdir(parents=True)
            (self.folder / file).write_text("x")
        monkeypatch.setattr("sys.platform", "linux")
        monkeypatch.setenv("PATH", os.pathsep.join([str(self._programs), "/usr/bin", "/bin"]))
        self.cmake()

    def cmake(self, said: str = "", fails: str = "never", linker_map: str = MAP) -> None:
        """Say how CMake behaves: it fails where an argument is `fails`."""
        script = FAKE_CMAKE.format(
            python=sys.executable, log=str(self._log), said=said, fails=fails, map=linker_map
        )
        (self._programs / "cmake").write_text(script)
        (self._programs / "cmake").chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        """What CMake was called with."""
        return list(json.loads(self._log.read_text()))


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    return Sdk(tmp_path, monkeypatch)


def test_made_files_are_what_cmake_wants(bundle: Bundle, tmp_path: Path) -> None:
    write_made(bundle, tmp_path)
    text = (tmp_path / "made.cmake").read_text()
    assert "UT_MAX_CHANNELS=" in text and "-DUT_" not in text
    assert {"ut_tables.c", "protocol_dispatch.c", "rt1176.h"} <= {file.name for file in tmp_path.iterdir()}
    port = (HERE / "CMakeLists.txt").read_text()
    assert "core/undertone.cmake" in port and "-std=c99" not in port, "the core is built as everywhere"
    assert parse_image((tmp_path / "image.bin").read_bytes()).bundle == bundle.id


def test_made_files_that_did_not_change_are_left_alone(bundle: Bundle, tmp_path: Path) -> None:
    write_made(bundle, tmp_path)
    for file in tmp_path.iterdir():
        os.utime(file, (1, 1))
    write_made(bundle, tmp_path)
    assert {file.stat().st_mtime for file in tmp_path.iterdir()} == {1.0}


def test_networks_that_were_not_compiled_are_told(bundle: Bundle, tmp_path: Path, notes: list[str]) -> None:
    write_made(bundle, tmp_path)
    assert not is_compiled(bundle)
    assert "not compiled for the Edge TPU" in notes[-1]


def test_compiled_networks(bundle: Bundle, tmp_path: Path, notes: list[str]) -> None:
    models = bundle.manifest.models
    compiled = {
        name: model.model_copy(update={"compiled": f"{name}_edgetpu.tflite"})
        for name, model in models.items()
    }
    both = bundle.manifest.model_copy(update={"models": compiled})
    assert is_compiled(replace(bundle, manifest=both))
    one = bundle.manifest.model_copy(update={"models": models | {"acoustic": compiled["acoustic"]}})
    assert not is_compiled(replace(bundle, manifest=one))


def test_an_image_larger_than_a_slot(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "build_image", lambda _: bytes(SLOT_BYTES + 1))
    with pytest.raises(BundleInvalid, match="a slot of the board holds 2,097,152"):
        write_made(bundle, tmp_path)


def test_the_slot_is_as_large_as_the_firmware_thinks() -> None:
    assert f"kSlotBytes = {SLOT_BYTES >> 20}u << 20;" in APP_HEADER.read_text()


def test_what_cmake_is_told(bundle: Bundle, sdk: Sdk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    firmware = build_coralmicro(bundle.directory, sdk.folder, out)
    configure, compile_ = sdk.calls
    assert configure[configure.index("-S") + 1] == str(Path(build.__file__).parent)
    assert f"-DCORALMICRO_DIR={sdk.folder}" in configure and f"-DUNDERTONE_MADE={out / 'made'}" in configure
    assert compile_[:2] == ["--build", str(out / "build")]
    assert [compile_[i + 1] for i, word in enumerate(compile_) if word == "--target"] == [
        "undertone",
        "elf_loader",
        "flashloader",
    ]
    assert (firmware.binary, firmware.build_dir) == (out / "build/undertone", out / "build")
    assert (firmware.compiler, firmware.sdk_commit) == ("arm-none-eabi-gcc 12.2.1", "")
    used = {region.name: region.used_bytes for region in firmware.regions}
    assert used["ITCM"] == 0x5500
    assert used["littlefs"] == 1000 + (out / "made/image.bin").stat().st_size


def test_paths_are_given_whole(
    bundle: Bundle, sdk: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMake would look for relative ones beside its own file."""
    monkeypatch.chdir(tmp_path)
    build_coralmicro(bundle.directory, Path("sdk"), Path("out"))
    assert f"-DUNDERTONE_MADE={tmp_path / 'out/made'}" in sdk.calls[0]
    assert f"-DCORALMICRO_DIR={tmp_path / 'sdk'}" in sdk.calls[0]


@pytest.mark.parametrize(
    ("said", "first"),
    [
        (
            "[1/2] cc\nmain.cc:3:1: error: no member\nmain.cc:9:1: error: other",
            "main.cc:3:1: error: no member",
        ),
        ("ld: a.o: undefined reference to `x'\ncollect2: error: 1", "ld: a.o: undefined reference to `x'"),
        ("warning\nlast words\n\n", "last words"),
        ("", "no message"),
    ],
)
def test_a_compile_error_comes_back_with_its_first_line(
    bundle: Bundle, sdk: Sdk, tmp_path: Path, said: str, first: str
) -> None:
    sdk.cmake(said, fails="--build")
    with pytest.raises(EnvironmentLacking, match="does not compile") as caught:
        build_coralmicro(bundle.directory, sdk.folder, tmp_path / "out")
    assert caught.value.what.endswith(f": {first}")
    assert "cmake --build" in caught.value.remedy


def test_a_set_up_that_fails(bundle: Bundle, sdk: Sdk, tmp_path: Path) -> None:
    sdk.cmake("CMake Error at CMakeLists.txt:12 (message):", fails="-S")
    with pytest.raises(EnvironmentLacking, match="cannot set up the build: CMake Error at"):
        build_coralmicro(bundle.directory, sdk.folder, tmp_path / "out")


def test_a_firmware_that_leaves_no_room(bundle: Bundle, sdk: Sdk, tmp_path: Path) -> None:
    sdk.cmake(
        linker_map=MAP.replace(
            ".text           0x00000c00     0x5000", ".text           0x00000c00    0x39000"
        )
    )
    with pytest.raises(CheckFailed, match="ITCM"):
        build_coralmicro(bundle.directory, sdk.folder, tmp_path / "out")


def test_no_bundle(sdk: Sdk, tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid):
        build_coralmicro(tmp_path / "nothing", sdk.folder, tmp_path / "out")


def test_a_kernel_that_does_not_check_stacks_is_refused(sdk: Sdk, bundle: Bundle, tmp_path: Path) -> None:
    sdk.cmake(linker_map=MAP.replace("vApplicationStackOverflowHook", "another"))
    with pytest.raises(EnvironmentLacking, match="stacks would overflow unseen"):
        build_coralmicro(bundle.directory, sdk.folder, tmp_path / "out")
