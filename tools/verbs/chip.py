"""`undertone chip`: what was measured of the firmware's builds, and which figures are the committed ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from firmware_bridge.chip.facts import Facts


@click.group(name="chip")
def command() -> None:
    """Memory and instructions of a build, as they are committed for machines that cannot build it.

    Each of the commands below has --json.
    """


@command.command(name="show")
@click.argument("port")
@options.as_json()
def show(port: str, as_json: bool) -> None:
    """Say which facts of PORT (coralmicro, twin) are committed, and how old they are."""
    from firmware_bridge.chip.commit import committed

    _emit(committed(port), as_json)


@command.command(name="adopt")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--origin", default="", help="how it was built, where that is not the usual way")
@options.as_json()
def adopt(file: Path, origin: str, as_json: bool) -> None:
    """Commit the facts of a build: FILE is its facts.json."""
    from firmware_bridge.chip import commit

    _emit(commit.adopt(file, origin), as_json)


@command.command(name="acknowledge")
@click.argument("port")
@options.as_json()
def acknowledge(port: str, as_json: bool) -> None:
    """Say that the sources of PORT have changed and cannot be built here; reports go on saying that a figure is old."""
    from firmware_bridge.chip import commit

    _emit(commit.acknowledge(port), as_json)


@command.command(name="count")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for facts.json")
@options.as_json()
def count(out: Path, as_json: bool) -> None:
    """Count instructions of the core's stages on the emulated Cortex-M7, for three front-ends; for `adopt`."""
    from firmware_bridge.ports.twin.count import count_presets

    facts = count_presets()
    file = facts.write(out)
    _emit(facts, as_json)
    console.log(f"wrote {file}")


def _emit(facts: Facts, as_json: bool) -> None:
    """Print facts: all of them for a program; their age, and what a stage costs, for people."""
    if as_json:
        console.emit_json({"current": facts.current, **facts.model_dump(mode="json")})
        return
    console.emit_text(facts.age())
    if facts.instructions:
        rows = [
            (one.name, f"{one.frame:,.0f}", f"{one.scaled_value:.2f}", f"{one.fusion_weight:.2f}")
            for one in facts.instructions
        ]
        columns = ("front-end", "a frame", "a scaled value", "a weight of the fusion head")
        console.emit_table("Instructions (emulated)", columns, rows)
