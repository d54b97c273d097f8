"""Drive the real Edge TPU compiler: one call for all networks, so that they share the chip's memory.

The compiler sometimes fails without a reason and then passes; so a run is repeated a bounded number of times,
and every attempt is reported. Results are kept by the hash of what went in.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgetpu_models.compiler import locate
from edgetpu_models.compiler.compare import comparison
from edgetpu_models.compiler.run import GRACE_S, Attempt, run
from edgetpu_models.inspect import Inspection, inspect
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import CompilerFailed, InvalidSetting, ModelInvalid
from firmware_bridge.base.files import atomic_directory, sha256_file, write_json
from firmware_bridge.base.progress import note
from firmware_bridge.contract.bundle import compiled_name

FINAL = (
    "Model failed in Tflite interpreter",
    "Op builtin_code out of range",
    "Encountered unresolved custom op",
)


@dataclass(frozen=True)
class Compilation:
    """What the compiler made.

    Attributes:
        outputs: Compiled files, in the order of the inputs.
        inspections: What is in them.
        attempts: Every run; the last one succeeded. Empty where the result was kept from before.
        version: The compiler's version.
        cached: Whether it was kept from before.
        comparison: Predicted and real figures, one entry per figure and network.
    """

    outputs: tuple[Path, ...]
    inspections: tuple[Inspection, ...]
    attempts: tuple[Attempt, ...]
    version: str
    cached: bool
    comparison: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready data."""
        return {
            "outputs": [str(p) for p in self.outputs],
            "networks": [i.as_dict() for i in self.inspections],
            "attempts": [a.as_dict() for a in self.attempts],
            "version": self.version,
            "cached": self.cached,
            "comparison": self.comparison,
        }


def compile_models(
    models: Sequence[Path],
    out: Path,
    *,
    timeout_s: int = 180,
    retries: int = 2,
    min_runtime: int | None = None,
    command: locate.Command | None = None,
    cache: Path | None = None,
) -> Compilation:
    """Compile networks in one call.

    Args:
        models: int8 `.tflite` files; the first gets the chip's memory first.
        out: Folder for `NAME_edgetpu.tflite`.
        timeout_s: The compiler's own timer.
        retries: How often a failure without a reason is tried again.
        min_runtime: Oldest Edge TPU runtime that must run the result (the compiler's `-m`).
        command: How to call the compiler; found by itself by default.
        cache: Folder for earlier results; `out/.cache` by default.

    Raises:
        EnvironmentLacking: No compiler.
        ModelInvalid: An input is damaged or compiled already.
        CompilerFailed: It made nothing usable; the message names the cause of every attempt.
    """
    names = _names(models)
    for path in models:
        if verify_model(path).compiled:
            raise ModelInvalid(f"{path} was compiled already", "give the int8 model that it was made of")
    command = command or locate.find()
    flags = ["-s", "-t", str(timeout_s)] + (["-m", str(min_runtime)] if min_runtime else [])
    version = _version(command)
    store = (cache or out / ".cache") / _key(version, flags, models)
    attempts: tuple[Attempt, ...] = ()
    kept = _kept(store, names)
    if not kept:
        attempts = _attempts(command, models, names, flags, timeout_s, retries, store)
    out.mkdir(parents=True, exist_ok=True)
    outputs = tuple(out / compiled_name(name) for name in names)
    for path in outputs:
        shutil.copyfile(store / path.name, path)
    inspections = tuple(inspect(path) for path in outputs)
    return Compilation(outputs, inspections, attempts, version, kept, comparison(models, inspections))


def _names(models: Sequence[Path]) -> list[str]:
    names = [path.stem for path in models]
    if not names:
        raise InvalidSetting("no model to compile", "give at least one int8 .tflite file")
    if len(set(names)) < len(names):
        raise InvalidSetting(f"two models of the same name: {', '.join(names)}", "rename one of them")
    return names


def _version(command: locate.Command) -> str:
    with tempfile.TemporaryDirectory() as folder:
        attempt = run(command, Path(folder), ["-v"], 30.0)
    return attempt.log.version or "unknown"


def _key(version: str, flags: Sequence[str], models: Sequence[Path]) -> str:
    parts = [version, *flags, *(sha256_file(path) for path in models), *(path.stem for path in models)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _kept(store: Path, names: Sequence[str]) -> bool:
    """Whether an earlier result is there, whole and unchanged."""
    try:
        hashes = json.loads((store / "hashes.json").read_text())
        return all(sha256_file(store / name) == hashes[name] for name in map(compiled_name, names))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _attempts(
    command: locate.Command,
    models: Sequence[Path],
    names: Sequence[str],
    flags: Sequence[str],
    timeout_s: int,
    retries: int,
    store: Path,
) -> tuple[Attempt, ...]:
    attempts: list[Attempt] = []
    problem = ""
    for number in range(1 + retries):
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            for path, name in zip(models, names, strict=True):
                shutil.copyfile(path, folder / f"{name}.tflite")
            arguments = [*flags, *(f"{name}.tflite" for name in names)]
            attempt = run(command, folder, arguments, timeout_s + GRACE_S)
            attempts.append(attempt)
            problem = attempt.cause if attempt.outcome != "ok" else _usable(folder, names)
            if not problem:
                _keep(folder, names, store)
                return tuple(attempts)
        note(f"Edge TPU compiler, attempt {number + 1} of {1 + retries}: {problem}")
        if attempt.outcome == "timeout" or any(phrase in FINAL for phrase in attempt.log.failures):
            break
    causes = "; ".join(f"{i}: {a.cause if a.outcome != 'ok' else problem}" for i, a in enumerate(attempts, 1))
    raise CompilerFailed(
        f"the Edge TPU compiler made nothing usable in {len(attempts)} attempts ({causes})",
        "`undertone lint` looks for what it cannot take; `undertone explain PHRASE` says what its words mean",
    )


def _usable(folder: Path, names: Sequence[str]) -> str:
    """Return what is wrong with the files that a run says it made; empty where nothing is."""
    tokens = set()
    for name in names:
        path = folder / compiled_name(name)
        if not path.is_file():
            return f"it wrote no {path.name}"
        try:
            found = inspect(path)
        except ModelInvalid as error:
            return f"{path.name}: {error.what}"
        if found.on_chip_bytes:  # a program without parameters needs no token
            tokens.add(found.token)
    return "" if len(tokens) <= 1 else "the networks do not share a caching token"


def _keep(folder: Path, names: Sequence[str], store: Path) -> None:
    with atomic_directory(store) as kept:
        hashes = {}
        for name in names:
            for path in sorted(folder.glob(f"{Path(compiled_name(name)).stem}.*")):
                shutil.copyfile(path, kept / path.name)
                hashes[path.name] = sha256_file(path)
        write_json(kept / "hashes.json", hashes)
