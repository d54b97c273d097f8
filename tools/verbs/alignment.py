"""`undertone alignment`: every implementation of the front-end on golden vectors, in LSB."""

from __future__ import annotations

from pathlib import Path

import click

from firmware_bridge.base.paths import BUILD
from tools import console, options


@click.command(name="alignment")
@click.option(
    "--clips",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="recordings beside the golden signals; 0 for all",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=BUILD / "alignment",
    help="folder of the report [build/alignment]",
)
@options.as_json()
def command(clips: int, out: Path, as_json: bool) -> int:
    """Compare ours with NumPy, the emulated chip and the stock front-ends; exit status 1 on any difference."""
    from dataclasses import asdict

    from tools.lab.alignment import align, write_report

    verdict = align(clips)
    file = write_report(verdict, out)
    if as_json:
        console.emit_json(verdict.as_dict())
    else:
        rows = [asdict(row) for row in verdict.rows]
        console.emit_table("Front-end alignment", list(rows[0]), [list(row.values()) for row in rows])
        console.emit_text(f"{'0 LSB everywhere' if verdict.aligned else 'DIFFERENCES'}; report: {file}")
    for line in verdict.notes:
        console.log(line)
    return int(not verdict.aligned)
