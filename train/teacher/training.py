"""Fits a TC-GRU to training speakers and stops by validation speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.progress import track
from train.objectives import OBJECTIVES
from train.objectives.ccc import negative_mean_ccc
from train.teacher.network import build_tc_gru
from train.teacher.registry import Lesson
from train.teacher.registry import teacher as registered
from train.teacher.scaling import measured
from train.teacher.settings import TeacherSettings
from train.teacher.tc_gru import Floats, Teacher

Mask = npt.NDArray[np.bool_]
_LEAST_DEVIATION = 1e-2  # a channel that hardly moves must not be blown up


def train_teacher(
    sequences: npt.NDArray[Any],
    targets: Floats,
    dimensions: Floats | None,
    train: Mask,
    validation: Mask,
    settings: TeacherSettings,
    steps: npt.NDArray[np.int64] | None = None,
) -> Teacher:
    """Train a teacher and return it with the weights of its best pass.

    The same arguments give the same weights on one machine: TensorFlow is switched to deterministic
    operations for the rest of the process.

    Args:
        sequences: float [clips, steps, channels]: a foundation model's layer, or filterbank and pitch.
        targets: float32 [clips, classes]: rater distributions, one-hot where there is one label.
        dimensions: float32 [clips, dimensions] such as valence, arousal and dominance in -1 to 1, NaN
            where a clip has no label; `None` for a teacher without a dimensional head.
        train: Clips to learn from.
        validation: Clips of other speakers that decide when to stop.
        settings: Sizes, loss and patience.
        steps: Steps of each clip that are no padding; `None` for all.

    Raises:
        InvalidSetting: Too few clips, or a clip on both sides.
    """
    import keras
    import tensorflow as tf

    if (train & validation).any():
        raise InvalidSetting("a clip cannot both train the teacher and stop it", "use disjoint speakers")
    if train.sum() < 2 or validation.sum() < 1:
        raise InvalidSetting(
            f"{train.sum()} clips to train and {validation.sum()} to validate are too few", "add speakers"
        )
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(settings.seed)
    width = 0 if dimensions is None else dimensions.shape[1]
    mean, deviation = measured(sequences, steps, train, _LEAST_DEVIATION)
    teacher = Teacher(
        network=build_tc_gru(settings, sequences.shape[2], targets.shape[1], width),
        mean=mean,
        deviation=deviation,
        classes=targets.shape[1],
        dimensions=width,
        settings=settings,
    )
    known = {"targets": targets} if dimensions is None else {"targets": targets, "dimensions": dimensions}
    everything = {**teacher.inputs(sequences, steps), **{k: v.astype(np.float32) for k, v in known.items()}}
    _fit(teacher, everything, np.flatnonzero(train), np.flatnonzero(validation))
    return teacher


@registered(
    "tc_gru", summary="temporal convolution and two GRU layers, Mitra et al.", settings=TeacherSettings
)
def train_tc_gru(lesson: Lesson, settings: TeacherSettings) -> Teacher:
    """Return a TC-GRU trained on a lesson, stopped by its watched clips; see `train_teacher`."""
    return train_teacher(
        lesson.sequences,
        lesson.targets,
        lesson.dimensions,
        lesson.learn,
        lesson.watch,
        settings.model_copy(update={"seed": lesson.seed}),
        lesson.steps,
    )


def _fit(
    teacher: Teacher,
    clips: dict[str, Floats],
    train: npt.NDArray[np.int64],
    validation: npt.NDArray[np.int64],
) -> None:
    """Run AdamW until the validation CCC has not risen for `patience` passes; keep the best weights.

    CCC decides for either objective: with few validation speakers, cross-entropy punishes one sure
    mistake more than it rewards many right answers, and stops training long before recall is best.
    """
    import keras
    import tensorflow as tf

    settings, network = teacher.settings, teacher.network
    optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay)

    def step(batch: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = teacher_loss(network(_inputs(batch), training=True), batch, settings)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, network.trainable_variables), network.trainable_variables, strict=True)
        )
        return loss

    def loss_on(batch: dict[str, Any]) -> Any:
        outputs = network(_inputs(batch), training=False)
        agreement = negative_mean_ccc(batch["targets"], tf.nn.softmax(outputs["logits"]))
        if teacher.dimensions:
            agreement += negative_mean_ccc(batch["dimensions"], outputs["dimensions"])
        return agreement

    run_step = tf.function(step, reduce_retracing=True)
    run_watched = tf.function(loss_on, reduce_retracing=True)
    rng = np.random.default_rng(settings.seed)
    # CCC is a property of a whole set, so the validation clips are judged in one batch.
    watched = {name: tf.constant(values[validation]) for name, values in clips.items()}
    losses: list[float] = []
    watched_losses: list[float] = []
    best = network.get_weights()
    for _ in track(range(settings.epochs), "training the teacher", settings.epochs):
        order = rng.permutation(train)
        batches = np.array_split(order, -(-len(order) // settings.batch))
        passes = [run_step({name: tf.constant(v[each]) for name, v in clips.items()}) for each in batches]
        losses.append(float(np.mean([float(loss) for loss in passes])))
        watched_losses.append(float(run_watched(watched)))
        since_best = len(watched_losses) - 1 - int(np.argmin(watched_losses))
        if since_best == 0:
            best = network.get_weights()
        elif since_best >= settings.patience:
            break
    network.set_weights(best)
    teacher.history = {"train": losses, "validation": watched_losses, "kept": int(np.argmin(watched_losses))}


def teacher_loss(outputs: dict[str, Any], batch: dict[str, Any], settings: TeacherSettings) -> Any:
    """Return the loss of one batch: the categorical head's, plus the dimensional head's where there is one.

    Args:
        outputs: What the network of `build_tc_gru` says.
        batch: `targets` [batch, classes] and, with a dimensional head, `dimensions` (NaN: no label).
        settings: Which categorical loss, and the weight of the dimensional one.
    """
    targets, objective = batch["targets"], OBJECTIVES.find(settings.objective)
    loss = objective.loss(objective.smoothed(targets, settings.smoothing), outputs["logits"])
    if "dimensions" in outputs:
        loss += settings.dimension_weight * negative_mean_ccc(batch["dimensions"], outputs["dimensions"])
    return loss


def _inputs(batch: dict[str, Any]) -> dict[str, Any]:
    return {"sequence": batch["sequence"], "mask": batch["mask"]}
