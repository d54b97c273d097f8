"""The comparison as tables that fit 80 columns; `tools` prints them, the page shows the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firmware_bridge.base.evidence import Quantity
from hil.compare.comparison import DECISIVE, Comparison
from hil.compare.figures import Change
from hil.compare.paired import Paired
from hil.report.tables import Table
from train.evaluation.bootstrap import Interval

_LONGEST = 26  # characters of a setting's value


def tables(found: Comparison, most: int | None = None) -> list[Table]:
    """Return the tables of what differs, in reading order; a group in which nothing does is named by `unchanged`.

    Args:
        found: The comparison.
        most: So many rows of each table of clips and confusions, and only those of the decisive output; None for all.
    """
    made = [accuracy_table(found)] if found.outputs else []
    for name, one in found.outputs.items():
        if most is None or name == DECISIVE:
            parts = speaker_table(one), _first(confusion_table(one), most), _first(flip_table(one), most)
            made += [table for table in parts if table.rows]
    made += [table for group in found.changes if (table := figure_table(found, group)).rows]
    changed = change_table(found)
    return [*made, changed] if changed.rows else made


def _first(table: Table, most: int | None) -> Table:
    if most is None or len(table.rows) <= most:
        return table
    return replace(
        table, title=f"{table.title} (the first {most} of {len(table.rows)})", rows=table.rows[:most]
    )


def unchanged(found: Comparison) -> list[str]:
    """Return the groups of figures in which nothing differs."""
    return [group for group, rows in found.changes.items() if rows and not any(one.differs for one in rows)]


def accuracy_table(found: Comparison) -> Table:
    """Return UAR and macro-F1 of each output on both sides, and the paired difference with its interval."""
    rows = []
    for name, one in found.outputs.items():
        for metric, pair, gap in (
            ("UAR", one.uar, one.uar_difference),
            ("macro-F1", one.macro_f1, one.macro_f1_difference),
        ):
            ends = f"{100 * pair[0]:.1f}", f"{100 * pair[1]:.1f}"
            rows.append((name, metric, *ends, span(gap), one.verdict if metric == "UAR" else ""))
    speakers = max((len(one.per_speaker) for one in found.outputs.values()), default=0)
    clips = max((one.clips for one in found.outputs.values()), default=0)
    title = f"Accuracy, %: {clips} clips of {speakers} speakers, second minus first"
    return Table(title, ("output", "", "first", "second", "difference", "verdict"), tuple(rows))


def span(gap: Interval) -> str:
    """Return a difference of ratios in points, with its interval."""
    return f"{100 * gap.value:+.1f} [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"


def speaker_table(one: Paired) -> Table:
    """Return the UAR of the speakers who differ."""
    rows = tuple(
        (name, f"{100 * first:.1f}", f"{100 * second:.1f}", f"{100 * (second - first):+.1f}")
        for name, (first, second) in one.per_speaker.items()
        if first != second
    )
    return Table(f"{one.output}: UAR of each speaker, %", ("speaker", "first", "second", "difference"), rows)


def confusion_table(one: Paired) -> Table:
    """Return the cells of the confusion matrix that differ, the largest first."""
    cells = [
        (truth, heard, int(one.confusion[row, column]))
        for row, truth in enumerate(one.labels)
        for column, heard in enumerate(one.labels)
        if one.confusion[row, column]
    ]
    cells.sort(key=lambda cell: -abs(cell[2]))
    rows = tuple((truth, heard, f"{count:+d}") for truth, heard, count in cells)
    return Table(f"{one.output}: confusion, second minus first", ("true", "taken for", "clips"), rows)


def flip_table(one: Paired) -> Table:
    """Return the clips that flipped."""
    names = [flip.clip for flip in one.flips]
    files = [name.rpartition("/")[2] for name in names]
    shown = files if len(set(files)) == len(files) else names
    rows = tuple(
        (flip.kind, flip.truth, flip.first, flip.second, name)
        for flip, name in zip(one.flips, shown, strict=True)
    )
    return Table(
        f"{one.output}: {len(rows)} of {one.clips} clips flipped",
        ("", "true", "first", "second", "clip"),
        rows,
    )


def figure_table(found: Comparison, group: str) -> Table:
    """Return the figures of a group that differ."""
    rows = tuple(
        (one.name, number(one.first), number(one.second), difference(one))
        for one in found.changes[group]
        if one.differs
    )
    units = sorted({one.unit for one in found.changes[group] if one.unit})
    unit = f", {units[0]}" if len(units) == 1 else ""
    return Table(f"{group[0].upper()}{group[1:]}{unit}", ("", "first", "second", "difference"), rows)


def change_table(found: Comparison) -> Table:
    """Return what was changed: settings, files and code."""
    rows = [(one.key, _short(one.first), _short(one.second)) for one in found.origins.keys]
    first, second = found.origins.code
    if first != second:
        files = found.origins.code_files
        rows.append(("code", first[:12], second[:12]))
        if files:
            rows += [("code: files that differ", "", str(len(files)))]
    rows += [("file", name, "other bytes") for name in found.origins.files]
    return Table("What was changed", ("setting", "first", "second"), tuple(rows))


def number(figure: Quantity | None) -> str:
    """Return a figure without unit and evidence: whole numbers whole, all else with four digits."""
    if figure is None:
        return "-"
    return f"{figure.value:,.0f}" if float(figure.value).is_integer() else f"{figure.value:,.4g}"


def difference(change: Change) -> str:
    """Return second minus first; `~` before it where the intervals overlap."""
    gap = change.difference
    if gap is None:
        return "only second" if change.first is None else "only first"
    text = f"{gap:+,.0f}" if float(gap).is_integer() else f"{gap:+,.4g}"
    return f"~{text}" if change.within_intervals else text


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
