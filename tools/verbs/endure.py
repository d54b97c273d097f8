"""`undertone endure`: power cuts, TPU faults and bad lines by the thousand; the device must come through."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options

SHOWN = 20


@click.group(name="endure")
def command() -> None:
    """Let the worst happen again and again: afterwards everything must be whole.

    Exit status 1 when something was not. Each of the commands below has --json.
    """


@command.command(name="powercut")
@options.bundle()
@click.option("--device", default="host", show_default=True, help="whose power is cut: host or twin")
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="ways of leaving an operation half done",
)
@click.option(
    "--every", type=click.IntRange(1), default=1, show_default=True, help="cut at every Nth operation only"
)
@options.as_json()
def powercut(bundle_dir: Path, device: str, seeds: int, every: int, as_json: bool) -> int:
    """Cut the power at every flash operation of an update: the old or the new bundle must answer."""
    from hil.endurance.powercut import sweep_bundle

    found = sweep_bundle(device, bundle_dir, seeds, every)
    if as_json:
        console.emit_json({"device": device, **found.as_dict()})
    else:
        console.emit_text("\n".join([f"{device}: {found}", *found.failures]))
    return int(bool(found.failures))


@command.command(name="schedules")
@options.bundle()
@options.count("how many schedules", 10_000)
@click.option("--first", default=0, show_default=True, help="the first seed; the others follow it")
@options.as_json()
def schedules(bundle_dir: Path, count: int, first: int, as_json: bool) -> int:
    """Let the Edge TPU fail, hang and vanish, and reset the emulated firmware, by seed: it must come back."""
    from firmware_bridge.ports.twin.schedules import Schedules

    found = Schedules(bundle_dir).run_all(count, first)
    if as_json:
        console.emit_json(found.as_dict())
        return int(bool(found.lost))
    console.emit_text(
        f"seeds {first} to {first + count - 1}: {count - len(found.lost)} of {count} came back; "
        f"{found.restarts} restarts; last starts: {found.last_starts}; {found.seconds:.0f} s"
    )
    for one in found.lost[:SHOWN]:
        console.emit_text(f"seed {one.seed}: {one.wrong}")
    return int(bool(found.lost))


@command.command(name="link")
@options.count("how many segments, each under faults of its own", 10_000)
@options.seed("of the first; the others follow it")
@options.as_json()
def link(count: int, seed: int, as_json: bool) -> int:
    """Drop, flip, double and delay bytes of the line: each call ends with the right data or a typed error, in time."""
    from hil.endurance.soak import soak

    found = soak(count, seed)
    if as_json:
        console.emit_json(found.as_dict())
        return int(not found.good)
    console.emit_text(
        f"{count:,} segments: {found.right:,} right, {found.typed:,} ended with a typed error, "
        f"{len(found.wrong)} wrong, {len(found.late)} late"
    )
    for what, bad in (("wrong data", found.wrong), ("late", found.late)):
        for number in bad[:SHOWN]:
            console.emit_text(f"seed {number}: {what}")
    return int(not found.good)
