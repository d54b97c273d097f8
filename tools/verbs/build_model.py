"""`undertone build-model`: corpora to a bundle, doing only what has changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmware_bridge.base.progress import tell
from tools import console
from tools.pipeline.recipe import Recipe

if TYPE_CHECKING:
    from firmware_bridge.contract.bundle import Bundle
    from tools.pipeline.inputs import Inputs
    from tools.pipeline.judge import Made
    from tools.pipeline.stages import Stages


def make_everything(inputs: Inputs, stages: Stages) -> tuple[Made, Path]:
    """Run all stages of a build.

    Returns:
        The stage folders, and the folder with the figures.
    """
    from tools.pipeline import emotion, integer, joint, words
    from tools.pipeline.judge import Made, choose_student, judge

    recipe, rows = inputs.recipe, inputs.rows("train")
    teacher = emotion.make_teacher(inputs, stages)
    students = tuple(
        emotion.train_student(
            inputs,
            stages,
            f"student-{'taught' if taught else 'plain'}-{seed}",
            rows,
            recipe.seed + seed,
            taught,
        )
        for seed in range(recipe.distil.seeds)
        for taught in (None, teacher)
    )
    student = choose_student(inputs, students)
    acoustic = integer.acoustic_int8(inputs, stages, student, rows)
    keyword = words.make_keyword(inputs, stages)
    keyword_int8 = integer.keyword_int8(inputs, stages, keyword)
    composed = joint.score_composed(inputs, stages, acoustic, keyword_int8)
    fusion = joint.make_fusion(inputs, stages, acoustic, keyword_int8, composed)
    made = Made(teacher, students, student, acoustic, keyword_int8, composed, fusion)
    return made, judge(inputs, stages, made)


def build(recipe: Recipe, stages: Stages) -> Bundle:
    """Build the bundle of a recipe and return it."""
    from tools.pipeline.architecture import outlook
    from tools.pipeline.inputs import gather
    from tools.pipeline.pack import pack
    from tools.pipeline.soundness import check_sound, heard_prints

    for line in outlook(recipe):
        tell(line)
    inputs = gather(recipe)
    sound = check_sound(inputs, stages)
    made, judged = make_everything(inputs, stages)
    return pack(inputs, stages, made, judged, heard_prints(inputs, sound))


@click.command(help="Build the bundle of a recipe: features, teacher, students, int8, analysis, fusion.")
@click.option("--recipe", "name", default="trunk", show_default=True, help="Recipe name, or a .toml file.")
@click.option("--corpus", help="Emotion corpus, NAME or NAME:PATH, in place of the recipe's.")
@click.option("--keywords", help="Keyword corpus, NAME or NAME:PATH, in place of the recipe's.")
@click.option("--json", "as_json", is_flag=True, help="Print one machine-readable object.")
def command(name: str, corpus: str | None, keywords: str | None, as_json: bool) -> None:
    """Build the bundle of a recipe."""
    started = time.monotonic()
    from tools.pipeline.inputs import effective_recipe
    from tools.pipeline.stages import Stages
    from tools.pipeline.summary import show_bundle

    recipe = effective_recipe(name)
    named = {"emotion_corpus": corpus, "keyword_corpus": keywords}
    recipe = recipe.model_copy(update={key: value for key, value in named.items() if value})
    stages = Stages()
    bundle = build(recipe, stages)
    if as_json:
        console.emit_json(
            {
                "bundle": str(bundle.directory),
                "id": bundle.id,
                "made": stages.made,
                "figures": bundle.manifest.figures,
            }
        )
        return
    show_bundle(bundle)
    made = (
        f"made {len(stages.made)} of {len(stages.wanted)} stages"
        if stages.made
        else "everything was up to date"
    )
    tell(f"{made}, {time.monotonic() - started:.1f} s")
