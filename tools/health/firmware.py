"""Checks of what building and flashing firmware needs: compilers for the Cortex-M7, the SDK, its Python."""

from __future__ import annotations

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.ports.coralmicro.sdk import COMMIT
from tools.board.sdk import VARIABLE, find_python, find_sdk, toolchain_option
from tools.health.finding import Finding, ok
from tools.health.system import System

ARM_GCC = "arm-none-eabi-gcc"


def check_m7_compiler(system: System) -> Finding:
    """The twin's firmware is compiled for the Cortex-M7: by arm-none-eabi-gcc, else by the package ziglang."""
    name, gcc = "Cortex-M7 compiler", system.which(ARM_GCC)
    zig = "ziglang" in system.installed()
    if gcc:
        return ok(name, gcc + (" (the package ziglang is here too)" if zig else ""))
    if zig:
        return ok(name, "the package ziglang, for the twin; the board's SDK brings its own gcc")
    return Finding(
        name,
        "missing",
        f"neither {ARM_GCC} nor the package ziglang",
        "make setup (installs ziglang), or sudo apt-get install gcc-arm-none-eabi",
    )


def check_sdk(system: System) -> Finding:
    """The board maker's SDK, and whether it is the commit that the board port was linked against."""
    name = f"SDK ({VARIABLE})"
    try:
        sdk = find_sdk(None, system.environment())
    except EnvironmentLacking as error:
        return Finding(name, "missing", f"{error.what}; only a real board needs it", error.remedy)
    if sdk.is_known:
        return ok(name, f"{sdk.folder} at {sdk.commit[:8]}")
    return Finding(
        name,
        "wrong",
        f"{sdk.folder} is at {sdk.commit[:8] or 'an unknown commit'}, the board port was linked against {COMMIT}",
        f"git -C {sdk.folder} checkout {COMMIT} && git -C {sdk.folder} submodule update --init --recursive",
    )


def check_flashtool(system: System) -> Finding:
    """The SDK's flash tool: its programs for this machine, and a Python that has its packages."""
    name = "flash tool"
    try:
        sdk = find_sdk(None, system.environment())
    except EnvironmentLacking:
        return Finding(name, "missing", "it comes with the SDK", f"see the line SDK ({VARIABLE})")
    try:
        toolchain_option(sdk)
        return ok(name, f"{sdk.flashtool}, run by {find_python(sdk, system.environment())}")
    except EnvironmentLacking as error:
        return Finding(name, "wrong", error.what, error.remedy)
