"""`undertone hil`: stream re-recorded speech through a device and hold the promises of budgets.toml."""

from __future__ import annotations

from pathlib import Path

import click

from firmware_bridge.base.paths import BUDGETS, BUILD
from tools import options
from tools.shown_report import show_report


@click.command(help="Stream re-recorded speech of unheard speakers through a device and check the budgets.")
@click.option(
    "--dut",
    default="host",
    show_default=True,
    help="host, twin, board (looked for on USB) or board:PORT (any pyserial URL)",
)
@options.bundle()
@options.clips()
@options.channel()
@click.option("--limit", default=240, show_default=True, help="most segments to stream; 0 for all")
@click.option("--budgets", "budget_file", type=click.Path(path_type=Path), help="budget file [budgets.toml]")
@click.option(
    "--out", type=click.Path(path_type=Path), default=BUILD / "hil", help="report folder [build/hil]"
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help="keep what passes between host and device here, for `undertone replay`",
)
@options.as_json()
def command(
    dut: str,
    bundle_dir: Path,
    corpus: str,
    channel: str,
    limit: int,
    budget_file: Path | None,
    out: Path,
    record: Path | None,
    as_json: bool,
) -> int:
    """Run the rig; exit status 1 when a promise is broken."""
    from firmware_bridge.base.errors import UnknownName
    from firmware_bridge.contract.bundle import load_bundle
    from hil.budgets import load_budgets
    from hil.devices import open_device
    from hil.rig.rerecord import CHANNELS
    from hil.rig.run import run_hil
    from tools.board.find import with_port
    from tools.health.system import System
    from tools.pipeline.segments import segments_for
    from train.corpora.noise import load_noises, load_rooms

    if channel not in CHANNELS:
        raise UnknownName("channel", channel, CHANNELS)
    budgets = load_budgets(budget_file or BUDGETS)
    bundle = load_bundle(bundle_dir)
    device = open_device(with_port(dut, lambda: System().boards()), bundle.directory)
    segments = segments_for(bundle, corpus, limit or None)
    report = run_hil(
        device,
        bundle,
        segments,
        CHANNELS[channel],
        budgets,
        out,
        rooms=load_rooms("test"),
        noises=load_noises("test"),
        record=record,
    )
    show_report(report, as_json)
    return 0 if report.passed else 1
