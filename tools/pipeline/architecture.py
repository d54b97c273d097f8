"""Whether templates fit a recipe, known before anything is trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_bridge.base.errors import BundleInvalid, EnvironmentLacking, ReweightRefused
from firmware_bridge.contract.bundle import compiled_name, load_bundle
from tools.pipeline.recipe import Recipe, recipe_of

if TYPE_CHECKING:
    from edgetpu_models.reweight.store import Template

# What decides the shape of the networks; the rest of a recipe decides their values.
NETWORKS = ("acoustic", "keyword")
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


def outlook(recipe: Recipe) -> list[str]:
    """Say, before anything is trained, whether a build of this recipe ends with compiled networks; one line or more.

    The real compiler comes first; without it, templates of both networks must be at hand.
    """
    from edgetpu_models.compiler.locate import find

    try:
        return [f"compiled networks: by the real compiler ({find()})"]
    except EnvironmentLacking:
        shape = recipe_shape(recipe)
        count = len(fitting(shape))
    if count >= len(NETWORKS):
        return [f"compiled networks: derived from {count} templates at hand (recipe shape {shape})"]
    return [
        f"no compiled networks will come of this build: {count} of {len(NETWORKS)} templates fit recipe "
        f"{recipe.name} (shape {shape}), and the Edge TPU compiler is not here; how to get them is said at its end"
    ]


def what_to_compile(models: list[Path], recipe: str) -> list[str]:
    """Return the commands that, once run, give every later training of a recipe its compiled networks.

    Args:
        models: The int8 networks of a build.
        recipe: Name of its recipe.
    """
    lines = [
        "one compile serves every later training of this recipe. Once, on x86-64 Linux with edgetpu-compiler:"
    ]
    for model in models:
        lines.append(
            f"  undertone compile {model} --out compiled/{model.stem}   # alone: see `template add --help`"
        )
    lines.append("then, here, with the files that it wrote:")
    for model in models:
        made = f"compiled/{model.stem}/{compiled_name(model.stem)}"
        lines.append(f"  undertone template add {model} {made} --recipe {recipe}")
    return lines


def pairs_of_bundle(directory: Path) -> tuple[str, list[tuple[Path, Path]]]:
    """Return the recipe's shape and (original, compiled) of every network of a bundle.

    Raises:
        BundleInvalid: The real compiler did not make its networks.
        ReweightRefused: It compiled them together: they share a caching token, and no real pair shows what else.
    """
    from edgetpu_models.inspect import inspect

    bundle = load_bundle(directory)
    models = bundle.manifest.models
    if not all(m.compiled and m.compiled_evidence != "derived" for m in models.values()):
        raise BundleInvalid(
            f"the networks of {directory} were not made by the real compiler",
            "templates come from real compiles only: build where the compiler is installed",
        )
    pairs = [(bundle.path(m), made) for m in models.values() if (made := bundle.compiled_path(m))]
    if len({inspect(compiled).token for _, compiled in pairs}) < len(pairs):
        raise ReweightRefused(
            f"the networks of {directory} were compiled together (one caching token), and no real pair of files shows "
            "what that changes",
            "compile each alone and add it: "
            + "; ".join(
                line.strip()
                for line in what_to_compile([a for a, _ in pairs], bundle.manifest.name)
                if "--" in line
            ),
        )
    return recipe_shape(recipe_of(bundle.manifest)), pairs
