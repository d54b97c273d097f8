"""What a checkout of the board's SDK must hold before anything is built with it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.progress import note

COMMIT = "c9f665b"  # what this port is built and checked against
TOOLCHAIN_FILE = Path("cmake/toolchain-arm-none-eabi-gcc.cmake")
COMPILER = Path("gcc-arm-none-eabi-9-2020-q2-update/bin")
# Parts of the SDK that its CMake files do not name. Those that no firmware of ours compiles, a71ch-crypto-support,
# coremark and cyw-bt-patch, must be there all the same: CMake refuses a target whose files are missing.
UNUSED = ("ArduinoCore-API", "blhost", "littlefs-fuse")
_HOSTS = {"win32": "toolchain-win", "darwin": "toolchain-mac"}


@dataclass(frozen=True)
class Sdk:
    """A checkout that can be built with.

    Attributes:
        folder: Where it lies.
        commit: Its commit; empty where it is no git checkout.
    """

    folder: Path
    commit: str


def check_sdk(folder: Path) -> Sdk:
    """Return the SDK in a folder, found whole.

    Raises:
        EnvironmentLacking: It is no checkout of coralmicro, or lacks a submodule; or CMake is missing.
    """
    folder = folder.resolve()
    if not (folder / TOOLCHAIN_FILE).is_file():
        raise EnvironmentLacking(
            f"{folder} is no checkout of coralmicro: it has no {TOOLCHAIN_FILE}",
            "git clone --recurse-submodules https://github.com/google-coral/coralmicro, and name that folder",
        )
    if shutil.which("cmake") is None:
        raise EnvironmentLacking(
            "CMake is not installed", "install CMake 3.18 or later (sudo apt-get install cmake)"
        )
    missing = [path for path in _submodules(folder) if not _holds_files(folder / path)]
    if missing:
        raise EnvironmentLacking(
            f"the SDK's submodule {missing[0]} is empty"
            + (f", as {len(missing) - 1} more" * (len(missing) > 1)),
            f"git -C {folder} submodule update --init --recursive",
        )
    _look_for_compiler(folder)
    return Sdk(folder, _commit(folder))


def _submodules(folder: Path) -> list[str]:
    file = folder / ".gitmodules"
    if not file.is_file():
        return []
    parser = configparser.ConfigParser()
    parser.read_string("\n".join(line.strip() for line in file.read_text(encoding="utf-8").splitlines()))
    paths = [parser[section]["path"] for section in parser.sections()]
    return [path for path in paths if not path.endswith(UNUSED)]


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _look_for_compiler(folder: Path) -> None:
    home = folder / "third_party" / _HOSTS.get(sys.platform, "toolchain-linux")
    if not home.exists():
        note(f"the SDK will download its compiler to {home} (once)")
        return
    compiler = home / COMPILER / ("arm-none-eabi-gcc.exe" if sys.platform == "win32" else "arm-none-eabi-gcc")
    if not compiler.exists():
        raise EnvironmentLacking(
            f"the SDK's compiler is not complete: no {compiler}",
            f"remove {home}: the SDK downloads it again",
        )


def _commit(folder: Path) -> str:
    if shutil.which("git") is None or not (folder / ".git").exists():
        note(f"cannot tell the commit of {folder}; this port is checked against {COMMIT}")
        return ""
    line = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    commit = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20).stdout.strip()
    if not commit.startswith(COMMIT):
        note(f"the SDK is at {commit[:7] or 'no commit'}; this port is checked against {COMMIT}")
    return commit
