"""The C core as a shared library, built on first use with whatever C compiler there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.base import toolchain
from firmware_bridge.base.toolchain import Compiler

CORE = Path(__file__).parent / "core"
FLAGS = ("-O3",)


def sources() -> list[Path]:
    """Return the core's C files."""
    return sorted(CORE.glob("*.c"))


def frontend_library(
    compiler: Compiler | None = None, level: str | None = None, extra: Sequence[str] = ()
) -> Path:
    """Return the shared library of the core, built now if it does not exist yet.

    Args:
        compiler: By default the one that `find_compiler` finds.
        level: x86-64 level (`v2` to `v4`, or nothing for the baseline); by default this machine's, or the
            baseline where the compiler is too old to know that.
        extra: Further flags.

    Raises:
        EnvironmentLacking: There is no compiler, or it cannot build the core at all.
    """
    if level is None:
        return toolchain.compile_for_this_machine(
            "microfrontend", sources(), [CORE], [*FLAGS, *extra], compiler=compiler
        )
    use = toolchain.find_compiler() if compiler is None else compiler
    flags = [*FLAGS, *toolchain.level_flags(use, level), *extra]
    return toolchain.compile_library("microfrontend", sources(), [CORE], flags, compiler=use)
