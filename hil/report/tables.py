"""The report as tables for a terminal; `tools` prints them."""

from __future__ import annotations

from dataclasses import dataclass

from hil.budgets import Status
from hil.report.model import HilReport
from hil.report.modelled import modelled_rows

MARKS = {Status.KEPT: "✓", Status.BROKEN: "✗", Status.NOT_MEASURED: "–", Status.NOT_ASKED: "–"}


@dataclass(frozen=True)
class Table:
    """A title, column headings, and rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(report: HilReport) -> list[Table]:
    """Return the report's tables in reading order."""
    found = [verdict_table(report), score_table(report), latency_table(report), memory_table(report)]
    chip = modelled_table(report)
    return [*found[:2], chip, *found[2:]] if chip.rows else found


def verdict_table(report: HilReport) -> Table:
    """Return one row per promise: mark, figure with its evidence, limit, and what is wrong."""
    rows = []
    for verdict in report.verdicts:
        budget = verdict.budget
        limit = f"{budget.sign} {budget.limit:,.10g} {budget.unit}".strip()
        figure = str(verdict.quantity) if verdict.quantity else "–"
        margin = str(verdict.margin) if verdict.margin else ""
        rows.append((f"{MARKS[verdict.status]} {verdict.name}", figure, limit, margin, verdict.detail))
    return Table("Budgets", ("promise", "figure", "limit", "margin", "remark"), tuple(rows))


def score_table(report: HilReport) -> Table:
    """Return UAR and macro-F1 of each output beside what guessing would give."""
    rows = tuple(
        (
            name,
            f"{card.uar.value:.1%} [{card.uar.low:.1%}, {card.uar.high:.1%}]",
            f"{card.macro_f1.value:.3f} [{card.macro_f1.low:.3f}, {card.macro_f1.high:.3f}]",
            f"{card.majority['uar']:.1%}",
            f"{card.prior['uar']:.1%}",
            str(card.clips),
            f"{report.seen.score_evidence.value}, {card.speech} speech",
        )
        for name, card in report.cards.items()
    )
    columns = ("output", "UAR", "macro-F1", "majority UAR", "prior UAR", "clips", "evidence")
    return Table(f"Re-recorded speech, channel '{report.channel['name']}'", columns, rows)


def modelled_table(report: HilReport) -> Table:
    """Return what the scores of some segments become under the chip's arithmetic; no rows where it was not run."""
    rows = tuple(
        (
            row.output,
            str(row.clips),
            "–" if row.macro_f1 is None else f"{row.macro_f1:.3f}",
            "–" if row.macro_f1_chip is None else "{:.3f}..{:.3f}".format(*row.macro_f1_chip),
            "{}..{}".format(*row.other_winners),
            str(row.worst_lsb),
        )
        for row in modelled_rows(report.seen)
    )
    columns = ("output", "clips", "macro-F1 kernels", "macro-F1 chip", "other winner", "worst LSB")
    return Table("Under the chip's arithmetic as compiled files show it (modelled)", columns, rows)


def latency_table(report: HilReport) -> Table:
    """Return the stages of one decision."""
    rows = tuple((name, str(stage), stage.source) for name, stage in report.seen.chip.stages_ms.items())
    return Table("From the last sample of a window to its scores", ("stage", "time", "source"), rows)


def memory_table(report: HilReport) -> Table:
    """Return the board's memories."""
    rows = tuple(
        (
            region.name,
            f"{region.used_bytes:,}",
            f"{region.limit_bytes:,}",
            f"{region.used_bytes / region.limit_bytes:.0%}",
            f"{region.evidence.value}: {region.source}",
        )
        for region in report.seen.chip.regions
    )
    return Table("Memory of the board, in bytes", ("memory", "used", "of", "", "source"), rows)


def step_table(report: HilReport) -> Table:
    """Return how long the run's steps took on this machine."""
    rows = tuple(
        (one.step or "the whole run", str(one.items or ""), f"{one.seconds or 0:.1f} s", str(one.outcome))
        for one in report.steps
    )
    return Table("Steps of this run, by this machine's clock", ("step", "items", "time", "outcome"), rows)
