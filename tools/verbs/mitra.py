"""`undertone mitra`: every table and figure of Mitra et al. for a corpus, from a foundation model's layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from train.mitra.page import Page

NO_ENCODER = "none"


@click.command(name="mitra")
@click.argument("corpus")
@click.option(
    "--encoder",
    "encoder_name",
    default="whisper-tiny-en",
    show_default=True,
    help=f"whose layers are heard (`undertone encoders`); {NO_ENCODER} for filterbank and pitch alone",
)
@click.option("--folds", default=6, show_default=True, help="parts that the speakers are left out in")
@click.option("--noise", is_flag=True, help="also at 15 and 5 dB of noises kept for tests")
@click.option("--sample", default=30_000, show_default=True, help="utterances drawn for saliency")
@options.seed("for draws, probes and intervals")
@options.html("write all tables and pictures here, as one page")
@options.as_json()
def command(
    corpus: str,
    encoder_name: str,
    folds: int,
    noise: bool,
    sample: int,
    seed: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Compare the salient, the probed and the last layer of a foundation model with filterbank and pitch on CORPUS.

    Each is heard by a plain regression, on speakers left out in folds. Where the corpus has raters, training on their
    votes is set against training on their consensus; of a corpus without sound the votes alone are looked at. Sound
    and layers are held in memory: meant for hours of speech, not for hundreds.
    """
    from train.corpora import load_corpus
    from train.foundation.catalogue import open_encoder
    from train.mitra.page import write_page
    from train.mitra.study import study

    loaded = load_corpus(corpus)
    audible = any(clip.has_audio for clip in loaded.clips)
    encoder = open_encoder(encoder_name) if audible and encoder_name != NO_ENCODER else None
    page = study(loaded, encoder, folds, noise, sample, seed)
    if html is not None:
        write_page(page, html)
    if as_json:
        console.emit_json(page.as_dict())
    else:
        show(page)


def show(page: Page) -> None:
    """Print the page's tables for people; pictures and single speakers are in the page alone."""
    from train.mitra import tables

    if page.speech == "synthetic":
        console.emit_text("SYNTHETIC speech: every figure below is about synthetic voices, not about people.")
    shown = []
    if page.comparison is not None:
        found = tables.comparison_tables(page.comparison)
        shown += [table for name, table in found.items() if name != "people" and table.rows]
    shown += [tables.saliency_table(one) for one in page.layers]
    shown += [tables.target_table(one) for one in page.targets]
    shown += [tables.vote_table(page.votes)] if page.votes else []
    mark = f"{page.warning}: " if page.warning else ""
    for table in shown:
        console.emit_table(
            f"{mark}{table.title} ({page.evidence}, {page.speech} speech)", table.columns, table.rows
        )
        console.emit_text(f"{mark}{table.note}")
    for note in page.notes:
        console.emit_text(note)
