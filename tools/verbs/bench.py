"""`undertone bench`: how fast things are on this computer; never part of the tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from tools.lab.bench_frontend import Race

CHIP_COLUMNS = ("Cortex-M7", "instructions per frame", "code bytes", "table bytes", "state bytes", "evidence")
RACE_COLUMNS = ("front-end", "x real time", "us per frame", "x fastest stock", "x one thread")
FUNCTIONS = 12  # the dearest of the firmware that are shown


@click.group(name="bench")
def command() -> None:
    """Measure speed on this computer; of the chip, only counts of instructions say anything.

    Each of the commands below has --json.
    """


@command.command(name="frontend")
@click.option("--clips", type=click.IntRange(0), default=600, show_default=True, help="how many; 0 for all")
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="the best of each contender counts"
)
@click.option("--out", type=click.Path(path_type=Path), help="write the results as JSON")
@options.as_json()
def frontend(clips: int, rounds: int, out: Path | None, as_json: bool) -> None:
    """Race our front-end against the stock ones that are installed."""
    from firmware_bridge.base.files import write_json
    from tools.lab.bench_frontend import hold

    found = hold(clips, rounds)
    if out is not None:
        write_json(out, found.as_dict())
    if as_json:
        console.emit_json(found.as_dict())
    else:
        _show_race(found, rounds)


def _show_race(found: Race, rounds: int) -> None:
    console.emit_text(f"{found.clips}; {found.machine}; best of {rounds} rounds")
    for kind, races in (("whole clips", found.whole_clips), ("1 s clips", found.second_clips)):
        for name, contenders in races.items():
            rows = [["" if cell is None else cell for cell in vars(one).values()] for one in contenders]
            console.emit_table(f"{name}, {kind}", RACE_COLUMNS, rows)
    for name, sizes in found.memory.items():
        console.emit_text(
            f"{name}: tables {sizes['tables']} bytes, state {sizes['state_on_host']} bytes on this host"
        )
    if found.cortex_m7:
        rows = [[name, *sizes.values()] for name, sizes in found.cortex_m7.items()]
        console.emit_table("on the chip", CHIP_COLUMNS, rows)
    for line in found.missing:
        console.log(f"not raced: {line}")


@command.command(name="build")
@options.recipe()
@options.at_once()
@options.as_json()
def build(recipe_name: str, threads: int | None, in_process: bool, as_json: bool) -> None:
    """Make every stage of a recipe anew, in a folder that is removed afterwards; no bundle changes."""
    from tools.lab.bench_build import build_anew
    from tools.verbs.build_model import show_times

    found = build_anew(recipe_name, options.processes(threads, in_process))
    if as_json:
        console.emit_json(found.as_dict())
        return
    show_times(found.stages)
    console.emit_text(f"{found.seconds:.0f} s for {len(found.stages.spent)} stages ({found.machine})")


@command.command(name="edgetpu")
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@options.as_json()
def edgetpu(models: tuple[Path, ...], as_json: bool) -> None:
    """Time analyse and inspect on MODELS; a folder stands for its largest original and compiled file."""
    from edgetpu_models.bench import bench_all

    found = [one.as_dict() for one in bench_all(models)]
    if as_json:
        console.emit_json({"timings": found})
    else:
        rows = [list(one.values()) for one in found]
        console.emit_table("seconds of one core", ("file", "bytes", "verb", "median s", "calls"), rows)


@command.command(name="twin")
@options.bundle()
@click.option(
    "--seconds", type=click.IntRange(6, 60), default=60, show_default=True, help="of audio that is streamed"
)
@options.as_json()
def twin(bundle_dir: Path, seconds: int, as_json: bool) -> None:
    """Stream audio through the emulated firmware: how fast that is, and instructions by function."""
    from firmware_bridge.ports.twin.bench import measure

    found = measure(bundle_dir, seconds)
    if as_json:
        console.emit_json(found.as_dict())
        return
    total = sum(found.by_function.values())
    console.emit_text(
        f"boot: {found.boot_s:.2f} s of one core, {found.boot_instructions:,} instructions\n"
        f"stream: {found.realtime_factor:.1f} times real time on one core, {found.audio_s:.0f} s of audio\n"
        f"emulation: {found.emulation_s:.2f} s, {found.instructions:,} instructions\n"
        f"networks: {found.networks_s:.2f} s"
    )
    dearest = list(found.by_function.items())[:FUNCTIONS]
    rows = [(name, f"{number:,}", f"{100 * number / total:.1f}") for name, number in dearest]
    console.emit_table("Instructions", ("function", "instructions", "%"), rows)


@command.command(name="extract")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="how much speech",
)
@click.option("--encoder", default="whisper-tiny-en", show_default=True, help="see `undertone encoders`")
@click.option("--layer", default="hidden_2", show_default=True, help="the layer that is kept")
@click.option("--workers", type=click.IntRange(1), help="processes; by default one per core")
@options.scheduler()
@options.as_json()
def extract(
    hours: float, encoder: str, layer: str, workers: int | None, scheduler: str | None, as_json: bool
) -> None:
    """Let a foundation model listen to hours of synthetic speech: speed and memory."""
    from train.foundation.cost import MSP_PODCAST_HOURS
    from train.foundation.extraction.bench import listen

    found = listen(hours, encoder, layer, workers, scheduler)
    if as_json:
        console.emit_json(found.as_dict())
        return
    console.emit_text(
        f"{found.hours:.2f} h of synthetic speech ({found.turns} turns), {encoder} up to {layer}\n"
        f"{found.wall_s:.0f} s on {found.workers} workers; {found.hours_there:.2f} h were there\n"
        f"memory: at most {found.largest_bytes / 1e6:.0f} MB a process, {found.whole_bytes / 1e6:.0f} MB in all\n"
        f"{found.shards} shards, {found.kept_bytes / 1e6:.0f} MB; sha256 {found.fingerprint}"
    )
    if found.worker_seconds_per_hour is not None:
        console.emit_text(
            f"measured: {found.worker_seconds_per_hour:.0f} worker-seconds per hour of speech\n"
            f"extrapolated, rate x hours / workers: {MSP_PODCAST_HOURS:g} h take {found.extrapolated()}"
        )
