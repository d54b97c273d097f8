"""`undertone replay`: judge a recorded run again, without a device."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options
from tools.shown_report import show_report


@click.command(name="replay")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@options.bundle("folder of the bundle that was recorded [build/bundle]")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="write the run's page here")
@options.as_json()
def command(file: Path, bundle_dir: Path, html: Path | None, as_json: bool) -> int:
    """Judge the run again that `undertone hil --record FILE` kept: the same verdict, without a device.

    The host's own arithmetic is computed anew from the same samples, and the promises are those of then. Exit status
    1 when the recorded run broke one, or when anything comes out otherwise than it did.
    """
    from firmware_bridge.contract.bundle import load_bundle
    from hil.recording import read_recording
    from hil.report.html import write_html
    from hil.rig.replay import replay

    found = replay(read_recording(file), load_bundle(bundle_dir))
    if html is not None:
        write_html(found.report, html)
        console.log(f"page: {html}")
    show_report(found.report, as_json)
    return 0 if found.report.passed and not found.differences else 1
