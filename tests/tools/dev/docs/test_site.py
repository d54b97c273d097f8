"""The site: every page is in it once, links hold, and it builds without a warning where Sphinx is installed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from firmware_bridge.base.errors import CheckFailed, EnvironmentLacking
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.base.paths import DOCS, ROOT
from tools.dev.docs import site

needs_sphinx = pytest.mark.skipif(
    importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("furo") is None,
    reason="Sphinx is not installed (`make docs` installs it)",
)


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    site.assemble(folder)
    return folder


def test_every_page_is_in_the_contents_exactly_once(assembled: Path) -> None:
    index = (assembled / "index.md").read_text()
    entries = [
        line.split("<")[-1].rstrip(">")
        for block in re.findall(r"```{toctree}\n(.*?)```", index, re.DOTALL)
        for line in block.splitlines()
        if line and not line.startswith(":")
    ]
    there = {path.relative_to(assembled).with_suffix("").as_posix() for path in assembled.rglob("*.md")} - {
        "index"
    }
    assert sorted(entries) == sorted(there)


def test_pages_of_the_checkout_keep_their_places(assembled: Path) -> None:
    for page in site.hand_written():
        assert (assembled / page).read_bytes() == (ROOT / page).read_bytes()
    assert {"README.md", "docs/wire.md", "train/corpora/README.md"} <= {
        str(page) for page in site.hand_written()
    }
    assert not [page for page in site.hand_written() if page.parts[0] in (".venv", "build", "data")]


def test_what_was_there_before_is_gone(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "old.md").write_text("# Old")
    site.assemble(tmp_path / "source")
    assert not (tmp_path / "source" / "old.md").exists()


def test_links_and_pictures_of_the_site_lead_somewhere(assembled: Path) -> None:
    broken = [
        f"{page.relative_to(assembled)}: {link}"
        for page in assembled.rglob("*.md")
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken


def test_the_picture_needs_nothing_from_elsewhere() -> None:
    picture = (DOCS / "pictures" / "way.svg").read_text()
    assert not re.findall(r'(?:href|src|url)\s*=\s*"(?!#)|@import|<script|<image', picture)
    assert "<title" in picture and "<desc" in picture


def test_the_glossary_has_every_grade_of_evidence_and_is_in_order() -> None:
    words = re.findall(r"^\| ([^|]+) \| .+ \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE)[1:]
    words = [word for word in words if set(word) != {"-"}]
    assert {grade.value for grade in Evidence} <= set(words)
    assert len(set(words)) == len(words) >= 50
    assert words == sorted(words, key=str.casefold)


def test_without_sphinx_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sphinx.application", None)
    with pytest.raises(EnvironmentLacking) as caught:
        site.build(tmp_path / "out")
    assert "make docs" in caught.value.remedy


@needs_sphinx
@pytest.mark.slow
def test_it_builds_without_a_warning_and_needs_no_network(tmp_path: Path) -> None:
    first = site.build(tmp_path / "docs")
    page = first.read_text()
    assert "Architecture" in page
    # What a page loads (not what it links to) lies beside it.
    for html in (first, tmp_path / "docs" / "docs" / "architecture.html"):
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="([^"]+)"', html.read_text())
        assert loaded
        assert not [one for one in loaded if one.startswith(("http:", "https:", "//"))]
        assert not [one for one in loaded if not (html.parent / one.split("?")[0].split("#")[0]).exists()]
    assert "way.svg" in (tmp_path / "docs" / "docs" / "architecture.html").read_text()
    assert "hil.devices.registry.open_device" in (tmp_path / "docs" / "reference" / "hil.html").read_text()


@needs_sphinx
@pytest.mark.slow
def test_a_link_that_leads_nowhere_fails_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def few(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "index.md").write_text("# Title\n\n[gone](gone.md)\n")

    monkeypatch.setattr(site, "assemble", few)
    with pytest.raises(CheckFailed, match=r"1 warnings.*gone\.md"):
        site.build(tmp_path / "docs")
