"""Dequantised weights against the integers that were packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import ModelInvalid
from train.foundation.tflite_weights import read_conv_layers


def test_layers_come_in_order_with_names_strides_and_activations(tiny: Any) -> None:
    layers = read_conv_layers(tiny.path)
    assert [layer.name for layer in layers] == ["conv1", "conv2"]
    assert [layer.depthwise for layer in layers] == [False, True]
    assert [layer.stride for layer in layers] == [(2, 1), (1, 1)]
    assert [layer.activation for layer in layers] == ["relu6", "linear"]
    assert [layer.tensor for layer in layers] == [3, 6]
    assert [(layer.output_scale, layer.output_zero) for layer in layers] == [(0.25, -128), (0.125, -100)]


def test_kernels_are_scaled_per_output_channel(tiny: Any) -> None:
    conv, depthwise = read_conv_layers(tiny.path)
    assert conv.kernel.shape == (3, 3, 1, 2)
    assert depthwise.kernel.shape == (3, 3, 2, 1)
    for channel in range(2):
        np.testing.assert_allclose(
            conv.kernel[:, :, 0, channel], tiny.conv[channel, :, :, 0] * tiny.conv_scale[channel], rtol=1e-6
        )
        np.testing.assert_allclose(
            depthwise.kernel[:, :, channel, 0],
            tiny.depthwise[0, :, :, channel] * tiny.depthwise_scale[channel],
            rtol=1e-6,
        )


def test_bias_scale_is_input_scale_times_weight_scale(tiny: Any) -> None:
    conv, depthwise = read_conv_layers(tiny.path)
    np.testing.assert_allclose(conv.bias, [4 * 0.5 * 0.5, -300 * 0.5 * 0.01], rtol=1e-6)
    np.testing.assert_allclose(depthwise.bias, [4 * 0.25 * 0.125, -300 * 0.25 * 2.0], rtol=1e-6)


def test_sizes(tiny: Any) -> None:
    conv, depthwise = read_conv_layers(tiny.path)
    assert (conv.channels, conv.parameters) == (2, 18 + 2)
    assert (depthwise.channels, depthwise.parameters) == (2, 18 + 2)


@pytest.mark.parametrize("data", [b"", b"RIFF....WAVE", b"\x00" * 64])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(data)
    with pytest.raises(ModelInvalid, match=r"x\.tflite is not a \.tflite file"):
        read_conv_layers(path)


def test_weights_of_another_type_are_refused(float_weights: Path) -> None:
    with pytest.raises(ModelInvalid, match="not int8"):
        read_conv_layers(float_weights)
