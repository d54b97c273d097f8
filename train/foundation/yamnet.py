"""YAMNet as a float Keras network, rebuilt from the int8 weights that the board ships with.

Network: google-coral/coralmicro, a MobileNet v1 of 27 convolutions trained on AudioSet. Its input is a
log filterbank of 64 channels in steps of 10 ms, scaled per window to about +-3.5.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import InvalidSetting, ModelInvalid
from firmware_bridge.microfrontend.scaling import YAMNET_STEP
from train.foundation.network_file import NetworkFile, obtain_network
from train.foundation.tflite_weights import ConvLayer, read_conv_layers

CHANNELS = 64
INPUT_SCALE = YAMNET_STEP
LAYER_COUNT = 27

YAMNET_FILE = NetworkFile(
    path="models/yamnet_spectra_in.tflite",
    url="https://raw.githubusercontent.com/google-coral/coralmicro/"
    "c9f665b0a8b973d35cb9d383b3e92e9f14b4dd72/models/yamnet_spectra_in.tflite",
    sha256="0a266465c46718f3fcc4137366be82882a8c93bfcc4f0278581a11d11dddcdf9",
    size=4_047_424,
    licence="Apache-2.0",
)


@functools.cache
def yamnet_layers(path: Path | None = None) -> tuple[ConvLayer, ...]:
    """Return the 27 convolutions, conv1 to conv27, with float weights.

    Args:
        path: The network's file; `None` finds or downloads it.

    Raises:
        EnvironmentLacking: The file is not here and cannot be downloaded.
        ModelInvalid: The file is another network.
    """
    path = path or obtain_network(YAMNET_FILE)
    layers = tuple(read_conv_layers(path))
    if len(layers) != LAYER_COUNT:
        raise ModelInvalid(f"{path.name} has {len(layers)} convolutions, YAMNet has {LAYER_COUNT}")
    return layers


def parameters_up_to(layer: int) -> int:
    """Return the number of weights and biases of conv1 to conv`layer`."""
    return sum(each.parameters for each in yamnet_layers()[:layer])


def build_trunk(
    layer: int, frames: int | None = None, batch: int | None = None, trainable: bool = False
) -> Any:
    """Return YAMNet cut after convolution `layer`, as a float Keras network.

    It is fully convolutional: any number of frames goes in, and one step comes out for every
    `time_stride(layer)` frames (rounded up).

    Args:
        layer: 1 to 27; depthwise and pointwise convolutions each count. Odd layers are pointwise.
        frames: Length of the input in 10 ms frames; `None` for any.
        batch: Batch size; a fixed one keeps shape arithmetic out of a converted network.
        trainable: Whether the weights may be fine-tuned.

    Returns:
        A `keras.Model` from float32 [batch, frames, 64, 1] (int8 feature times `INPUT_SCALE`) to
        float32 [batch, steps, frequencies, channels]. Its layers are named conv1, conv1_relu, ...

    Raises:
        InvalidSetting: There is no such layer.
        EnvironmentLacking: The network's file is not here and cannot be downloaded.
    """
    if not 1 <= layer <= LAYER_COUNT:
        raise InvalidSetting(f"YAMNet has no layer {layer}", f"use a layer from 1 to {LAYER_COUNT}")
    import keras

    inputs = keras.Input(batch_shape=(batch, frames, CHANNELS, 1), name="features")
    x = inputs
    for conv in yamnet_layers()[:layer]:
        kind = keras.layers.DepthwiseConv2D if conv.depthwise else keras.layers.Conv2D
        shape = {} if conv.depthwise else {"filters": conv.channels}
        built = kind(
            kernel_size=conv.kernel.shape[:2], strides=conv.stride, padding="same", name=conv.name, **shape
        )
        x = built(x)
        built.set_weights([conv.kernel, conv.bias])
        if conv.activation != "linear":
            ceiling = 6.0 if conv.activation == "relu6" else None
            x = keras.layers.ReLU(max_value=ceiling, name=f"{conv.name}_relu")(x)
    trunk = keras.Model(inputs, x, name=f"yamnet_conv{layer}")
    trunk.trainable = trainable
    return trunk


def time_stride(layer: int) -> int:
    """Return how many input frames one output step of convolution `layer` stands for."""
    stride = 1
    for conv in yamnet_layers()[:layer]:
        stride *= conv.stride[0]
    return stride
