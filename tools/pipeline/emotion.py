"""The acoustic branch: views, trunk activations, students."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend import MicroFrontend
from tools.pipeline.closure import code_of
from tools.pipeline.inputs import Inputs
from tools.pipeline.stages import Stages
from train.augment import AUGMENTS
from train.objectives import OBJECTIVES
from train.student import STUDENTS
from train.views import clip_views
from train.weights import load_weights, save_weights


def make_views(inputs: Inputs, stages: Stages) -> Path:
    """Stage: the clean and the varied int8 views of all emotional clips, `views.npy`."""
    recipe = inputs.recipe
    parts = {
        "corpus": inputs.digests["emotion"],
        "recipe": recipe.dump("window", "frontend", "views", "augment", "seed"),
        "surroundings": inputs.digests["surroundings"],
        "augment": code_of(AUGMENTS.find(recipe.augment.name).sound),
    }

    def make(folder: Path) -> None:
        from train.corpora.reading import read_clips

        pcm = read_clips(inputs.clips, f"reading {inputs.emotion_corpus.name}")
        views = clip_views(
            pcm,
            recipe.window.window_samples,
            MicroFrontend(inputs.frontend),
            inputs.scaling,
            recipe.augment,
            inputs.surroundings,
            recipe.views.count,
            recipe.seed,
        )
        np.save(folder / "views.npy", views)

    return stages.run("views", parts, make)


def make_activations(inputs: Inputs, stages: Stages, views: Path) -> Path:
    """Stage: the frozen trunk's activations of all views, `activations.npy` (recipe kind `trunk`)."""
    layer = inputs.recipe.foundation.trunk_layer

    def make(folder: Path) -> None:
        from train.student.trunk import trunk_activations

        features = np.load(views / "views.npy", mmap_mode="r")
        flat = trunk_activations(layer, features.reshape(-1, *features.shape[2:]))
        np.save(folder / "activations.npy", flat.reshape(*features.shape[:2], *flat.shape[1:]))

    parts = {"views": views.name, "layer": layer}
    return stages.run("activations", parts, make)


@dataclass(frozen=True)
class Student:
    """One trained student.

    Attributes:
        folder: Its stage folder with `weights.npz` and `logits.npy` (float32[clips, labels], clean view).
        seed: Its seed.
        taught: Whether the teacher was listened to.
    """

    folder: Path
    seed: int
    taught: bool


def build_student(inputs: Inputs, shape: tuple[int, ...], on_chip: bool = False) -> Any:
    """Return an untrained student body for activations or features of a shape."""
    part = STUDENTS.find(inputs.recipe.kind)
    return part.build(shape, len(inputs.labels), inputs.recipe.student, on_chip)


def reads_trunk(inputs: Inputs) -> bool:
    """Tell whether the student reads the frozen trunk's activations."""
    return STUDENTS.find(inputs.recipe.kind).reads == "trunk"


def input_scale(inputs: Inputs) -> float:
    """Return the real value of one step of what the student's trainable part reads."""
    from train.student.trunk import ACTIVATION_SCALE

    return ACTIVATION_SCALE if reads_trunk(inputs) else inputs.scaling.real_scale


def training_data(inputs: Inputs, stages: Stages) -> tuple[Path, NDArray[Any]]:
    """Return the stage folder and the array [views, clips, ...] that the student's trainable part reads."""
    views = make_views(inputs, stages)
    if reads_trunk(inputs):
        source = make_activations(inputs, stages, views)
        return source, np.load(source / "activations.npy", mmap_mode="r")
    return views, np.load(views / "views.npy", mmap_mode="r")


def train_student(
    inputs: Inputs, stages: Stages, name: str, rows: NDArray[np.int64], seed: int, teacher: Path | None
) -> Student:
    """Stage: one student, trained on the clips `rows`, with or without a teacher."""
    recipe = inputs.recipe
    source, data = training_data(inputs, stages)
    parts = {
        "data": source.name,
        "clips": [int(r) for r in rows],
        "recipe": recipe.dump("student", "fit", "kind"),
        "labels": inputs.labels,
        "seed": seed,
        "teacher": [teacher.name, recipe.dump("distil")] if teacher else None,
        "network": code_of(STUDENTS.find(recipe.kind).build),
        "objective": code_of(OBJECTIVES.find(recipe.fit.objective).loss),
    }

    def make(folder: Path) -> None:
        from train.student.fit import DistilSettings, fit, predict

        taught_by = None
        if teacher:
            with np.load(teacher / "probabilities.npz", allow_pickle=False) as stored:
                taught_by = stored["probabilities"][rows]
        distil = DistilSettings(weight=recipe.distil.weight, temperature=recipe.distil.temperature)
        model = fit(
            lambda: build_student(inputs, data.shape[2:]),
            np.ascontiguousarray(data[:, rows]),
            inputs.targets[rows],
            recipe.fit,
            seed,
            input_scale(inputs),
            f"training {name}",
            taught_by,
            distil,
        )
        save_weights(folder / "weights.npz", model)
        np.save(folder / "logits.npy", predict(model, data[0], input_scale(inputs)))

    folder = stages.run(name, parts, make)
    return Student(folder, seed, teacher is not None)


def student_network(inputs: Inputs, student: Student, data_shape: tuple[int, ...]) -> Any:
    """Return a trained student as one float network with a batch of one, as it goes onto the chip."""
    import keras

    from train.student.network import raise_to_floor
    from train.student.trunk import join

    built = build_student(inputs, data_shape, on_chip=True)
    body = raise_to_floor(load_weights(student.folder / "weights.npz", built))
    frames = inputs.frontend.frames(inputs.recipe.window.window_samples)
    if reads_trunk(inputs):
        return join(inputs.recipe.foundation.trunk_layer, frames, body)
    fixed = keras.Input(batch_shape=(1, frames, inputs.frontend.channels, 1), name="features")
    return keras.Model(fixed, body(fixed), name="student")
