"""The pages in a real browser, 400 pixels wide: only what lies in a table's own box is wider than the screen."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hil.compare import compare
from hil.compare.page import render_page
from hil.compare.run_side import run_side
from hil.report import write_report
from hil.report.html import render_html
from tests.support.observations import TRUTH, observations, scores_for
from tests.support.reports import report_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SCREEN = 400
# The page in a frame of a phone's width; when it has been laid out, its width is written into the outer page.
FRAME = """<!doctype html><p id="width"></p>
<iframe width="{screen}" height="800" style="border: 0" srcdoc="{page}"
  onload="document.getElementById('width').textContent =
    'width=' + this.contentDocument.documentElement.scrollWidth"></iframe>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def width_of(page: str, folder: Path) -> int:
    """Return how wide a page is laid out on a phone, in pixels."""
    file = folder / "frame.html"
    file.write_text(FRAME.format(screen=SCREEN, page=html.escape(page, quote=True)))
    line = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
    ]
    done = subprocess.run(
        [*line, "--virtual-time-budget=5000", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r"width=(\d+)", done.stdout.split("<iframe")[0])
    assert found, done.stderr
    return int(found.group(1))


@pytest.fixture
def report_page() -> str:
    return render_html(report_of(made_from={"recipe": {}}))


def test_a_report_fits_a_phone(report_page: str, tmp_path: Path) -> None:
    assert width_of(report_page, tmp_path) <= SCREEN, "less the scroll bar"


def test_a_comparison_fits_a_phone(tmp_path: Path) -> None:
    write_report(report_of(), tmp_path / "a")
    write_report(report_of(observations(fused=scores_for((TRUTH + 1) % 3, 3))), tmp_path / "b")
    page = render_page(compare(run_side(tmp_path / "a"), run_side(tmp_path / "b")))
    assert width_of(page, tmp_path) <= SCREEN, "less the scroll bar"


def test_a_table_outside_of_its_box_is_found(report_page: str, tmp_path: Path) -> None:
    assert width_of(report_page.replace('<div class="wide">', "<div>"), tmp_path) > SCREEN
