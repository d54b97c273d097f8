"""The site: every page of the project in one folder, with the pages that are made from the code, rendered by Sphinx."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import CheckFailed, EnvironmentLacking
from firmware_bridge.base.files import write_bytes
from firmware_bridge.base.paths import BUILD, DOCS, ROOMS, ROOT
from firmware_bridge.base.version import full_version

OUT = BUILD / "docs"
INDEX = """
# Undertone

Speech emotion, from a corpus to a Coral Dev Board Micro, with proof that it works there. Version {version}.

```{{toctree}}
:maxdepth: 1
:caption: Start

Read this first <README>
docs/architecture
docs/where
docs/decisions
docs/glossary
CHANGELOG
CONTRIBUTING
```

```{{toctree}}
:maxdepth: 1
:caption: How to add

docs/how_to/corpus
docs/how_to/foundation_model
docs/how_to/port
docs/how_to/verb
docs/how_to/check
docs/in_your_project
```

```{{toctree}}
:maxdepth: 1
:caption: Reference

reference/verbs
docs/wire
docs/c_api
docs/image
docs/faults
docs/supported_operations
docs/inside_a_compiled_model
```

```{{toctree}}
:maxdepth: 1
:caption: Python

{api}
```

```{{toctree}}
:maxdepth: 1
:caption: Rooms

{rooms}
```
"""
SETTINGS: Mapping[str, Any] = {
    "project": "Undertone",
    "copyright": "the Undertone developers, Apache-2.0",
    "extensions": ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"],
    "html_theme": "furo",
    "html_title": "Undertone",
    "html_show_sphinx": False,
    "html_copy_source": False,
    "html_static_path": [str(DOCS / "pictures")],
    "html_css_files": ["site.css"],
    "myst_heading_anchors": 3,
    "default_role": "code",  # a single backtick in a docstring is code, as in Markdown
    "autodoc_typehints": "description",
    "autodoc_typehints_description_target": "documented",
    "napoleon_use_ivar": True,
    "napoleon_numpy_docstring": False,
    # A fenced block of a shell session or a picture in letters has no language to colour.
    "highlight_language": "none",
    # The second: that Sphinx runs twice in one process, as in tests, is no fault of a page.
    "suppress_warnings": ["misc.highlighting_failure", "app"],
}


def hand_written(root: Path = ROOT) -> list[Path]:
    """Return the pages that lie in the checkout, relative to it: its own, `docs/`, and the READMEs of the rooms."""
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    pages += [page for room in ROOMS for page in (root / room).rglob("README.md")]
    return sorted(page.relative_to(root) for page in pages)


def assemble(folder: Path) -> None:
    """Write all pages into a folder, laid out as in the checkout, so that links between them hold.

    Args:
        folder: Emptied first.
    """
    from tools.dev.docs import api, verbs

    shutil.rmtree(folder, ignore_errors=True)
    for page in hand_written():
        write_bytes(folder / page, (ROOT / page).read_bytes())
    for file in (*(DOCS / "pictures").iterdir(), *DOCS.glob("*.yml")):
        write_bytes(folder / file.relative_to(ROOT), file.read_bytes())
    write_bytes(folder / "reference" / "verbs.md", verbs.page().encode())
    for name in api.PAGES:
        write_bytes(folder / "reference" / f"{name}.md", api.page(name).encode())
    rooms = [page.with_suffix("").as_posix() for page in hand_written() if page.parts[0] in ROOMS]
    index = INDEX.format(
        version=full_version(),
        api="\n".join(f"reference/{name}" for name in api.PAGES),
        rooms="\n".join(f"{room.removesuffix('/README')} <{room}>" for room in rooms),
    )
    write_bytes(folder / "index.md", index.lstrip().encode())


def build(out: Path = OUT) -> Path:
    """Build the site and return its first page.

    Args:
        out: The site's folder; the assembled pages lie beside it.

    Raises:
        EnvironmentLacking: Sphinx is not installed.
        CheckFailed: A page has a link that leads nowhere, or cannot be rendered; says which.
    """
    try:
        from sphinx.application import Sphinx
        from sphinx.errors import SphinxError
        from sphinx.util.console import nocolor
    except ImportError as error:
        raise EnvironmentLacking(
            f"the site needs a library that is not installed: {error.name}",
            "call `make docs`, which installs the group `docs`",
        ) from error
    source = out.with_name(out.name + "-source")
    assemble(source)
    heard = _Warnings()
    nocolor()
    try:
        cache = out.with_name(out.name + "-cache")
        app = Sphinx(source, None, out, cache, "html", dict(SETTINGS), status=None, warning=heard)
        app.connect("autodoc-process-docstring", _as_written)
        app.build(force_all=True)
    except SphinxError as error:
        raise CheckFailed(f"the site cannot be built: {error}", "mend the page that it names") from error
    if heard.lines:
        listed = "; ".join(heard.lines[:10])
        raise CheckFailed(
            f"{len(heard.lines)} warnings, the first: {listed}", "mend the pages that are named"
        )
    return out / "index.html"


def _as_written(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Show a Markdown table of a docstring as it is written: Sphinx would take its bars for something else."""
    shown: list[str] = []
    inside = False
    for line in lines:
        row = line.startswith("|")
        if row != inside:
            shown += ["::", ""] if row else [""]
        shown.append(f"    {line}" if row else line)
        inside = row
    lines[:] = shown


class _Warnings:
    """Takes what Sphinx writes to its stream of warnings."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        """Keep a warning."""
        self.lines += [line.strip() for line in text.splitlines() if line.strip()]
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        """Colours are not wanted."""
        return False
