"""`undertone compare`: two bundles, or two runs of the rig, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from firmware_bridge.protocol.engine import PCM
    from hil.compare import Comparison

# A page holds so many flipped clips to listen to, about 130 kB each.
LISTENED = 12
# Rows of a table of clips on a terminal; the page and the JSON have all.
SHOWN = 20


@click.command(name="compare")
@click.argument("first", type=click.Path(path_type=Path, exists=True))
@click.argument("second", type=click.Path(path_type=Path, exists=True))
@options.corpus("what both bundles answer to; by default the first bundle's own")
@click.option("--limit", default=240, show_default=True, help="most clips to answer to; 0 for all")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="write a page here")
@click.option("--gate", is_flag=True, help="exit status 1 where the second is proven worse")
@options.as_json()
def command(
    first: Path, second: Path, corpus: str | None, limit: int, html: Path | None, gate: bool, as_json: bool
) -> int:
    """Compare two bundles, or two runs of `undertone hil` (a report.json, or its folder).

    Every difference is SECOND minus FIRST. Bundles answer to the same clips of speakers that neither has heard, on
    this computer; the differences of accuracy are paired, with intervals over speakers.
    """
    from hil.compare.page import write_page

    found, sounds = _compare(first, second, corpus, limit, html is not None)
    if html is not None:
        write_page(found, html, sounds)
        console.log(f"page: {html}")
    if as_json:
        console.emit_json(found.as_dict())
    else:
        _show(found)
    return 1 if gate and found.worse else 0


def _compare(
    first: Path, second: Path, corpus: str | None, limit: int, listen: bool
) -> tuple[Comparison, dict[str, PCM]]:
    """Return the comparison, and the sound of clips that flipped where it is asked for and at hand."""
    from firmware_bridge.contract.bundle import load_bundle
    from hil.compare import compare
    from hil.compare.bundle_side import bundle_sides, choose_clips
    from hil.compare.comparison import DECISIVE
    from hil.compare.run_side import are_runs, run_side
    from train.evaluation.on_corpus import sound_of

    if are_runs(first, second, corpus):
        return compare(run_side(first), run_side(second)), {}
    bundles = load_bundle(first), load_bundle(second)
    clips = choose_clips(*bundles, corpus, limit or None)
    found = compare(*bundle_sides(*bundles, clips))
    if not listen or clips.chosen is None:
        return found, {}
    # The same clips are in both choices.
    flips = found.outputs[DECISIVE].flips[:LISTENED]
    return found, sound_of(clips.chosen[0], [one.clip for one in flips])


def _show(found: Comparison) -> None:
    from hil.compare.tables import tables, unchanged

    console.emit_lines(found.verdict)
    for line in found.notes:
        console.emit_lines(line)
    for table in tables(found, SHOWN):
        console.emit_table(table.title, table.columns, table.rows, console.NARROW)
    if same := unchanged(found):
        console.emit_lines(f"Nothing differs in: {', '.join(same)}.")
