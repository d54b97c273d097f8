"""What must be in a checkout of the SDK, and how each lack is told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.ports.coralmicro.sdk import COMMIT, COMPILER, TOOLCHAIN_FILE, check_sdk
from tests.support.told import told


@pytest.fixture
def notes() -> Iterator[list[str]]:
    with told() as lines:
        yield lines


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has all that is looked for, with CMake on the path and a compiler of Linux."""
    monkeypatch.setattr("sys.platform", "linux")
    folder = tmp_path / "coralmicro"
    compiler = folder / "third_party/toolchain-linux" / COMPILER / "arm-none-eabi-gcc"
    for file in (folder / TOOLCHAIN_FILE, compiler, folder / "third_party/CMSIS/README"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    (folder / ".gitmodules").write_text(
        '[submodule "third_party/CMSIS"]\n\tpath = third_party/CMSIS\n\turl = x\n'
        '[submodule "third_party/ArduinoCore-API"]\n\tpath = third_party/ArduinoCore-API\n\turl = y\n'
    )
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("cmake", "git"):
        script = programs / name
        script.write_text(f"#!/bin/sh\necho {COMMIT}0123\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return folder


def test_a_whole_one(sdk: Path, notes: list[str]) -> None:
    (sdk / ".git").mkdir()
    found = check_sdk(sdk)
    assert found.folder == sdk and found.commit == f"{COMMIT}0123"
    assert notes == []


def test_another_commit_is_told(sdk: Path, notes: list[str]) -> None:
    (sdk / ".git").mkdir()
    (sdk.parent / "programs" / "git").write_text("#!/bin/sh\necho abcdef0123\n")
    assert check_sdk(sdk).commit == "abcdef0123"
    assert notes == [f"the SDK is at abcdef0; this port is checked against {COMMIT}"]


def test_an_unknown_commit_is_told(sdk: Path, notes: list[str]) -> None:
    assert check_sdk(sdk).commit == ""
    assert "cannot tell the commit" in notes[0]


def test_any_other_folder(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match="no checkout of coralmicro") as caught:
        check_sdk(tmp_path)
    assert "--recurse-submodules" in caught.value.remedy


def test_a_missing_submodule(sdk: Path) -> None:
    (sdk / "third_party/CMSIS/README").unlink()
    with pytest.raises(EnvironmentLacking, match=r"submodule third_party/CMSIS is empty$") as caught:
        check_sdk(sdk)
    assert f"git -C {sdk} submodule update" in caught.value.remedy
    with (sdk / ".gitmodules").open("a") as stream:
        stream.write('[submodule "third_party/ruy"]\n\tpath = third_party/ruy\n')
    with pytest.raises(EnvironmentLacking, match="is empty, as 1 more"):
        check_sdk(sdk)


def test_a_submodule_that_nothing_of_ours_needs_may_be_missing(sdk: Path) -> None:
    assert not (sdk / "third_party/ArduinoCore-API").exists()
    check_sdk(sdk)


def test_no_cmake(sdk: Path) -> None:
    (sdk.parent / "programs" / "cmake").unlink()
    with pytest.raises(EnvironmentLacking, match="CMake is not installed"):
        check_sdk(sdk)


@pytest.mark.parametrize("name", ["a71ch-crypto-support", "coremark", "cyw-bt-patch"])
def test_what_only_cmake_wants_must_be_there(sdk: Path, name: str) -> None:
    """Seen with CMake 3.25 and commit c9f665b: each of the three alone stops the configuration."""
    path = f"third_party/{name}"
    with (sdk / ".gitmodules").open("a") as file:
        file.write(f'[submodule "{path}"]\n\tpath = {path}\n\turl = z\n')
    with pytest.raises(EnvironmentLacking, match=f"{name} is empty"):
        check_sdk(sdk)


def test_a_compiler_that_is_not_whole(sdk: Path) -> None:
    (sdk / "third_party/toolchain-linux" / COMPILER / "arm-none-eabi-gcc").unlink()
    with pytest.raises(EnvironmentLacking, match="compiler is not complete") as caught:
        check_sdk(sdk)
    assert "toolchain-linux" in caught.value.remedy


def test_a_compiler_that_will_be_downloaded_is_told(
    sdk: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    check_sdk(sdk)
    assert "toolchain-mac (once)" in notes[0]


def test_a_broken_git_is_no_failure(sdk: Path, notes: list[str]) -> None:
    (sdk / ".git").mkdir()
    (sdk.parent / "programs" / "git").write_text("#!/bin/sh\nexit 3\n")
    assert subprocess.run([sdk.parent / "programs" / "git"], check=False).returncode == 3
    assert check_sdk(sdk).commit == ""
    assert "at no commit" in notes[0]
