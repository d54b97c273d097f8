"""A teacher that listens to what matters: attentive statistics over the steps of a sequence.

Attention weights and the mean and deviation under them are those of Okabe et al., arXiv 1803.10963, with several heads.
It is cheap beside a recurrent network, because no step waits for the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import track
from train.objectives import OBJECTIVES
from train.teacher.registry import Floats, Lesson, teacher
from train.teacher.scaling import measured, scaled

_LEAST_DEVIATION = 1e-3  # a channel that hardly moves must not be blown up
_PREDICT_BATCH = 128


class AttentiveSettings(PartSettings):
    """Settings of the attentive teacher.

    Attributes:
        name: Which teacher it is.
        width: Values per step after the first layer.
        heads: Sets of attention weights.
        noise: Deviation of the noise added to the standardised input in training.
        input_dropout: Share of input channels dropped.
        dropout: Share of statistics dropped before the classes.
        smoothing: Share of each target spread evenly over the classes.
        rate: Highest learning rate.
        decay: Weight decay of AdamW.
        batch: Clips per step.
        epochs: Passes over the clips; fixed, so that nothing is selected.
    """

    name: Literal["attentive"] = "attentive"
    width: int = Field(default=128, ge=4)
    heads: int = Field(default=4, ge=1)
    noise: float = Field(default=0.5, ge=0)
    input_dropout: float = Field(default=0.3, ge=0, lt=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    smoothing: float = Field(default=0.1, ge=0, lt=1)
    rate: float = Field(default=2e-3, gt=0)
    decay: float = Field(default=0.02, ge=0)
    batch: int = Field(default=64, ge=2)
    epochs: int = Field(default=25, ge=1)


def attended(values: Any, scores: Any, mask: Any) -> Any:
    """Return mean and deviation of values under each head's attention.

    Args:
        values: float32 [batch, steps, width].
        scores: float32 [batch, steps, heads], before the softmax over steps.
        mask: float32 [batch, steps], 1 for real steps.

    Returns:
        float32 [batch, 2 * heads * width].
    """
    import tensorflow as tf

    weights = tf.nn.softmax(scores + (mask[..., tf.newaxis] - 1.0) * 1e4, axis=1)
    mean = tf.einsum("bsh,bsw->bhw", weights, values)
    square = tf.einsum("bsh,bsw->bhw", weights, values * values)
    deviation = tf.sqrt(tf.maximum(square - mean * mean, 1e-5))
    size = scores.shape[2] * values.shape[2]
    return tf.concat([tf.reshape(mean, (-1, size)), tf.reshape(deviation, (-1, size))], axis=1)


def build_attentive(settings: AttentiveSettings, channels: int, classes: int) -> Any:
    """Return an untrained network from [float32 [batch, steps, channels], mask float32 [batch, steps]] to logits."""
    import keras
    from keras import layers

    class Attended(layers.Layer):  # type: ignore[misc]
        """`attended` as a layer."""

        def call(self, inputs: Any) -> Any:
            return attended(*inputs)

    sequence, mask = keras.Input((None, channels), name="sequence"), keras.Input((None,), name="mask")
    x = layers.GaussianNoise(settings.noise, name="noise")(sequence)
    x = layers.SpatialDropout1D(settings.input_dropout, name="input_dropout")(x)
    values = layers.Dense(settings.width, activation="gelu", name="values")(x)
    scores = layers.Dense(settings.heads, name="attention")(values)
    x = Attended(name="statistics")([values, scores, mask])
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.Dropout(settings.dropout, name="dropout")(x)
    return keras.Model([sequence, mask], layers.Dense(classes, name="logits")(x), name="attentive")


@dataclass(frozen=True, eq=False)
class Attentive:
    """A trained attentive teacher.

    Attributes:
        network: The network of `build_attentive`.
        mean: float32[channels], subtracted from the sequence.
        deviation: float32[channels], by which it is then divided.
    """

    network: Any
    mean: Floats
    deviation: Floats

    def predict(self, sequences: npt.NDArray[Any], steps: npt.NDArray[np.int64] | None = None) -> Floats:
        """Return class shares float32[clips, classes]."""
        import tensorflow as tf

        found = []
        for start in range(0, len(sequences), _PREDICT_BATCH):
            block = slice(start, start + _PREDICT_BATCH)
            known = None if steps is None else steps[block]
            given = scaled(sequences[block], known, self.mean, self.deviation)
            found.append(np.asarray(tf.nn.softmax(self.network(list(given), training=False))))
        return np.concatenate(found)

    def save(self, path: Path) -> None:
        """Write it to one `.npz` file, without pickle."""
        weights = {f"weight{number}": w for number, w in enumerate(self.network.get_weights())}
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, mean=self.mean, deviation=self.deviation, **weights)


@teacher("attentive", summary="attentive statistics over time and one layer", settings=AttentiveSettings)
def train_attentive(lesson: Lesson, settings: AttentiveSettings) -> Attentive:
    """Return an attentive teacher; epochs are fixed, so watched clips are not looked at."""
    import keras
    import tensorflow as tf

    from train.student.fit import make_deterministic

    make_deterministic(lesson.seed)
    rows = np.flatnonzero(lesson.learn)
    network = build_attentive(settings, lesson.sequences.shape[2], lesson.targets.shape[1])
    made = Attentive(network, *measured(lesson.sequences, lesson.steps, lesson.learn, _LEAST_DEVIATION))
    objective = OBJECTIVES.find("cross_entropy")
    targets = objective.smoothed(lesson.targets, settings.smoothing)
    batch = min(settings.batch, len(rows))
    total = settings.epochs * (len(rows) // batch)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.rate / 20, total - total // 6, warmup_target=settings.rate, warmup_steps=max(1, total // 6)
    )
    optimiser = keras.optimizers.AdamW(schedule, weight_decay=settings.decay)
    weights = network.trainable_variables
    optimiser.build(weights)

    def train_step(sequence: Any, mask: Any, wanted: Any) -> None:
        with tf.GradientTape() as tape:
            loss = objective.loss(wanted, network([sequence, mask], training=True))
        optimiser.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    step = tf.function(train_step, reduce_retracing=True)
    rng = np.random.default_rng(lesson.seed)
    for _ in track(range(settings.epochs), "training the teacher", settings.epochs):
        order = rng.permutation(rows)
        for start in range(0, len(order) - batch + 1, batch):
            picked = order[start : start + batch]
            given = scaled(lesson.sequences[picked], lesson.steps[picked], made.mean, made.deviation)
            step(*(tf.constant(one) for one in given), tf.constant(targets[picked]))
    return made
