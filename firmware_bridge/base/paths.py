"""Where things lie in the checkout: the one place that knows.

Undertone is an application that runs from its checkout; nothing else may count parents of `__file__` to find it.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

BUILD = ROOT / "build"
"""Everything that is made; `make clean` removes it."""

BUNDLE = BUILD / "bundle"
"""The bundle that the last `make edgetpu-model` built."""

BUNDLES = BUILD / "bundles"
"""All bundles that were built, by id."""

BUDGETS = ROOT / "budgets.toml"
"""The promises."""

RECIPES = ROOT / "edgetpu_models" / "recipes"
"""The recipes that come with the project."""

DOCS = ROOT / "docs"
"""Pages for readers; some are generated."""
