"""How long a whole build takes from nothing, stage by stage."""

from __future__ import annotations

import platform
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import click

from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.paths import BUILD
from tools import console, options


@click.command(name="bench-build")
@options.recipe()
@options.at_once()
@options.as_json()
def command(recipe_name: str, threads: int | None, in_process: bool, as_json: bool) -> None:
    """Make every stage of a recipe anew, in a folder that is removed afterwards; no bundle changes."""
    from tools.pipeline.inputs import effective_recipe, gather
    from tools.pipeline.stages import Stages
    from tools.verbs.build_model import make_everything, show_times

    count = options.processes(threads, in_process)
    BUILD.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-") as folder:
        stages = Stages(Path(folder))
        make_everything(gather(effective_recipe(recipe_name)), stages, count)
    seconds = time.monotonic() - started
    machine = f"{platform.machine()}, {usable_cores()} cores, {count or 'no'} processes beside this one"
    if as_json:
        console.emit_json(
            {
                "machine": machine,
                "seconds": seconds,
                "stages": {name: asdict(spent) for name, spent in stages.spent.items()},
            }
        )
        return
    show_times(stages)
    console.emit_text(f"{seconds:.0f} s for {len(stages.spent)} stages ({machine})")


if __name__ == "__main__":
    with console.showing():
        command()
