"""Mitra's page: everything about a corpus and some systems on one self-contained page, and the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_bridge.base.files import write_bytes
from firmware_bridge.base.templates import render
from train.mitra import pictures, tables
from train.mitra.comparison import Comparison
from train.mitra.saliency import LayerTable
from train.mitra.tables import Table
from train.mitra.targets import TargetComparison
from train.mitra.trivial import TRIVIAL
from train.mitra.votes import VoteFacts

TEMPLATE = Path(__file__).with_name("templates") / "page.html"


@dataclass(frozen=True)
class Page:
    """What a page shows; what is not there has no section.

    Attributes:
        title: What it is about.
        speech: `real` or `synthetic`.
        evidence: How the scores came to be: `measured` for float networks on this computer, `simulated` or
            `modelled` for int8 ones.
        comparison: The systems' tables.
        layers: Saliency and probe of networks' layers.
        targets: Votes against consensus.
        votes: What votes alone tell.
        notes: What a reader must know.
    """

    title: str
    speech: str
    evidence: str
    comparison: Comparison | None = None
    layers: tuple[LayerTable, ...] = ()
    targets: tuple[TargetComparison, ...] = ()
    votes: VoteFacts | None = None
    notes: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """`LEAKS SPEAKERS` as soon as one part leaks, else nothing."""
        parts = (self.comparison, *self.layers, *self.targets)
        return max((part.warning for part in parts if part is not None), default="")

    def as_dict(self) -> dict[str, Any]:
        """Return the page as JSON-ready data, without pictures."""
        return {
            "title": self.title,
            "speech": self.speech,
            "evidence": self.evidence,
            "warning": self.warning,
            "notes": list(self.notes),
            "comparison": self.comparison.as_dict() if self.comparison else None,
            "layers": [one.as_dict() for one in self.layers],
            "targets": [one.as_dict() for one in self.targets],
            "votes": self.votes.as_dict() if self.votes else None,
        }


@dataclass(frozen=True)
class Picture:
    """A picture as a data address, and what it shows in words."""

    address: str
    words: str


def render_page(page: Page) -> str:
    """Return the page as HTML that needs nothing else. Everything that comes from outside is escaped."""
    return render(
        TEMPLATE,
        True,
        page=page,
        tables=tables.comparison_tables(page.comparison) if page.comparison else {},
        images=_images(page.comparison) if page.comparison else {},
        guesses=_guesses(page.comparison) if page.comparison else [],
        layers=[(tables.saliency_table(one), _layer_images(one)) for one in page.layers],
        targets=[tables.target_table(one) for one in page.targets],
        votes=tables.vote_table(page.votes) if page.votes else None,
        vote_images=_vote_images(page.votes) if page.votes else [],
    )


def write_page(page: Page, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    write_bytes(path, render_page(page).encode())


def _images(found: Comparison) -> dict[str, list[Picture]]:
    """Return the pictures of a comparison by section."""
    stamp = found.warning
    curves = [
        Picture(
            pictures.speaker_curves(
                {name: table.curve[n] for name, table in found.people.items()},
                f"{n} guess{'es' if n != '1' else ''}",
                stamp,
            ),
            f"share of speakers above each threshold with {n} guesses",
        )
        for n in ("1", "2", "3")
    ]
    heard = {name: table for name, table in found.people.items() if name != TRIVIAL}
    points = {
        name: [(person.unevenness, person.uar["1"]) for person in table.people.values()]
        for name, table in heard.items()
    }
    genders = [
        Picture(
            pictures.gender_curves(table.groups["female"].curve, table.groups["male"].curve, name, stamp),
            f"women and men above each threshold, {name}",
        )
        for name, table in found.genders.items()
        if name != TRIVIAL
    ]
    scattered = any(table.correlation is not None for table in heard.values())
    scatter = (
        [Picture(pictures.unevenness(points, stamp), "each speaker's UAR over unevenness")]
        if scattered
        else []
    )
    return {"curves": curves, "speakers": scatter, "genders": genders}


def _guesses(found: Comparison) -> list[tuple[Table, list[Picture]]]:
    """Return each system's table of classes and its two confusion matrices."""
    return [
        (
            tables.class_table(found, name),
            [
                Picture(
                    pictures.confusion(cells, table.labels, f"{name}: {which} guess", found.warning),
                    f"confusions of the {which} guess, {name}",
                )
                for which, cells in (("first", table.first), ("second", table.second))
            ],
        )
        for name, table in found.guesses.items()
    ]


def _layer_images(table: LayerTable) -> list[Picture]:
    return [
        Picture(
            pictures.saliency_by_layer(table), f"saliency of each layer of {table.network} for each target"
        ),
        Picture(pictures.probe_by_layer(table), f"what a probe reaches on each layer of {table.network}"),
        Picture(
            pictures.rank_against_probe(table), "rank of each layer by saliency against rank by the probe"
        ),
    ]


def _vote_images(found: VoteFacts) -> list[Picture]:
    shown = [Picture(pictures.entropies(found.entropy_histogram), "how far raters disagree")]
    if found.heard_as is not None:
        shown.append(
            Picture(
                pictures.heard_as(found.heard_as, found.labels), "what raters hear in each intended class"
            )
        )
    return shown
