"""Training of a small network: AdamW, a warm-up and cosine schedule, averaged weights, fixed epochs.

Nothing is selected during training, so that held-out speakers stay untouched. With a fixed seed and
TensorFlow's deterministic kernels the same data give the same weights on one machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from firmware_bridge.base.progress import track
from firmware_bridge.base.settings import Settings
from train.objectives import OBJECTIVES
from train.objectives.distillation import distillation_loss
from train.objectives.registry import known


class FitSettings(Settings):
    """How a network is trained.

    Attributes:
        objective: The loss, by name (`train/objectives`).
        epochs: Passes over the clips; each pass sees one random view of each clip.
        least_steps: Few clips make short passes: there are as many passes as this number of steps needs.
        batch: Clips per step.
        rate: Highest learning rate.
        decay: Weight decay of AdamW.
        smoothing: Label smoothing: this share of each target is spread over all classes, where the objective bears it.
        average_from: Share of the epochs after which weights are averaged.
        average: Decay of that average per step.
    """

    objective: Annotated[str, AfterValidator(known)] = "cross_entropy"
    epochs: int = Field(default=40, ge=1, le=1000)
    least_steps: int = Field(default=0, ge=0)
    batch: int = Field(default=64, ge=2)
    rate: float = Field(default=4e-3, gt=0)
    decay: float = Field(default=0.02, ge=0)
    smoothing: float = Field(default=0.1, ge=0, lt=1)
    average_from: float = Field(default=0.6, ge=0, lt=1)
    average: float = Field(default=0.98, gt=0, lt=1)


class DistilSettings(Settings):
    """How a teacher is listened to.

    Attributes:
        weight: Share of the loss that is the distance to the teacher; 0 trains on the targets alone.
        temperature: Softens teacher and student alike.
    """

    weight: float = Field(default=0.5, ge=0, le=1)
    temperature: float = Field(default=2.0, gt=0)


Take = Callable[[NDArray[Any], NDArray[np.int64], NDArray[np.int64], np.random.Generator], NDArray[Any]]


def take_whole(
    views: NDArray[Any], chosen: NDArray[np.int64], clips: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[Any]:
    """Return one whole view of each clip."""
    whole: NDArray[Any] = views[chosen, clips]
    return whole


def make_deterministic(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow, and ask TensorFlow for deterministic kernels."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def fit(
    build: Callable[[], Any],
    views: NDArray[Any],
    targets: NDArray[np.float32],
    settings: FitSettings,
    seed: int,
    input_scale: float,
    title: str = "training",
    teacher: NDArray[np.float32] | None = None,
    distil: DistilSettings | None = None,
    take: Take | None = None,
) -> Any:
    """Train a network on views of clips.

    Args:
        build: Makes the untrained `keras.Model`; called after seeding.
        views: int8 or uint8 [views, clips, ...]; each epoch draws one view per clip.
        targets: float32[clips, classes], a distribution per clip.
        settings: How.
        seed: Same seed and data, same weights.
        input_scale: Real value of one step of `views`.
        title: What the progress bar says.
        teacher: float32[clips, classes], a teacher's probabilities for each clip.
        distil: How much the teacher's word counts; without a teacher it is ignored.
        take: Cuts the batch out of `views`; called with the views, int64[batch] of chosen views and of clips,
            and the generator. By default whole views are taken.

    Returns:
        The trained `keras.Model` with averaged weights.
    """
    make_deterministic(seed)
    import keras
    import tensorflow as tf

    model = build()
    rng = np.random.default_rng(seed)
    clips = views.shape[1]
    batch = min(settings.batch, clips)
    epochs = max(settings.epochs, -(-settings.least_steps // (clips // batch)))
    steps = epochs * (clips // batch)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.rate / 25, steps - steps // 4, warmup_target=settings.rate, warmup_steps=max(1, steps // 4)
    )
    optimiser = keras.optimizers.AdamW(schedule, weight_decay=settings.decay)
    weights = model.trainable_variables
    optimiser.build(weights)
    averaged = [v for v in model.weights if str(v.dtype).startswith("float")]
    shadow = [tf.Variable(v.value) for v in averaged]
    objective = OBJECTIVES.find(settings.objective)
    smoothed = objective.smoothed(targets, settings.smoothing).astype(np.float32)
    distil, take = distil or DistilSettings(), take or take_whole
    weight = distil.weight if teacher is not None else 0.0
    advised = smoothed if teacher is None else teacher.astype(np.float32)
    needs_channel = len(model.input_shape) == views.ndim

    def train_step(values: Any, wanted: Any, advice: Any) -> None:
        inputs = tf.cast(values, tf.float32) * input_scale
        if needs_channel:
            inputs = inputs[..., tf.newaxis]
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            loss = (1.0 - weight) * objective.loss(wanted, logits)
            if weight:
                loss += weight * distillation_loss(advice, logits, distil.temperature)
        optimiser.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    def average_step(keep: Any) -> None:
        for kept, current in zip(shadow, averaged, strict=True):
            kept.assign(kept * keep + current.value * (1.0 - keep))

    step, remember = tf.function(train_step), tf.function(average_step)

    first = int(epochs * settings.average_from)
    for epoch in track(range(epochs), title):
        order, chosen = rng.permutation(clips), rng.integers(0, views.shape[0], clips)
        for index, start in enumerate(range(0, clips - batch + 1, batch)):
            picked = order[start : start + batch]
            seen = tf.constant(take(views, chosen[picked], picked, rng))
            step(seen, tf.constant(smoothed[picked]), tf.constant(advised[picked]))
            if epoch >= first:
                remember(tf.constant(0.0 if epoch == first and index == 0 else settings.average))
    for kept, current in zip(shadow, averaged, strict=True):
        current.assign(kept)
    return model


def predict(model: Any, inputs: NDArray[Any], input_scale: float, batch: int = 64) -> NDArray[np.float32]:
    """Return the logits float32[n, classes] of a trained network for int8 or uint8 inputs [n, ...]."""
    import tensorflow as tf

    needs_channel = len(model.input_shape) == inputs.ndim + 1
    forward = tf.function(lambda values: model(values, training=False), reduce_retracing=True)
    results = []
    for start in range(0, len(inputs), batch):
        values = inputs[start : start + batch].astype(np.float32) * np.float32(input_scale)
        results.append(forward(tf.constant(values[..., None] if needs_channel else values)).numpy())
    return np.concatenate(results)
