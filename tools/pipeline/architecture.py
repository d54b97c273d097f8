"""Whether templates fit a recipe, known before anything is trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.contract.bundle import load_bundle
from tools.pipeline.recipe import Recipe, recipe_of

if TYPE_CHECKING:
    from edgetpu_models.reweight.store import Template

# What decides the shape of the networks; the rest of a recipe decides their values.
SHAPING = ("kind", "window", "frontend", "foundation", "student", "keyword")


def shape_of(recipe: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits over what decides the networks' shape, for a recipe as JSON-ready data."""
    facts = {name: recipe.get(name) for name in SHAPING}
    facts["classes"] = (recipe.get("composed") or {}).get("classes")
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def recipe_shape(recipe: Recipe) -> str:
    """Return the shape of a recipe's networks as a hash."""
    return shape_of(recipe.model_dump(mode="json"))


def fitting(shape: str) -> list[Template]:
    """Return the templates at hand that came from a recipe of this shape."""
    from edgetpu_models.reweight.store import listed

    return [template for template in listed() if template.recipe == shape]


def pairs_of_bundle(directory: Path) -> tuple[str, list[tuple[Path, Path]]]:
    """Return the recipe's shape and (original, compiled) of every network of a bundle.

    Raises:
        BundleInvalid: The real compiler did not make its networks.
    """
    bundle = load_bundle(directory)
    models = bundle.manifest.models
    if not all(m.compiled and m.compiled_evidence != "derived" for m in models.values()):
        raise BundleInvalid(
            f"the networks of {directory} were not made by the real compiler",
            "templates come from real compiles only: build where the compiler is installed",
        )
    pairs = [(bundle.path(m), made) for m in models.values() if (made := bundle.compiled_path(m))]
    return recipe_shape(recipe_of(bundle.manifest)), pairs
