"""The report as one page that needs nothing else: pictures inside, no script, no network."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.files import write_bytes
from firmware_bridge.base.templates import render
from hil.report import pictures
from hil.report.model import HilReport
from hil.report.tables import MARKS, latency_table, memory_table, modelled_table, score_table, step_table

TEMPLATE = Path(__file__).with_name("templates") / "report.html"


def render_html(report: HilReport) -> str:
    """Return the page. Everything that comes from outside is escaped."""
    seen = report.seen
    limit = next((v.budget.limit for v in report.verdicts if v.name == "latency_p50_ms"), None)
    shown = {name: report.cards[name] for name in ("acoustic", "keyword", "fused") if name in report.cards}
    images = {
        "confusions": pictures.confusions(shown) if shown else "",
        "spectrograms": pictures.spectrograms(seen.example) if seen.example else "",
        "memory": pictures.memory_map(seen) if seen.chip.regions else "",
        "latency": pictures.latency_bars(seen, limit) if seen.chip.stages_ms else "",
    }
    tables = {
        "scores": score_table(report),
        "modelled": modelled_table(report),
        "latency": latency_table(report),
        "memory": memory_table(report),
        "steps": step_table(report),
    }
    return render(
        TEMPLATE, True, report=report, data=report.as_dict(), marks=MARKS, images=images, tables=tables
    )


def write_html(report: HilReport, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    write_bytes(path, render_html(report).encode())
