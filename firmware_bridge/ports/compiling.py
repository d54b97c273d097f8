"""What every port has in common when it calls a C compiler."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.microfrontend.build import compiler_environment

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")


def run_compiler(line: Sequence[str], failure: str, remedy: str, result: Path | None = None) -> None:
    """Run a compiler.

    Args:
        line: Its command with everything.
        failure: Start of the sentence if it fails.
        remedy: What to do then.
        result: The file that it must leave.

    Raises:
        EnvironmentLacking: It failed; quotes its first error.
    """
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=compiler_environment())
    if done.returncode == 0 and (result is None or result.exists()):
        return
    # "error" alone would also match the path of a file.
    errors = [text for text in done.stderr.splitlines() if "error:" in text]
    first = (errors or done.stderr.strip().splitlines() or ["no message"])[0]
    raise EnvironmentLacking(f"{failure}: {first.strip()}", remedy)
