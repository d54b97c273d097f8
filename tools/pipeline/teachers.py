"""Teachers: what they hear of every clip, and what they make of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.files import write_bytes, write_json
from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import note
from tools.pipeline.closure import code_of
from tools.pipeline.inputs import Inputs, has_foundation
from tools.pipeline.recipe import Recipe, TeacherChoice
from tools.pipeline.stages import Stages
from train.features import FEATURES, Speech
from train.features.filterbank_pitch import FilterbankSettings
from train.features.registry import Arrays
from train.features.yamnet_layer import YamnetLayerSettings
from train.foundation.probe import speaker_folds
from train.teacher import TEACHERS, Lesson
from train.teacher.settings import FILTERBANK_TEACHER, TeacherSettings

Rows = NDArray[np.int64]
_LEAST_SHARE = 1e-4  # a teacher that rules a class out does not silence the others


def teachers_at_hand(recipe: Recipe, warn: bool = True) -> tuple[TeacherChoice, ...]:
    """Return the recipe's teachers that can be had here, or what stands in for all of them.

    Args:
        recipe: Which teachers.
        warn: Tell what is left out and what stands in.
    """
    found, told = [], []
    for choice in recipe.teachers:
        feature = choice.feature
        if lacking := FEATURES.find(feature.name).lacks(feature):
            told.append(f"a teacher on '{feature.name}' is left out: {lacking}")
        else:
            found.append(choice)
    if not found:
        hears, choice = (
            "filterbank and pitch",
            TeacherChoice(feature=FilterbankSettings(), model=FILTERBANK_TEACHER),
        )
        if has_foundation(recipe):
            hears, choice = (
                "a layer of YAMNet",
                TeacherChoice(feature=YamnetLayerSettings(), model=TeacherSettings()),
            )
        told.append(f"a recurrent teacher on {hears} stands in: it hears hardly better than its student")
        found.append(choice)
    for line in told if warn else ():
        note(line)
    return tuple(found)


def hear(inputs: Inputs, stages: Stages, feature: PartSettings, learn: Rows, tag: str = "") -> Path:
    """Stage: a feature of every clip, `heard.npz`; `layers.json` and `layers.png` where layers were ranked.

    Args:
        inputs: Whose clips.
        stages: Where results are kept.
        feature: Settings of a feature.
        learn: Rows of the clips by which a layer may be chosen.
        tag: Ends the stage's name, where several are kept side by side.
    """
    part, recipe = FEATURES.find(feature.name), inputs.recipe
    code, digest = code_of(part.hear), part.digest(feature)
    sound = {"corpus": inputs.digests["emotion"], "code": code, "digest": digest}
    parts = sound | {
        "feature": feature.model_dump(mode="json"),
        "learn": [int(row) for row in learn],
        "recipe": recipe.dump("window", "seed"),
    }

    def remember(name: str, compute: Callable[[], Arrays]) -> Arrays:
        folder = stages.run(
            f"heard-{name}".replace("/", "_").replace(":", "_"),
            sound,
            lambda into: np.savez(into / "kept.npz", **compute()),
        )
        with np.load(folder / "kept.npz", allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}

    def make(folder: Path) -> None:
        from train.corpora.reading import read_clips

        heard = part.hear(
            Speech(
                pcm=read_clips(inputs.clips, f"reading {inputs.emotion_corpus.name}"),
                window_samples=recipe.window.window_samples,
                truth=inputs.truth,
                targets=inputs.targets,
                speakers=inputs.speakers,
                learn=learn,
                seed=recipe.seed,
                remember=remember,
            ),
            feature,
        )
        np.savez(folder / "heard.npz", sequences=heard.sequences, steps=heard.steps)
        if heard.picture:
            write_json(folder / "layers.json", heard.layers)
            write_bytes(folder / "layers.png", heard.picture)

    return stages.run(f"heard{tag}", parts, make)


def listen(
    inputs: Inputs, stages: Stages, choice: TeacherChoice, learn: Rows, watch: Rows, tag: str = ""
) -> Path:
    """Stage: one teacher's shares of every clip, `probabilities.npz`, and the ranking of what it hears.

    Args:
        inputs: Whose clips.
        stages: Where results are kept.
        choice: The teacher.
        learn: Rows that it is trained on.
        watch: Rows of other speakers by which it may stop.
        tag: Ends the stage's name.
    """
    heard = hear(inputs, stages, choice.feature, learn, tag)
    model = choice.model
    part, seed = TEACHERS.find(model.name), inputs.recipe.seed
    parts = {
        "heard": heard.name,
        "model": model.model_dump(mode="json"),
        "inner_folds": choice.inner_folds,
        "code": code_of(part.train),
        "objective": objective_code(model),
        "learn": [int(row) for row in learn],
        "watch": [int(row) for row in watch],
        "seed": seed,
    }

    def make(folder: Path) -> None:
        with np.load(heard / "heard.npz", allow_pickle=False) as stored:
            sequences, steps = stored["sequences"], stored["steps"]
        clips = np.arange(len(steps))
        learning, watching = np.isin(clips, learn), np.isin(clips, watch)
        dimensions = dimensional_targets(inputs)

        def train(chosen: NDArray[np.bool_]) -> Any:
            lesson = Lesson(sequences, steps, inputs.targets, dimensions, chosen, watching, seed)
            return part.train(lesson, model)

        if choice.inner_folds:
            shares = out_of_fold(train, sequences, steps, inputs, learning, choice.inner_folds)
        else:
            made = train(learning)
            made.save(folder / "teacher.npz")
            shares = made.predict(sequences, steps)
        np.savez(folder / "probabilities.npz", probabilities=shares)
        for name in ("layers.json", "layers.png"):
            if (heard / name).is_file():
                write_bytes(folder / name, (heard / name).read_bytes())

    return stages.run(f"listened{tag}", parts, make)


def objective_code(model: PartSettings) -> str | None:
    """Return the digest of the code of a teacher's objective, where its settings name one."""
    from train.objectives import OBJECTIVES

    name = getattr(model, "objective", None)
    return code_of(OBJECTIVES.find(name).loss) if name else None


def out_of_fold(
    train: Callable[[NDArray[np.bool_]], Any],
    sequences: NDArray[Any],
    steps: Rows,
    inputs: Inputs,
    learning: NDArray[np.bool_],
    folds: int,
) -> NDArray[np.float32]:
    """Return class shares float32[clips, classes], no training clip's by a teacher that has learnt its speaker.

    Clips of other speakers are heard by all teachers; theirs is the geometric mean.
    """
    fold = np.full(len(steps), -1)
    fold[learning] = speaker_folds(inputs.speakers[learning], folds, inputs.recipe.seed)
    each = {}
    for one in range(fold.max() + 1):
        each[one] = train(learning & (fold != one)).predict(sequences, steps)
    shares = geometric_mean([*each.values()])
    for one, given in each.items():
        shares[fold == one] = given[fold == one]
    return shares


def geometric_mean(shares: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return class shares float32[clips, classes]: the normalised geometric mean of several."""
    from scipy.special import softmax

    logs = np.mean([np.log(one + _LEAST_SHARE) for one in shares], axis=0)
    return np.asarray(softmax(logs, axis=1), np.float32)


def make_teacher(
    inputs: Inputs,
    stages: Stages,
    learn: Rows | None = None,
    watch: Rows | None = None,
    tag: str = "",
    inner: bool = True,
) -> Path:
    """Stage: what the recipe's teachers together say of every clip, `probabilities.npz`.

    Beside it the ranking of the first one that ranked layers, `layers.json` and `layers.png`.

    Args:
        inputs: Whose clips.
        stages: Where results are kept.
        learn: Rows to learn from; by default those of the training speakers.
        watch: Rows to stop by; by default those of the validation speakers.
        tag: Ends the stages' names.
        inner: Out of fold as the recipe says; False trains each teacher once, on all of `learn`, where nothing is to be
            learnt from what it makes of these.
    """
    learn = inputs.rows("train") if learn is None else learn
    watch = inputs.rows("validation") if watch is None else watch
    choices = teachers_at_hand(inputs.recipe)
    if not inner:
        choices = tuple(choice.model_copy(update={"inner_folds": 0}) for choice in choices)
    folders = [
        listen(inputs, stages, choice, learn, watch, f"{tag}-{index}") for index, choice in enumerate(choices)
    ]

    def make(folder: Path) -> None:
        given = []
        for one in folders:
            with np.load(one / "probabilities.npz", allow_pickle=False) as stored:
                given.append(stored["probabilities"])
        shares = given[0] if len(given) == 1 else geometric_mean(given)
        np.savez(folder / "probabilities.npz", probabilities=shares)
        rankings = [one for one in folders if (one / "layers.json").is_file()]
        for name in ("layers.json", "layers.png"):
            if rankings and (rankings[0] / name).is_file():
                write_bytes(folder / name, (rankings[0] / name).read_bytes())

    return stages.run(f"teacher{tag}", {"listened": [one.name for one in folders]}, make)


def dimensional_targets(inputs: Inputs) -> NDArray[np.float32] | None:
    """Return float32[clips, 3] of valence, arousal and dominance where the corpus has them, else None."""
    named = [(c.valence, c.arousal, c.dominance) for c in inputs.clips]
    table = np.array([[np.nan if v is None else v for v in row] for row in named], np.float32)
    return table if np.isfinite(table).any() else None
