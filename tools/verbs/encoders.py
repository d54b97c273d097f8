"""`undertone encoders`: foundation models at hand, what each layer costs, what a cut saves, what a layer holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools import console, options

if TYPE_CHECKING:
    from train.foundation.cost import Cost
    from train.foundation.cut import Saved
    from train.foundation.encoder import Encoder
    from train.foundation.sweep import Deal, Sweep

RESULTS = Path(__file__).resolve().parent.parent / "build" / "foundation"


def at_hand() -> list[dict[str, Any]]:
    """Return one entry per known encoder: name, state, and what it is where it is here."""
    from firmware_bridge.base.errors import UndertoneError
    from train.foundation.catalogue import encoder_names, open_encoder

    found: list[dict[str, Any]] = []
    for name in encoder_names():
        try:
            encoder = open_encoder(name)
        except UndertoneError as error:
            found.append({"name": name, "state": "missing", "why": error.what, "remedy": error.remedy})
            continue
        last = encoder.layers[-1]
        found.append(
            {
                "name": name,
                "state": "found",
                "layers": len(encoder.layers),
                "width": last.width,
                "frame_rate": encoder.about.frame_rate,
                "parameters": last.parameters,
                "licence": encoder.about.licence,
            }
        )
    return found


def show_at_hand(entries: list[dict[str, Any]]) -> None:
    """Print the encoders."""
    rows = [
        (
            each["name"],
            each["layers"],
            each["width"],
            f"{each['frame_rate']:.2f}",
            _short(each["parameters"]),
        )
        if each["state"] == "found"
        else (each["name"], "-", "-", "-", "missing")
        for each in entries
    ]
    console.emit_table(
        "foundation models at hand", ("name", "outputs", "width", "steps/s", "parameters"), rows
    )
    console.emit_text("others: onnx:FILE, checkpoint:FOLDER, hub:OWNER/NAME@COMMIT")


def show_layers(encoder: Encoder, saved: list[Saved], swept: Sweep | None) -> None:
    """Print what every layer costs and, where it was asked, what it holds."""
    columns = ["cut after", "width", "parameters", "multiply-adds", "compute saved"]
    rows: list[list[str]] = [
        [
            each.layer,
            str(encoder.layer(each.layer).width),
            _short(each.parameters),
            _short(each.multiply_adds),
            f"{100 * each.compute_saved:.1f} %",
        ]
        for each in saved
    ]
    if swept is not None:
        columns += ["probe UAR", "saliency"]
        for row, score in zip(rows, swept.scores, strict=True):
            row += [f"{100 * score.probe_uar:.1f}", f"{score.saliency:.4f}"]
    about = encoder.about
    title = (
        f"{about.name}: {about.frame_rate:.2f} steps/s, {about.licence}; one clip of {saved[0].seconds:g} s"
    )
    console.emit_table(title, columns, rows)
    if swept is not None:
        agreement = "none" if swept.rank_correlation is None else f"{swept.rank_correlation:+.2f}"
        console.emit_text(
            f"probe: logistic regression on mean and deviation over time, {swept.clips} clips;\n"
            f"{swept.folds} {swept.deal} folds of unheard speakers; best at {swept.best.layer}\n"
            f"saliency: Mitra et al., equations 1-3; its rank correlation with the probe: {agreement}"
        )


def show_costs(costs: list[Cost]) -> None:
    """Print what an hour of speech costs, and the extrapolation to a large corpus."""
    from train.foundation.cost import MSP_PODCAST_HOURS, WORKERS, duration

    rows = [
        [
            cost.layer,
            f"{cost.core_seconds:.0f} s",
            f"{3600 / cost.core_seconds:.0f} x",
            f"{cost.kept_bytes / 1e6:.0f} MB",
            *(duration(hours) for hours in cost.hours_for().values()),
        ]
        for cost in costs
    ]
    columns = ["cut after", "one core", "real time", "kept", *(f"on {count}" for count in WORKERS)]
    console.emit_table(
        f"{costs[0].encoder}: an hour of speech; {MSP_PODCAST_HOURS:g} h on workers", columns, rows
    )
    console.emit_text(
        f"one core: measured here on clips of {costs[0].clip_seconds:g} s; kept: float16 sequences\n"
        f"{MSP_PODCAST_HOURS:g} h (MSP-Podcast): extrapolated, rate x hours / workers;\n"
        "reading files, the network and the last worker come on top"
    )


def _short(count: int) -> str:
    """Return a count in thousands or millions."""
    if count < 100_000:
        return f"{count / 1e3:.1f} K"
    return f"{count / 1e6:.2f} M" if count < 100e6 else f"{count / 1e6:.0f} M"


@click.command(name="encoders")
@click.argument("name", required=False)
@click.option(
    "--seconds", default=5.0, show_default=True, help="length of the clip that costs are counted for"
)
@click.option("--cost", "with_cost", is_flag=True, help="time an hour of speech on this computer")
@click.option("--check-cut", is_flag=True, help="compare the cut network with the whole one at every layer")
@click.option("--sweep", "corpus_name", help="score every layer on CORPUS[:PATH], speakers left out in folds")
@options.speakers()
@click.option("--folds", default=6, show_default=True, help="parts that the speakers are dealt into")
@click.option(
    "--deal",
    type=click.Choice(["interleaved", "consecutive"]),
    default="interleaved",
    show_default=True,
    help="who shares a fold: actors 01, 07, 13, or 01-03 as in `undertone folds`",
)
@options.scheduler()
@options.as_json()
def command(
    name: str | None,
    seconds: float,
    with_cost: bool,
    check_cut: bool,
    corpus_name: str | None,
    speakers: str | None,
    folds: int,
    deal: Deal,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Show foundation models at hand, or of NAME what each layer costs and what cutting there saves."""
    from train.foundation.catalogue import open_encoder
    from train.foundation.cost import measure_cost
    from train.foundation.cut import largest_difference, saved_by_cut

    if name is None:
        entries = at_hand()
        if as_json:
            console.emit_json({"encoders": entries})
        else:
            show_at_hand(entries)
        return 0
    encoder = open_encoder(name)
    saved = [saved_by_cut(encoder, layer, seconds) for layer in encoder.layer_names]
    swept = None
    if corpus_name is not None:
        swept = _sweep(name, corpus_name, speakers, folds, deal, scheduler)
    costs = [measure_cost(encoder, layer, seconds) for layer in encoder.layer_names] if with_cost else []
    differences = {x: largest_difference(encoder, x) for x in encoder.layer_names} if check_cut else {}
    if as_json:
        console.emit_json(
            {
                "encoder": encoder.about.name,
                "frame_rate": encoder.about.frame_rate,
                "layers": [{"width": encoder.layer(each.layer).width, **each.as_dict()} for each in saved],
                "sweep": None if swept is None else swept.as_dict(),
                "cost": [cost.as_dict() for cost in costs],
                "cut_differences": differences,
            }
        )
    else:
        show_layers(encoder, saved, swept)
        if costs:
            show_costs(costs)
        for layer, difference in differences.items():
            how = "bit-equal" if difference == 0 else f"differs by {difference:.1e}"
            console.emit_text(f"cut after {layer}: {how}")
    return 0


def _sweep(
    name: str, corpus_name: str, speakers: str | None, folds: int, deal: Deal, scheduler: str | None
) -> Sweep:
    """Score every layer on a corpus."""
    from train.corpora import load_corpus
    from train.foundation.sweep import sweep

    corpus = load_corpus(corpus_name)
    clips = corpus.with_audio()
    if speakers:
        clips = tuple(clip for clip in corpus.of(speakers.split(",")) if clip.has_audio)
    place = RESULTS / f"{corpus.name}-{''.join(c if c.isalnum() or c in '.-' else '_' for c in name)}"
    return sweep(name, corpus, clips, place, folds, deal, scheduler)
