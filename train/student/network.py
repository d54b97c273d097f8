"""The acoustic transformer in operations that the Edge TPU runs. Keras, TensorFlow inside functions only.

Attention between frames needs a product of two activations, which the chip does not map; layer norm and
GELU neither. So a block is rebuilt from what is seen mapped in real compiled models: batch norm folded
into 1x1 convolutions, long depthwise kernels along time to mix tokens, and a gate that every frame reads
from gated frames around it (a softmax over time would lose 4-5 points in int8, and a mean over the window
would have to be multiplied with a map of another shape, which was never seen mapped). Layout is
[batch, time, frequency, channels]; after the frequency axis is collapsed it stays there with size 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.base.settings import Settings
from train.student.norm import batch_norm
from train.student.registry import student


class StudentSettings(Settings):
    """Shape of the student's body.

    Attributes:
        width: Channels of the residual stream.
        expansion: Channels inside a block's token mixer and feed-forward, in multiples of `width`.
        kernel: Length of the depthwise kernels along time, in steps.
        context: How many steps around itself a frame's gate is read from.
        blocks: Number of blocks.
        dropout: Share of activations dropped in training.
        stem: Channels of the four stem stages (recipe `scratch` only).
    """

    width: int = Field(default=96, ge=8, le=512, multiple_of=4)
    expansion: int = Field(default=2, ge=1, le=4)
    kernel: int = Field(default=5, ge=1, le=31)
    context: int = Field(default=7, ge=1, le=31)
    blocks: int = Field(default=1, ge=1, le=8)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    stem: tuple[int, ...] = (24, 32, 48, 64)


# ReLU6: one outlier must not stretch the 255 int8 steps of a whole tensor.
CEILING = 6.0
# On the chip, scores are logits above this floor: what is less likely never wins, but would take half the int8 steps.
SCORE_FLOOR = -2.0


def conv(x: Any, channels: int, name: str, *, kernel: int = 1, stride: int = 1, relu: bool = True) -> Any:
    """Convolution with batch norm (folded away on conversion) and, if asked, ReLU."""
    from keras import layers

    x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = batch_norm(f"{name}_norm")(x)
    return layers.ReLU(CEILING, name=f"{name}_relu")(x) if relu else x


def depthwise(
    x: Any, kernel: tuple[int, int], name: str, *, stride: int = 1, padding: str = "same", relu: bool = True
) -> Any:
    """Depthwise convolution of kernel (time, frequency) with batch norm and, if asked, ReLU."""
    from keras import layers

    x = layers.DepthwiseConv2D(kernel, strides=stride, padding=padding, use_bias=False, name=name)(x)
    x = batch_norm(f"{name}_norm")(x)
    return layers.ReLU(CEILING, name=f"{name}_relu")(x) if relu else x


def mean_over_window(x: Any, name: str) -> Any:
    """Mean over time and frequency, [batch, 1, 1, channels]."""
    from keras import layers

    return layers.GlobalAveragePooling2D(keepdims=True, name=name)(x)


def gated(x: Any, value: Any, channels: int, name: str) -> Any:
    """`value` under a sigmoid gate that each frame computes from itself, [batch, time, frequency, channels]."""
    from keras import layers

    gate = layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}_gate")(x)
    return layers.Multiply(name=f"{name}_gated")([value, gate])


def block(x: Any, settings: StudentSettings, name: str) -> Any:
    """One block: token mixing along time, a gate read from the surroundings, a feed-forward layer; with residuals."""
    from keras import layers

    width, inner = settings.width, settings.width * settings.expansion

    def residual(x: Any, y: Any, part: str) -> Any:
        y = layers.Dropout(settings.dropout, name=f"{name}_{part}_drop")(y)
        y = layers.Add(name=f"{name}_{part}_add")([x, y])
        return layers.ReLU(CEILING, name=f"{name}_{part}_relu")(y)

    y = conv(x, inner, f"{name}_mix_in")
    y = depthwise(y, (settings.kernel, 1), f"{name}_mix_time")
    x = residual(x, conv(y, width, f"{name}_mix_out", relu=False), "mix")

    value = conv(x, width, f"{name}_value")
    context = gated(x, value, width, f"{name}_context")
    context = depthwise(context, (settings.context, 1), f"{name}_surroundings", relu=False)
    y = gated(context, value, width, f"{name}_read")
    x = residual(x, conv(y, width, f"{name}_gate_out", relu=False), "gate")

    y = conv(x, inner, f"{name}_feed_in")
    return residual(x, conv(y, width, f"{name}_feed_out", relu=False), "feed")


def body(inputs: Any, classes: int, settings: StudentSettings, on_chip: bool = False) -> Any:
    """From trunk activations [batch, time, frequency, channels] to logits [batch, classes].

    With `on_chip` the result is `floored(logits)`, once `raise_to_floor` has shifted the bias.
    """
    from keras import layers

    x = layers.Dropout(settings.dropout, name="input_drop")(inputs)
    if inputs.shape[2] > 1:
        x = depthwise(x, (1, inputs.shape[2]), "collapse_frequency", padding="valid")
    x = conv(x, settings.width, "to_width")
    for index in range(settings.blocks):
        x = block(x, settings, f"block{index}")
    # Gated frames join the others before the mean: two means, joined, would be an ADD of vectors, which the
    # converter gives different shapes.
    y = gated(x, conv(x, settings.width, "pool_value"), settings.width, "pool")
    x = layers.Add(name="pool_add")([x, conv(y, settings.width, "pool_out", relu=False)])
    x = layers.ReLU(CEILING, name="pool_relu")(x)
    x = layers.Dropout(0.3, name="mean_drop")(mean_over_window(x, "mean"))
    logits = layers.Conv2D(classes, 1, name="logits")(x)
    if on_chip:
        logits = layers.ReLU(name="floor")(logits)
    return layers.Reshape((classes,), name="scores")(logits)


def floored(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the chip's network gives for float logits: their height above `SCORE_FLOOR`, at least 0."""
    return np.maximum(logits - np.float32(SCORE_FLOOR), 0)


def raise_to_floor(model: Any) -> Any:
    """Shift the bias of the last layer so that 0 stands for `SCORE_FLOOR`; return the network."""
    reading = model.get_layer("logits")
    kernel, bias = reading.get_weights()
    reading.set_weights([kernel, bias - np.float32(SCORE_FLOOR)])
    return model


def build_body(
    shape: tuple[int, int, int], classes: int, settings: StudentSettings, on_chip: bool = False
) -> Any:
    """Return the trainable part of the `trunk` recipe.

    Args:
        shape: (time steps, frequencies, channels) of the trunk's activations.
        classes: Number of emotion classes.
        settings: Shape of the body.
        on_chip: End as on the chip (see `body`).

    Returns:
        A `keras.Model` from float32 [batch, *shape] to logits float32 [batch, classes].
    """
    import keras

    inputs = keras.Input(shape, name="trunk_activations")
    return keras.Model(inputs, body(inputs, classes, settings, on_chip), name="student_body")


def stem(x: Any, settings: StudentSettings) -> Any:
    """Four stages of depthwise-separable convolutions; time and frequency shrink 16-fold."""
    for index, channels in enumerate(settings.stem):
        name = f"stem{index}"
        if index == 0:
            x = conv(x, channels, name, kernel=3, stride=2)
            continue
        x = depthwise(x, (3, 3), f"{name}_deep", stride=2)
        x = conv(x, channels, f"{name}_point")
    return x


def build_scratch(
    shape: tuple[int, int], classes: int, settings: StudentSettings, on_chip: bool = False
) -> Any:
    """Return the whole network of the `scratch` recipe.

    Args:
        shape: (frames, channels) of the features.
        classes: Number of emotion classes.
        settings: Shape of stem and body.
        on_chip: End as on the chip (see `body`).

    Returns:
        A `keras.Model` from float32 [batch, frames, channels, 1] to logits float32 [batch, classes].
    """
    import keras

    inputs = keras.Input((*shape, 1), name="features")
    return keras.Model(
        inputs, body(stem(inputs, settings), classes, settings, on_chip), name="student_scratch"
    )


@student(
    "trunk", summary="YAMNet cut and frozen, gated blocks on top", settings=StudentSettings, reads="trunk"
)
def trunk_body(shape: tuple[int, ...], classes: int, settings: StudentSettings, on_chip: bool) -> Any:
    """Return `build_body` for trunk activations of a shape (time, frequencies, channels)."""
    return build_body((shape[0], shape[1], shape[2]), classes, settings, on_chip)


@student(
    "scratch", summary="a convolutional stem and gated blocks", settings=StudentSettings, reads="features"
)
def whole(shape: tuple[int, ...], classes: int, settings: StudentSettings, on_chip: bool) -> Any:
    """Return `build_scratch` for features of a shape (frames, channels)."""
    return build_scratch((shape[0], shape[1]), classes, settings, on_chip)
