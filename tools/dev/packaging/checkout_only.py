"""Build backend: an editable install from the checkout works; a wheel or a source archive is refused, with the reason.

Undertone is an application that runs from its checkout: `make` builds C against the SDK of a board, tests and recipes
lie beside the code, and its rooms have names (`train`, `tools`, `hil`) that nobody's site-packages should hold. A wheel
without them would install and fail later, which is worse than none.
"""

from __future__ import annotations

from typing import Any, NoReturn

from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

REASON = (
    "undertone runs from its checkout and has no wheel: clone it and run `make setup`"
    " (or `pip install --editable DIR` into an environment of your own)"
)


def build_wheel(*_: Any, **__: Any) -> NoReturn:
    """Refuse to build a wheel.

    Raises:
        SystemExit: Always, with the reason.
    """
    raise SystemExit(REASON)


def build_sdist(*_: Any, **__: Any) -> NoReturn:
    """Refuse to build a source archive.

    Raises:
        SystemExit: Always, with the reason.
    """
    raise SystemExit(REASON)
