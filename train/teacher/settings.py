"""What can be chosen about a teacher."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from firmware_bridge.base.parts import PartSettings
from train.objectives.registry import known


class TeacherSettings(PartSettings):
    """Settings of the TC-GRU teacher; sizes, rate and batch of Mitra et al., arXiv 2503.22711.

    Attributes:
        name: Which teacher it is.
        objective: Loss of the categorical head (`train/objectives`): `ccc` is the paper's, `cross_entropy` takes the
            rater distribution as a soft label. Dimensions always use CCC.
        kernel: Steps that the temporal convolution sees.
        filters: Its channels.
        units: Units of each of the two GRU layers.
        embedding: Size of the embedding that the heads read.
        dropout: Share of inputs and of embedding units dropped in training.
        noise: Deviation of the noise added to the standardised input in training.
        weight_decay: Share of every weight that a step takes away, times the learning rate (AdamW).
        dimension_weight: Weight of the dimensional loss beside the categorical one.
        learning_rate: Step size of Adam.
        batch: Clips per step.
        epochs: Most passes over the training speakers.
        patience: Passes without a better CCC on the validation speakers before training stops.
        smoothing: Share of each target spread evenly over the classes (cross-entropy only).
        seed: Seed of the weights, the order of clips and dropout.
    """

    name: Literal["tc_gru"] = "tc_gru"
    objective: Annotated[str, AfterValidator(known)] = "cross_entropy"
    kernel: int = Field(3, ge=1)
    filters: int = Field(256, ge=1)
    units: int = Field(256, ge=1)
    embedding: int = Field(256, ge=1)
    dropout: float = Field(0.4, ge=0, lt=1)
    noise: float = Field(0.7, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    dimension_weight: float = Field(1.0, ge=0)
    learning_rate: float = Field(5e-4, gt=0)
    batch: int = Field(32, ge=2)
    epochs: int = Field(30, ge=1)
    patience: int = Field(10, ge=1)
    smoothing: float = Field(0.1, ge=0, lt=1)
    seed: int = 0


# A sequence of few channels bears less noise than a foundation layer, and one without pretraining needs
# larger steps: on RAVDESS 54 % UAR instead of 36 % (1 seed, 4 held-out speakers).
FILTERBANK_TEACHER = TeacherSettings(filters=128, units=128, noise=0.2, dropout=0.2, learning_rate=2e-3)
