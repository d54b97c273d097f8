"""The acoustic branch: views, trunk activations, layer ranking, teacher, students."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.files import write_json
from firmware_bridge.microfrontend import InputScaling, MicroFrontend, preset
from tools.pipeline.inputs import Inputs, has_foundation
from tools.pipeline.stages import Stages
from train.augment import AugmentSettings
from train.teacher.settings import TeacherSettings
from train.views import Surroundings, clip_views
from train.weights import load_weights, save_weights


def make_views(inputs: Inputs, stages: Stages) -> Path:
    """Stage: the clean and the varied int8 views of all emotional clips, `views.npy`."""
    recipe = inputs.recipe
    parts = {
        "corpus": inputs.digests["emotion"],
        "recipe": recipe.dump("window", "frontend", "views", "augment", "seed"),
        "surroundings": inputs.digests["surroundings"],
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


def rank_foundation_layers(inputs: Inputs, stages: Stages) -> Path:
    """Stage: saliency and probe of every foundation layer on training speakers, `layers.json` and `layers.png`."""
    parts = {
        "corpus": inputs.digests["emotion"],
        "split": inputs.split.hash,
        "recipe": inputs.recipe.dump("window", "foundation", "seed"),
    }

    def make(folder: Path) -> None:
        from train.foundation.extract import YamNet
        from train.foundation.ranking import choose_layer, plot_ranking, rank_layers

        model, rows = YamNet(), inputs.rows("train")
        features, steps = clean_features(inputs, "yamnet")
        layers = tuple(model.layers)
        pooled = model.pooled(features[rows], layers, lengths=steps[rows])
        scores = rank_layers(
            model,
            pooled,
            inputs.truth[rows],
            inputs.speakers[rows],
            inputs.targets[rows],
            seed=inputs.recipe.seed,
        )
        chosen = choose_layer(scores, inputs.recipe.foundation.teacher_layer)
        write_json(folder / "layers.json", {"chosen": chosen.layer, "layers": [s.as_dict() for s in scores]})
        plot_ranking(scores, folder / "layers.png")
        wanted = model.sequences(features, (chosen.layer,))[chosen.layer]
        np.savez(
            folder / "sequences.npz", sequences=wanted, steps=sequence_steps(steps, wanted.shape[1], features)
        )

    return stages.run("layers", parts, make)


def clean_features(inputs: Inputs, name: str) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return int8[clips, frames, channels] of a front-end preset, and the frames of each clip that are speech."""
    from train.corpora.reading import read_clips

    pcm = read_clips(inputs.clips, f"reading {inputs.emotion_corpus.name}")
    samples, spec = inputs.recipe.window.window_samples, preset(name)
    features = clip_views(
        pcm, samples, MicroFrontend(spec), InputScaling(), AugmentSettings(), Surroundings(), 0, 0
    )[0]
    return features, np.array([spec.frames(min(len(p), samples)) for p in pcm], np.int64)


def sequence_steps(frames: NDArray[np.int64], steps: int, features: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return how many of a layer's steps are speech, for clips with so many frames of speech."""
    return np.clip(-(-frames * steps // features.shape[1]), 1, steps).astype(np.int64)


def make_teacher(inputs: Inputs, stages: Stages) -> Path:
    """Stage: the TC-GRU teacher and what it says of every clip, `teacher.npz` and `probabilities.npz`.

    Beside them `layers.json` and `layers.png`, where it listens to a layer of a foundation model.
    """
    recipe = inputs.recipe
    foundation = has_foundation(recipe)
    layers = rank_foundation_layers(inputs, stages) if foundation else None
    parts = {
        "input": layers.name if layers else "filterbank and pitch",
        "corpus": inputs.digests["emotion"],
        "split": inputs.split.hash,
        "recipe": recipe.dump("teacher", "seed"),
    }

    def make(folder: Path) -> None:
        from train.teacher.training import train_teacher

        chosen = recipe.teacher
        if layers:
            with np.load(layers / "sequences.npz", allow_pickle=False) as stored:
                sequences, steps = stored["sequences"], stored["steps"]
        else:
            from train.corpora.reading import read_clips
            from train.teacher.filterbank import FILTERBANK_TEACHER, FilterbankSettings, filterbank_sequences

            pcm = read_clips(inputs.clips, f"reading {inputs.emotion_corpus.name}")
            sequences, steps = filterbank_sequences(pcm, FilterbankSettings())
            chosen = FILTERBANK_TEACHER if recipe.teacher == TeacherSettings() else chosen
        learn, select = (
            np.isin(np.arange(len(steps)), inputs.rows(part)) for part in ("train", "validation")
        )
        settings = chosen.model_copy(update={"seed": recipe.seed})
        dimensions = dimensional_targets(inputs)
        teacher = train_teacher(sequences, inputs.targets, dimensions, learn, select, settings, steps)
        teacher.save(folder / "teacher.npz")
        if layers:
            for name in ("layers.json", "layers.png"):
                shutil.copyfile(layers / name, folder / name)
        np.savez(folder / "probabilities.npz", probabilities=teacher.predict(sequences, steps))

    return stages.run("teacher", parts, make)


def dimensional_targets(inputs: Inputs) -> NDArray[np.float32] | None:
    """Return float32[clips, 3] of valence, arousal and dominance where the corpus has them, else None."""
    named = [(c.valence, c.arousal, c.dominance) for c in inputs.clips]
    table = np.array([[np.nan if v is None else v for v in row] for row in named], np.float32)
    return table if np.isfinite(table).any() else None


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
    from train.student.network import build_body, build_scratch

    classes, settings = len(inputs.labels), inputs.recipe.student
    if inputs.recipe.kind == "trunk":
        return build_body((shape[0], shape[1], shape[2]), classes, settings, on_chip)
    return build_scratch((shape[0], shape[1]), classes, settings, on_chip)


def input_scale(inputs: Inputs) -> float:
    """Return the real value of one step of what the student's trainable part reads."""
    from train.student.trunk import ACTIVATION_SCALE

    return ACTIVATION_SCALE if inputs.recipe.kind == "trunk" else inputs.scaling.real_scale


def training_data(inputs: Inputs, stages: Stages) -> tuple[Path, NDArray[Any]]:
    """Return the stage folder and the array [views, clips, ...] that the student's trainable part reads."""
    views = make_views(inputs, stages)
    if inputs.recipe.kind == "trunk":
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
    if inputs.recipe.kind == "trunk":
        return join(inputs.recipe.foundation.trunk_layer, frames, body)
    fixed = keras.Input(batch_shape=(1, frames, inputs.frontend.channels, 1), name="features")
    return keras.Model(fixed, body(fixed), name="student")
