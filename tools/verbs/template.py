"""`undertone template`: real compiles that later trainings are derived from, without the compiler."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options


@click.group(name="template")
def command() -> None:
    """Real compiles at hand: one compile serves every later training of the same architecture.

    Each of the commands below has --json.
    """


@command.command(name="add")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.recipe("for ORIGINAL COMPILED: the recipe that the network came from", default=None)
@options.as_json()
def add(sources: tuple[Path, ...], recipe_name: str | None, as_json: bool) -> None:
    """Take a compiled BUNDLE, or ORIGINAL and COMPILED, into the store (UNDERTONE_TEMPLATES, else data/templates).

    Each network must have been compiled alone: files that were compiled together share a caching token, and no real
    pair shows what else changes. With --recipe, `template fits` knows before training that it fits.
    """
    from edgetpu_models.reweight import store
    from firmware_bridge.base.errors import InvalidSetting
    from tools.pipeline.architecture import pairs_of_bundle, recipe_shape
    from tools.pipeline.recipe import load_recipe

    if len(sources) == 1:
        recipe, pairs = pairs_of_bundle(sources[0])
    elif len(sources) == 2:
        recipe, pairs = (
            recipe_shape(load_recipe(recipe_name)) if recipe_name else "",
            [(sources[0], sources[1])],
        )
    else:
        raise InvalidSetting(f"{len(sources)} paths", "give a bundle, or an original and its compiled file")
    added = [store.add(original, compiled, recipe) for original, compiled in pairs]
    if as_json:
        console.emit_json({"added": [t.as_dict() for t in added]})
        return
    for template in added:
        console.emit_text(f"added {template.source} as template {template.architecture}")


@command.command(name="list")
@options.as_json()
def show(as_json: bool) -> None:
    """Show the templates at hand."""
    from edgetpu_models.reweight import store

    found = store.listed()
    if as_json:
        console.emit_json({"templates": [t.as_dict() for t in found]})
    elif found:
        rows = [(t.architecture, t.source, t.compiled_sha256[:12], t.recipe[:12]) for t in found]
        console.emit_table("templates", ("architecture", "compiled file", "SHA-256", "recipe"), rows)
    else:
        console.emit_text(f"no templates in {store.default_store()}")


@command.command(name="fits")
@options.recipe()
@options.as_json()
def fits(recipe_name: str, as_json: bool) -> int:
    """Say before training whether templates fit a recipe. Exit status 1 when not."""
    from tools.pipeline.architecture import fitting, recipe_shape
    from tools.pipeline.recipe import load_recipe

    shape = recipe_shape(load_recipe(recipe_name))
    found = fitting(shape)
    if as_json:
        console.emit_json(
            {"recipe": shape, "templates": [t.as_dict() for t in found], "fits": len(found) >= 2}
        )
    elif len(found) >= 2:
        console.emit_text(f"templates of both networks fit recipe {recipe_name} (shape {shape})")
    else:
        console.emit_text(f"{len(found)} of 2 templates fit recipe {recipe_name} (shape {shape})")
    return 0 if len(found) >= 2 else 1
