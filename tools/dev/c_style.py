"""`make style`: all C is formatted by `.clang-format`, where clang-format is installed; else that is said.

`python -m tools.dev.c_style --write` formats it. C++ for the board follows its SDK's style, and made files nobody's.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.paths import ROOT
from tools import console

MAJOR = 23  # of clang-format: another one breaks lines elsewhere
LEFT_ALONE = ("made", "app", "fakes")


def c_files(root: Path = ROOT) -> list[Path]:
    """Return the C files and headers that people write, sorted."""
    found = [
        f for room in ("firmware_bridge", "tests") for s in ("c", "h") for f in (root / room).rglob(f"*.{s}")
    ]
    return sorted(f for f in found if not set(f.relative_to(root).parts) & set(LEFT_ALONE))


def find_formatter() -> Path:
    """Return clang-format, from the PATH or from its package.

    Raises:
        EnvironmentLacking: There is none, or it is of another version.
    """
    remedy = f"pip install 'clang-format=={MAJOR}.*'"
    beside = Path(sys.executable).parent / "clang-format"
    found = shutil.which("clang-format") or (str(beside) if beside.exists() else None)
    if found is None:
        raise EnvironmentLacking("clang-format is not installed: the style of C was not checked", remedy)
    printed = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"version (\d+)", printed)
    if version is None or int(version[1]) != MAJOR:
        raise EnvironmentLacking(
            f"clang-format {version[1] if version else '?'} is not {MAJOR}: the style of C was not checked",
            remedy,
        )
    return Path(found)


def unformatted(formatter: Path, files: list[Path]) -> list[Path]:
    """Return the files that `.clang-format` would have otherwise."""

    def formatted(file: Path) -> bytes:
        return subprocess.run([str(formatter), str(file)], capture_output=True, check=True).stdout

    return [file for file in files if formatted(file) != file.read_bytes()]


@click.command(name="c-style")
@click.option("--write", is_flag=True, help="format what is not")
def command(write: bool) -> int:
    """Check how C is formatted; exit status 1 where it is not by `.clang-format`."""
    try:
        formatter = find_formatter()
    except EnvironmentLacking as lacking:
        console.emit_text(f"{lacking.what} ({lacking.remedy})")
        return 0
    wrong = unformatted(formatter, c_files())
    for file in wrong:
        if write:
            subprocess.run([str(formatter), "-i", str(file)], check=True)
        console.emit_text(
            f"{file.relative_to(ROOT)}: {'formatted' if write else 'not formatted (--write does it)'}"
        )
    return 1 if wrong and not write else 0


if __name__ == "__main__":
    raise SystemExit(command.main(standalone_mode=False))
