"""Set up the checkout's own environment; run by `make` with the system's Python.

Standard library only, because nothing is installed yet. Makes `.venv`, installs what
`requirements.lock` names (every file checked by hash) and the checkout itself in editable form.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

# Run before anything is installed: the one module that cannot ask firmware_bridge.base.paths.
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / ".ready"
LOCK = ROOT / "requirements.lock"
UV_VERSION = "0.13.8"
OLDEST, NEWEST = (3, 11), (3, 12)
NEEDED_BYTES = 3_500_000_000


def fail(what: str, remedy: str) -> None:
    """Say what is wrong and what to do, and leave with status 2."""
    sys.stderr.write(f"undertone set-up: {what}\n  remedy: {remedy}\n")
    raise SystemExit(2)


def check_python(version: tuple[int, int]) -> None:
    """Refuse a Python for which the pinned packages have no builds."""
    if not OLDEST <= version <= NEWEST:
        fail(
            f"Python {version[0]}.{version[1]} is not supported (needs 3.11 or 3.12)",
            "install one of them and name it: make PYTHON=python3.11 ...",
        )


def check_disk(free_bytes: int) -> None:
    """Refuse to start an installation that would fill the disk."""
    if free_bytes < NEEDED_BYTES:
        fail(
            f"{free_bytes / 1e9:.1f} GB free at the checkout; the environment needs {NEEDED_BYTES / 1e9:.1f} GB",
            "free some space, or move the checkout to a larger disk",
        )


def wanted() -> str:
    """Return the hash of everything that decides what the environment holds."""
    digest = hashlib.sha256(LOCK.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    digest.update(repr(sys.version_info[:2]).encode())
    return digest.hexdigest()


def works(command: list[str]) -> bool:
    """Run one installation step and tell whether it succeeded."""
    environment = dict(os.environ, UV_LINK_MODE="copy")
    return subprocess.run(command, check=False, env=environment, cwd=ROOT).returncode == 0


def install(python: str) -> None:
    """Install the locked packages with uv, or with pip where uv cannot be had or finds no index; then ourselves."""
    remedy = (
        "check the connection to your package index and the free disk space, then call make again: it resumes"
    )
    pip, locked = [python, "-m", "pip", "install", "--quiet"], ["--require-hashes", "-r", str(LOCK)]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", python]
    if not (works([*pip, f"uv=={UV_VERSION}"]) and works([*uv, *locked])):
        sys.stderr.write("undertone set-up: uv did not manage it; trying pip, which is slower\n")
        if not works([*pip, *locked]):
            fail("the packages of requirements.lock could not be installed", remedy)
    if not works([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]):
        fail("the checkout could not be installed into .venv", remedy)


def main() -> int:
    """Bring `.venv` to the state that the lock file describes; do nothing when it is there."""
    check_python(sys.version_info[:2])
    key = wanted()
    if STAMP.exists() and STAMP.read_text() == key:
        STAMP.touch()
        return 0
    if not (VENV / "bin" / "python").exists():
        check_disk(shutil.disk_usage(ROOT).free)
        sys.stderr.write("undertone set-up: making .venv (once; a few minutes)\n")
        try:
            venv.create(VENV, with_pip=True, clear=True)
        except (OSError, subprocess.CalledProcessError) as error:
            fail(f"no virtual environment could be made: {error}", "on Debian: apt-get install python3-venv")
    python = str(VENV / "bin" / "python")
    install(python)
    STAMP.write_text(key)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
