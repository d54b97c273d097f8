"""Where the real compiler is: a program on the PATH, one that is named, or a container image.

It is closed and runs on x86-64 Linux only. `EDGETPU_COMPILER` names it: a path, a command, or
`container:IMAGE` (run with docker or podman, without network).
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import EnvironmentLacking

VARIABLE = "EDGETPU_COMPILER"
PROGRAM = "edgetpu_compiler"
REMEDY = (
    "install the Debian package edgetpu-compiler of the Coral repository (x86-64 Linux only), or set "
    f"{VARIABLE} to the program's path or to container:IMAGE; until then `undertone analyse` predicts what it would do"
)


@dataclass(frozen=True)
class Command:
    """How the compiler is called.

    Attributes:
        words: The command line up to the compiler's own arguments.
        image: The container image, empty for a program on this machine.
    """

    words: tuple[str, ...]
    image: str = ""

    def line(self, folder: Path, arguments: list[str]) -> list[str]:
        """Return the full command line for a run in `folder` (a container sees it as /work)."""
        if not self.image:
            return [*self.words, *arguments]
        mount = [
            "--network",
            "none",
            "--volume",
            f"{folder}:/work",
            "--workdir",
            "/work",
            self.image,
            PROGRAM,
        ]
        return [*self.words, "run", "--rm", *mount, *arguments]

    def __str__(self) -> str:
        return f"container {self.image}" if self.image else " ".join(self.words)


def find(environment: Mapping[str, str] | None = None) -> Command:
    """Return how to call the compiler.

    Args:
        environment: Looked through for `EDGETPU_COMPILER` and `PATH`; this process's own by default.

    Raises:
        EnvironmentLacking: There is none, or what `EDGETPU_COMPILER` names does not exist.
    """
    environment = os.environ if environment is None else environment
    named, path = environment.get(VARIABLE, "").strip(), environment.get("PATH", "")
    if named.startswith("container:"):
        engine = shutil.which("docker", path=path) or shutil.which("podman", path=path)
        if engine is None:
            raise EnvironmentLacking(
                f"{VARIABLE} names a container, but there is no docker or podman", REMEDY
            )
        return Command((engine,), named.removeprefix("container:"))
    if named:
        words = shlex.split(named)
        program = shutil.which(words[0], path=path)
        if program is None:
            raise EnvironmentLacking(f"{VARIABLE} names {words[0]}, which cannot be run", REMEDY)
        return Command((program, *words[1:]))
    program = shutil.which(PROGRAM, path=path)
    if program is None:
        raise EnvironmentLacking("the Edge TPU compiler is not on this machine", REMEDY)
    return Command((program,))
