"""`undertone fuzz`: damaged inputs by the million, against whatever reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from edgetpu_models.fuzz import Outcome
    from firmware_bridge.ports.fuzz.build import FuzzResult

SHOWN = 20
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group(name="fuzz")
def command() -> None:
    """Damage inputs on purpose: the answer must be data or a typed error, in time.

    The same seed damages the same inputs. Exit status 1 when anything else came. Each of the commands below has
    --json.
    """


@command.command(name="protocol")
@options.count("how many inputs", 10_000_000)
@options.seed(default=1)
@click.option("--folder", type=click.Path(path_type=Path), help="where it is built [build/native/fuzz]")
@options.as_json()
def protocol(count: int, seed: int, folder: Path | None, as_json: bool) -> None:
    """Send damaged frames to the device's core, built under sanitizers."""
    from dataclasses import asdict

    from firmware_bridge.base.toolchain import NATIVE
    from firmware_bridge.ports.fuzz.build import build_fuzzer, run_fuzzer

    found = run_fuzzer(build_fuzzer(folder or NATIVE / "fuzz"), count, seed)
    if as_json:
        console.emit_json(asdict(found))
    else:
        _show_protocol(found)


def _show_protocol(found: FuzzResult) -> None:
    kinds, errors = (
        ", ".join(f"{name} {number:,}" for name, number in counts.items())
        for counts in (found.kinds, found.errors)
    )
    console.emit_text(
        f"{found.inputs:,} inputs ({found.bytes:,} bytes, {found.frames:,} frames): no crash, no over-read\n"
        f"{found.answers:,} answers, all of them whole: {kinds}\n"
        f"errors: {errors}\n"
        f"most work: {found.blocks_per_byte} basic blocks a byte, {found.blocks_per_frame:,} a frame\n"
        "networks, flash and microphone are stand-ins; the core is the board's"
    )


@command.command(name="edgetpu")
@click.argument("folders", nargs=-1, type=FOLDER)
@options.count("how many damaged files", 100_000)
@options.seed(default=20251120)
@options.as_json()
def edgetpu(folders: tuple[Path, ...], count: int, seed: int, as_json: bool) -> int:
    """Give damaged models to verify, lint, analyse and inspect: those of FOLDERS, or small made-up ones."""
    from edgetpu_models.fuzz import fuzz, sources_in
    from firmware_bridge.base.progress import note

    if not folders:
        note("no folder is named: small made-up models are damaged")
    return _show(fuzz(sources_in(folders), count, seed), as_json)


@command.command(name="reweight")
@click.argument("folders", nargs=-1, type=FOLDER)
@options.count("how many damaged files", 100_000)
@options.seed(default=20251121)
@options.as_json()
def reweight(folders: tuple[Path, ...], count: int, seed: int, as_json: bool) -> int:
    """Damage one file of three for `reweight`: the honest file or a refusal. FOLDERS hold pairs and a PAIRS.csv."""
    from edgetpu_models.reweight.fuzz import run, triples

    return _show(run(list(triples(folders)), count, seed), as_json)


def _show(found: Outcome, as_json: bool) -> int:
    """Print what a fuzzer saw; return the exit status."""
    if as_json:
        console.emit_json(found.as_dict())
        return int(bool(found.failures))
    rows = [(name, f"{number:,}") for name, number in sorted(found.answers.items())]
    console.emit_table(f"{found.files:,} damaged files", ("answer", "how often"), rows)
    console.emit_text(
        f"slowest answer {found.slowest_s:.3f} s of the processor; {found.seconds:.0f} s in all; "
        f"at most {found.peak_mib:.0f} MiB"
    )
    for line in found.failures[:SHOWN]:
        console.emit_text(f"FAILED: {line}")
    console.emit_text(f"{len(found.failures)} failures")
    return int(bool(found.failures))


@command.command(name="provenance")
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ORIGINAL COMPILED..."
)
@options.count("how many changes, over all pairs", 1000)
@options.seed(default=0)
@options.as_json()
def provenance(models: tuple[Path, ...], count: int, seed: int, as_json: bool) -> int:
    """Plant single changes in pairs that `provenance` proves: each must be found, at its layer."""
    from edgetpu_models.format.reader import load
    from edgetpu_models.provenance.plant import harvest
    from firmware_bridge.base.errors import InvalidSetting

    if len(models) % 2:
        raise InvalidSetting(
            f"{len(models)} files are no pairs", "name each original and then its compiled file"
        )
    data = [bytes(load(path)) for path in models]
    found = harvest(list(zip(data[::2], data[1::2], strict=True)), count, seed)
    if as_json:
        console.emit_json(found.as_dict())
        return int(not found.good)
    rows = [
        (kind, number, found.missed[kind], found.wrong_layer[kind]) for kind, number in found.planted.items()
    ]
    console.emit_table("planted changes", ("kind", "planted", "missed", "wrong layer"), rows)
    console.emit_text(f"{found.not_proved} pairs are not proved: nothing was planted in them")
    return int(not found.good)
