"""Reports of a run: tables for a terminal, JSON, JUnit XML, and one self-contained page."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.files import write_json
from hil.report.html import write_html
from hil.report.junit import write_junit
from hil.report.model import HilReport
from hil.report.tables import Table, tables

__all__ = ["HilReport", "Table", "tables", "write_report"]


def write_report(report: HilReport, directory: Path) -> dict[str, Path]:
    """Write `report.json`, `junit.xml` and `report.html`.

    Args:
        report: The run.
        directory: Made where it is missing.

    Returns:
        The files by kind.
    """
    files = {
        "json": directory / "report.json",
        "junit": directory / "junit.xml",
        "html": directory / "report.html",
    }
    write_json(files["json"], report.as_dict())
    write_junit(report, files["junit"])
    write_html(report, files["html"])
    return files
