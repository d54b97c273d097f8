"""Checks of what a build needs: Python, packages, disk, compilers, corpora, the foundation model."""

from __future__ import annotations

from firmware_bridge.base.errors import EnvironmentLacking, UndertoneError
from tools.dev.bootstrap import NEWEST, OLDEST
from tools.health.finding import Finding, ok
from tools.health.system import System

BUILD_BYTES = 3_000_000_000


def check_python(system: System) -> Finding:
    """Python must be one that the pinned packages have builds for."""
    version = system.python()
    text = f"Python {version[0]}.{version[1]} on {system.platform()}"
    if OLDEST <= version <= NEWEST:
        return ok("python", text, needed=True)
    return Finding(
        "python", "wrong", text, "install Python 3.11 and call: make PYTHON=python3.11 setup", True
    )


def check_packages(system: System) -> Finding:
    """The installed packages must be those of the lock file."""
    lock = system.lock()
    if lock is None:
        return Finding("packages", "missing", "no requirements.lock", "check out the file again", True)
    wanted, installed = locked_versions(lock), system.installed()
    absent = sorted(name for name in wanted if name not in installed)
    other = sorted(name for name in wanted if name in installed and installed[name] != wanted[name])
    fix = "call `make setup` (remove .venv first if that does not help)"
    if absent:
        return Finding("packages", "missing", f"not installed: {', '.join(absent[:6])}", fix, True)
    if other:
        named = ", ".join(f"{name} {installed[name]} (locked {wanted[name]})" for name in other[:4])
        return Finding("packages", "wrong", f"other versions than locked: {named}", fix, True)
    return ok("packages", f"all {len(wanted)} as locked", needed=True)


def locked_versions(lock: str) -> dict[str, str]:
    """Return the version of every package that the lock file wants on this machine, by name."""
    from packaging.requirements import Requirement

    found = {}
    for line in lock.splitlines():
        if line[:1].isalnum() and "==" in line:
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                found[requirement.name.lower()] = next(iter(requirement.specifier)).version
    return found


def check_disk(system: System) -> Finding:
    """A build keeps its stages: it needs room."""
    free = system.free_bytes()
    text = f"{free / 1e9:.1f} GB free where the checkout lies"
    if free >= BUILD_BYTES:
        return ok("disk", text, needed=True)
    return Finding(
        "disk",
        "wrong",
        text,
        f"a build needs {BUILD_BYTES / 1e9:.0f} GB: free some, or remove build/stages",
        True,
    )


def check_c_compiler(system: System) -> Finding:
    """The front-end's core is C, built on first use."""
    from firmware_bridge.base.toolchain import find_compiler

    del system  # the finder asks the PATH itself
    try:
        return ok("C compiler", " ".join(find_compiler().command), needed=True)
    except EnvironmentLacking as error:
        return Finding("C compiler", "missing", error.what, error.remedy, True)


def check_edgetpu_compiler(system: System) -> Finding:
    """The real Edge TPU compiler; without it models are analysed, not compiled."""
    from edgetpu_models.compiler import locate

    try:
        return ok("Edge TPU compiler", str(locate.find(system.environment())))
    except EnvironmentLacking as error:
        return Finding("Edge TPU compiler", "missing", error.what, error.remedy)


def check_corpora(system: System) -> list[Finding]:
    """One line per corpus at hand or needed by default, and one for all others."""
    from tools.pipeline.inputs import STAND_INS
    from train.corpora.registry import DATA_VARIABLE, data_folders, find_data

    del system
    import train.corpora

    searched = ", ".join(str(folder) for folder in data_folders())
    findings, others = [], []
    for name, reader in train.corpora.READERS.items():
        if reader.default is not None:
            continue
        root = next((path for folder in reader.folders if (path := find_data(folder))), None)
        if root:
            findings.append(ok(f"corpus {name}", str(root)))
        elif name in STAND_INS:
            fix = f"put it there, or set {DATA_VARIABLE}; until then synthetic speech stands in"
            findings.append(Finding(f"corpus {name}", "missing", f"not below {searched}", fix))
        else:
            others.append(name)
    if others:
        fix = f"nothing needs them; to use one, put it below {searched} or name its folder as NAME:PATH"
        findings.append(Finding("other corpora", "missing", ", ".join(others), fix))
    return findings


def check_foundation(system: System) -> Finding:
    """The foundation model of the recipe `trunk`."""
    from train.foundation.network_file import find_network
    from train.foundation.yamnet import YAMNET_FILE

    del system
    try:
        found = find_network(YAMNET_FILE)
    except (UndertoneError, OSError) as error:
        return Finding("foundation model", "wrong", str(error), "fetch the file again")
    if found:
        return ok("foundation model", str(found))
    return Finding(
        "foundation model",
        "missing",
        f"no {YAMNET_FILE.path} in the data folders",
        "`make edgetpu-model` downloads it; without a network the recipe `scratch` stands in for `trunk`",
    )
