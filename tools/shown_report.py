"""How a run of the rig is shown: `hil` and `replay` print the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import console

if TYPE_CHECKING:
    from hil.report import HilReport


def show_report(report: HilReport, as_json: bool) -> None:
    """Print a report: as JSON, or as tables and a last line that a script can look for."""
    from hil.report import tables

    if as_json:
        console.emit_json(report.as_dict())
        return
    for table in tables(report):
        console.emit_table(table.title, table.columns, table.rows)
    for line in report.notes:
        console.emit_text(line)
    if report.passed:
        console.emit_text("PASSED")
        return
    for kind, file in report.files.items():
        console.emit_text(f"{kind}: {file}")
    names = ", ".join([one.name for one in report.broken] or ["segments without scores"])
    console.emit_text(f"FAILED: {names}")
