"""Where things lie in the checkout: the one place that knows.

Undertone is an application that runs from its checkout; nothing else may count parents of `__file__` to find it.
"""

from __future__ import annotations

from pathlib import Path

# The checkout.
ROOT = Path(__file__).resolve().parents[2]

# The folders that hold the code. Who may import whom: the contracts in pyproject.toml.
ROOMS = ("firmware_bridge", "train", "quantize", "edgetpu_models", "hil", "tools")

# Everything that is made; `make clean` removes it.
BUILD = ROOT / "build"

# The bundle that the last `make edgetpu-model` built.
BUNDLE = BUILD / "bundle"

# All bundles that were built, by id.
BUNDLES = BUILD / "bundles"

# The promises.
BUDGETS = ROOT / "budgets.toml"

# The recipes that come with the project.
RECIPES = ROOT / "edgetpu_models" / "recipes"

# Pages for readers; some are generated.
DOCS = ROOT / "docs"
