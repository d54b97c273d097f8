"""`undertone build-model`: corpora to a bundle, doing only what has changed."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmware_bridge.base.progress import tell
from tools import console, options
from tools.pipeline.recipe import Recipe

if TYPE_CHECKING:
    from firmware_bridge.contract.bundle import Bundle
    from tools.pipeline.emotion import Student
    from tools.pipeline.figures import Made
    from tools.pipeline.inputs import Inputs
    from tools.pipeline.legs import Leg
    from tools.pipeline.stages import Stages


def hear_words(inputs: Inputs, stages: Stages) -> Path:
    """Make the keyword branch and all that rests on it alone; return the stage of its int8 network."""
    from tools.pipeline.figures import keyword_scores
    from tools.pipeline.fusion import PARTS, hear_windows
    from tools.pipeline.int8 import keyword_int8
    from tools.pipeline.keyword import make_keyword

    network = keyword_int8(inputs, stages, make_keyword(inputs, stages))
    hear_windows(inputs, stages, "keyword", network, tuple(PARTS))
    keyword_scores(inputs, stages, network)
    return network


def make_everything(inputs: Inputs, stages: Stages, count: int | None = None) -> tuple[Made, Path, Path]:
    """Run all stages of a build, independent ones side by side.

    Args:
        inputs: What it starts from.
        stages: Where results are kept.
        count: How many processes work at once; None makes one stage after the other in this one.

    Returns:
        The stage folders, the folder with the figures, and that of `check_sound`.
    """
    from tools.pipeline import emotion
    from tools.pipeline.figures import Made, choose_student, held_out_scores, make_figures
    from tools.pipeline.fusion import HEARD, hear_windows, make_fusion, score_composed
    from tools.pipeline.int8 import acoustic_int8
    from tools.pipeline.legs import Legs
    from tools.pipeline.soundness import check_sound
    from tools.pipeline.teachers import make_teacher

    recipe, rows = inputs.recipe, inputs.rows("train")

    with Legs(stages, inputs if count is None else inputs.prepared(), count) as legs:
        # Damage and leaks are found first; then the longest way.
        sound_leg = legs.start(check_sound)
        keyword_leg = legs.start(hear_words)
        teacher_leg = legs.start(make_teacher)

        def train(seed: int, teacher: Path | None) -> Leg[Student]:
            name = f"student-{'taught' if teacher else 'plain'}-{seed}"
            return legs.start(emotion.train_student, name, rows, recipe.seed + seed, teacher)

        seeds = range(recipe.distil.seeds)
        plain = [train(seed, None) for seed in seeds]
        teacher = teacher_leg.result()
        taught = [train(seed, teacher) for seed in seeds]
        students = tuple(leg.result() for pair in zip(plain, taught, strict=True) for leg in pair)
        student = choose_student(inputs, students)
        acoustic = acoustic_int8(inputs, stages, student, rows)
        for part in HEARD:
            legs.start(hear_windows, "acoustic", acoustic, (part,))
        legs.start(held_out_scores, acoustic)
        keyword, sound = keyword_leg.result(), sound_leg.result()
    composed = score_composed(inputs, stages, acoustic, keyword)
    fusion = make_fusion(inputs, stages, acoustic, keyword, composed)
    made = Made(teacher, students, student, acoustic, keyword, composed, fusion)
    return made, make_figures(inputs, stages, made), sound


def build(recipe: Recipe, stages: Stages, count: int | None = None) -> Bundle:
    """Build the bundle of a recipe and return it."""
    from tools.pipeline.architecture import outlook
    from tools.pipeline.inputs import gather
    from tools.pipeline.pack import pack
    from tools.pipeline.soundness import heard_prints

    for line in outlook(recipe):
        tell(line)
    inputs = gather(recipe)
    made, figures, sound = make_everything(inputs, stages, count)
    return pack(inputs, stages, made, figures, heard_prints(inputs, sound))


def show_times(stages: Stages) -> None:
    """Print the seconds of every stage that was made, the longest first, and of all."""
    longest = sorted(stages.spent.items(), key=lambda one: -one[1].wall_s)
    rows = [(name, f"{spent.wall_s:.1f}", f"{spent.cpu_s:.1f}") for name, spent in longest]
    rows.append(("all", "", f"{sum(spent.cpu_s for spent in stages.spent.values()):.1f}"))
    console.emit_table("Seconds per stage", ("stage", "on the clock", "of the processor"), rows)


@click.command(help="Build the bundle of a recipe: features, teacher, students, int8, analysis, fusion.")
@options.recipe()
@options.corpus("the recipe's emotion corpus by default")
@click.option("--keywords", help="keyword corpus, NAME or NAME:PATH, in place of the recipe's")
@options.at_once()
@click.option("--times", is_flag=True, help="show the seconds of every stage that was made")
@options.as_json()
def command(
    recipe_name: str,
    corpus: str | None,
    keywords: str | None,
    threads: int | None,
    in_process: bool,
    times: bool,
    as_json: bool,
) -> None:
    """Build the bundle of a recipe."""
    started = time.monotonic()
    from tools.pipeline.inputs import effective_recipe
    from tools.pipeline.stages import Stages
    from tools.pipeline.summary import show_bundle

    recipe = effective_recipe(recipe_name)
    named = {"emotion_corpus": corpus, "keyword_corpus": keywords}
    recipe = recipe.model_copy(update={key: value for key, value in named.items() if value})
    stages = Stages()
    bundle = build(recipe, stages, options.processes(threads, in_process))
    if as_json:
        console.emit_json(
            {
                "bundle": str(bundle.directory),
                "id": bundle.id,
                "made": stages.made,
                "seconds": {stage: asdict(spent) for stage, spent in stages.spent.items()},
                "figures": {name: one.as_dict() for name, one in bundle.manifest.figures.items()},
            }
        )
        return
    show_bundle(bundle)
    if times:
        show_times(stages)
    made = (
        f"made {len(stages.made)} of {len(stages.wanted)} stages"
        if stages.made
        else "everything was up to date"
    )
    tell(f"{made}, {time.monotonic() - started:.1f} s")
