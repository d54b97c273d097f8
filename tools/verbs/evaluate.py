"""`undertone evaluate`: score a bundle on a corpus, speaker by speaker, as the device would hear it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware_bridge.base.errors import UnknownName
from firmware_bridge.base.files import write_bytes
from tools import console, options

if TYPE_CHECKING:
    from firmware_bridge.contract.bundle import Bundle
    from train.evaluation.on_corpus import Evaluation
    from train.mitra.bundles import Size

OUTPUTS = ("acoustic", "keyword", "fused")
EVIDENCE = {"reference": "simulated", "edgetpu-model": "modelled"}  # of each executor's scores


@click.command(name="evaluate")
@options.bundle()
@options.corpus("by default the bundle's own")
@options.speakers("names, comma-separated; by default all that the bundle has not heard")
@click.option(
    "--executor",
    default="reference",
    show_default=True,
    help="reference, or edgetpu-model: the chip's arithmetic",
)
@click.option("--limit", type=click.IntRange(min=1), help="at most so many clips, spread over all")
@click.option("--plot", type=click.Path(path_type=Path), help="write a picture of the confusions here (PNG)")
@options.html("write all of Mitra's tables for the three outputs here, as one page")
@click.option("--noise", is_flag=True, help="for the page: also at 15 and 5 dB of noises kept for tests")
@options.as_json()
def command(
    bundle_dir: Path,
    corpus: str | None,
    speakers: str | None,
    executor: str,
    limit: int | None,
    plot: Path | None,
    html: Path | None,
    noise: bool,
    as_json: bool,
) -> None:
    """Score a bundle's acoustic, keyword and fused outputs on speakers that it has never heard.

    The int8 networks run on the reference kernels (`simulated`), or under the chip's arithmetic as compiled files
    show it (`modelled`).
    """
    from firmware_bridge.contract.bundle import load_bundle
    from train.evaluation.on_corpus import choose, evaluate

    if executor not in EVIDENCE:
        raise UnknownName("executor", executor, EVIDENCE)
    bundle = load_bundle(bundle_dir)
    chosen = choose(bundle, corpus, speakers.split(",") if speakers else None, limit)
    device = None
    if executor == "edgetpu-model":
        from hil.chip.arithmetic import modelled_device

        device = modelled_device(bundle)
    found = evaluate(bundle, chosen, device)
    if plot is not None:
        from hil.report.pictures import confusions

        write_picture(plot, confusions(found.cards))
    data = as_data(found, EVIDENCE[executor])
    if html is not None:
        from train.mitra.bundles import bundle_page
        from train.mitra.page import write_page

        page = bundle_page(bundle, chosen, found, sizes(bundle), EVIDENCE[executor], device, noise)
        write_page(page, html)
        data["page"] = page.as_dict()
    if as_json:
        console.emit_json(data)
    else:
        show(found, EVIDENCE[executor])


def sizes(bundle: Bundle) -> dict[str, Size]:
    """Return what each output costs: its networks' parameters, and their multiply-adds for a second of speech.

    A window is scored as often as windows begin; heads of fusion are counted as the weights that they are.
    """
    from edgetpu_models.analyse import analyse
    from train.mitra.bundles import Size

    manifest, windows = bundle.manifest, 1000 / bundle.manifest.windowing.hop_ms
    branches = {}
    for branch in ("acoustic", "keyword"):
        network = analyse(bundle.path(manifest.models[branch])).networks[0]
        work = sum(row.macs for row in network.rows)
        branches[branch] = Size(network.parameters, round(work * windows))
    acoustic, keyword = branches["acoustic"], branches["keyword"]
    heads = {"keyword": manifest.keyword_vote, "fused": manifest.fusion}
    extra = {name: head.weight.size + head.bias.size for name, head in heads.items()}
    return {
        "acoustic": acoustic,
        "keyword": Size(
            keyword.parameters + extra["keyword"],
            keyword.multiply_adds + round(manifest.keyword_vote.weight.size * windows),
        ),
        "fused": Size(
            acoustic.parameters + keyword.parameters + extra["fused"],
            acoustic.multiply_adds + keyword.multiply_adds + round(manifest.fusion.weight.size * windows),
        ),
    }


def write_picture(path: Path, address: str) -> None:
    """Write a picture that is given as a data address (`data:image/png;base64,...`)."""
    write_bytes(path, base64.b64decode(address.partition(",")[2]))


def as_data(found: Evaluation, evidence: str = "simulated") -> dict[str, Any]:
    """Return what `--json` prints."""
    cards = {name: card.as_dict() for name, card in found.cards.items()}
    return {
        "bundle": found.bundle_id,
        "corpus": found.corpus,
        "speakers": list(found.speakers),
        "clips": found.clips,
        "left_out": found.left_out,
        "evidence": evidence,
        "speech": found.speech,
        "scores_sha256": found.scores_sha256,
        "outputs": cards,
    }


def show(found: Evaluation, evidence: str = "simulated") -> None:
    """Print the scorecards for people."""
    if found.speech == "synthetic":
        console.emit_text("SYNTHETIC speech: every score below is about synthetic voices, not about people.")
    _summary(found, evidence)
    best = found.cards["fused"]
    rows = []
    for label, facts in best.per_class.items():
        recalls = [_percent(found.cards[name].per_class[label]["recall"]) for name in OUTPUTS]
        rows.append((label, facts["clips"], *recalls, _percent(facts["precision"]), _percent(facts["f1"])))
    columns = ("class", "clips", *(f"recall {name}" for name in OUTPUTS), "precision fused", "F1 fused")
    console.emit_table("Classes, %", columns, rows)
    for name in ("acoustic", "fused"):
        counts = found.cards[name].confusion
        table = [(label, *row) for label, row in zip(best.labels, counts, strict=True)]
        console.emit_table(f"Confusion, {name} (rows are true)", ("", *best.labels), table)
    people = [
        (name, *(_percent(found.cards[output].per_speaker[name]) for output in OUTPUTS))
        for name in best.per_speaker
    ]
    console.emit_table("UAR of each speaker, %", ("speaker", *OUTPUTS), people)
    for label, clips in found.left_out.items():
        console.emit_text(f"Left out: {clips} clips labelled '{label}', which the bundle does not know.")
    console.emit_text("These clips hold no keyword: the keyword output says what hearing none suggests.")


def _summary(found: Evaluation, evidence: str) -> None:
    """Print UAR, macro-F1 and n-best of every output beside the trivial predictors."""
    rows: list[tuple[str, ...]] = []
    for name in OUTPUTS:
        card = found.cards[name]
        spans = [
            f"{100 * v.value:.1f} [{100 * v.low:.1f}..{100 * v.high:.1f}]" for v in (card.uar, card.macro_f1)
        ]
        rows.append((name, *spans, *(_percent(card.n_best_uar[n]) for n in ("2", "3"))))
    card = found.cards["acoustic"]
    for name, trivial in (("always the commonest class", card.majority), ("guessing by priors", card.prior)):
        rows.append((name, _percent(trivial["uar"]), _percent(trivial["macro_f1"]), "", ""))
    title = f"{found.corpus}: {found.clips} clips of {len(found.speakers)} unseen speakers, % ({evidence})"
    console.emit_table(title, ("output", "UAR", "macro-F1", "2-best UAR", "3-best UAR"), rows)


def _percent(ratio: float | None) -> str:
    """Return a ratio in percent, `-` where it is not defined."""
    return "-" if ratio is None else f"{100 * ratio:.1f}"
