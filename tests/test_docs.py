"""What the documents point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware_bridge.base.paths import DOCS, ROOT

PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("[a-z]*/**/README.md"))
    if not {".venv", "build", "data"} & set(page.relative_to(ROOT).parts)
)


def test_every_question_of_where_has_its_file() -> None:
    rows = re.findall(r"^\| (.+\?) \| `(.+)` \|$", (DOCS / "where.md").read_text(), re.MULTILINE)
    assert len(rows) >= 10
    assert len({question for question, _ in rows}) == len(rows)
    assert [place for _, place in rows if not (ROOT / place).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
