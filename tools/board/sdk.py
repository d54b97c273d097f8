"""The board maker's SDK: where it lies, which commit it is, and what its flash tool needs from it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.ports.coralmicro.sdk import COMMIT

VARIABLE = "CORALMICRO_DIR"
PYTHON_VARIABLE = "CORALMICRO_PYTHON"
FLASHTOOL = Path("scripts/flashtool.py")
# What the flash tool imports; none of it is needed by Undertone itself.
IMPORTS = "import hexformat, hid, progress.bar, serial, usb.core"
_FOLDERS = {"Linux": ("linux/amd64", "toolchain-linux"), "Darwin": ("mac", "toolchain-mac")}
_COMPILER = "gcc-arm-none-eabi-9-2020-q2-update"


@dataclass(frozen=True)
class Sdk:
    """A checkout of coralmicro.

    Attributes:
        folder: Where it lies.
        commit: Its commit, empty where it is no git checkout.
    """

    folder: Path
    commit: str

    @property
    def flashtool(self) -> Path:
        """The program that writes to the board."""
        return self.folder / FLASHTOOL

    @property
    def is_known(self) -> bool:
        """Whether it is the commit that the board port was built against."""
        return self.commit.startswith(COMMIT)


def find_sdk(folder: str | Path | None, environment: Mapping[str, str] = os.environ) -> Sdk:
    """Return the SDK in a folder, or in the one that `CORALMICRO_DIR` names.

    Raises:
        EnvironmentLacking: Neither names a checkout of coralmicro.
    """
    named = folder or environment.get(VARIABLE, "")
    fetch = (
        "git clone --recurse-submodules https://github.com/google-coral/coralmicro, then name it: "
        f"--sdk DIR, or export {VARIABLE}=DIR"
    )
    if not named:
        raise EnvironmentLacking(f"the board's SDK is not known: neither --sdk nor {VARIABLE} is set", fetch)
    root = Path(named).expanduser().resolve()
    if not (root / FLASHTOOL).is_file():
        raise EnvironmentLacking(f"{root} is no checkout of coralmicro: it has no {FLASHTOOL}", fetch)
    return Sdk(root, read_commit(root))


def read_commit(folder: Path) -> str:
    """Return the commit that a folder is at, empty where git cannot tell."""
    if shutil.which("git") is None or not (folder / ".git").exists():
        return ""
    line = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    return done.stdout.strip() if done.returncode == 0 else ""


def toolchain_option(sdk: Sdk) -> list[str]:
    """Return the flash tool's option that says where the Cortex-M programs are; none when it finds its own.

    Raises:
        EnvironmentLacking: This machine cannot run the flash tool, or there are no such programs.
    """
    system, machine = platform.system(), platform.machine()
    if system not in _FOLDERS or (system == "Linux" and machine not in ("x86_64", "amd64")):
        raise EnvironmentLacking(
            f"the SDK's flash tool has no programs for {system} {machine}",
            "flash from Linux on x86-64 or from macOS",
        )
    programs, own = _FOLDERS[system]
    for path in (
        f"third_party/nxp/elftosb/{programs}/elftosb",
        f"third_party/nxp/blhost/bin/{programs}/blhost",
    ):
        if not (sdk.folder / path).is_file():
            raise EnvironmentLacking(
                f"the SDK lacks {path}", f"git -C {sdk.folder} submodule update --init --recursive"
            )
    if (sdk.folder / "third_party" / own / _COMPILER / "bin" / "arm-none-eabi-objdump").exists():
        return []
    found = shutil.which("arm-none-eabi-objdump")
    if found is None:
        raise EnvironmentLacking(
            "arm-none-eabi-objdump is neither in the SDK nor on the PATH",
            "call the SDK's setup.sh, or sudo apt-get install binutils-arm-none-eabi",
        )
    return ["--toolchain", str(Path(found).resolve().parent)]


def find_python(sdk: Sdk, environment: Mapping[str, str] = os.environ) -> str:
    """Return a Python that has what the flash tool imports.

    Raises:
        EnvironmentLacking: None has.
    """
    tried = [environment.get(PYTHON_VARIABLE, ""), sys.executable, shutil.which("python3") or ""]
    candidates = list(dict.fromkeys(path for path in tried if path))
    for python in candidates:
        if _can_import(python):
            return python
    raise EnvironmentLacking(
        f"no Python here has what the flash tool imports (tried {', '.join(candidates)})",
        f"python3 -m venv ~/.coralmicro && ~/.coralmicro/bin/pip install -r {sdk.folder}/scripts/requirements.txt"
        f" && export {PYTHON_VARIABLE}=~/.coralmicro/bin/python",
    )


def _can_import(python: str) -> bool:
    try:
        return (
            subprocess.run([python, "-c", IMPORTS], capture_output=True, check=False, timeout=30).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
