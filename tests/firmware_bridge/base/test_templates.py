"""Templates: escaped where they are pages, and never with an empty place."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from firmware_bridge.base.templates import render


def template(folder: Path, text: str) -> Path:
    path = folder / "page.html"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("escape", "found"), [(True, "<p>a &lt;b&gt;</p>"), (False, "<p>a <b></p>")])
def test_what_comes_from_outside(tmp_path: Path, escape: bool, found: str) -> None:
    assert render(template(tmp_path, "<p>{{ text }}</p>"), escape, text="a <b>") == found


def test_a_missing_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError, match="text"):
        render(template(tmp_path, "{{ text }}"), escape=True)


def test_a_block_leaves_no_line_behind(tmp_path: Path) -> None:
    page = template(tmp_path, "{% for one in many %}\n{{ one }}\n{% endfor %}\nend\n")
    assert render(page, escape=False, many=[1, 2]) == "1\n2\nend"
