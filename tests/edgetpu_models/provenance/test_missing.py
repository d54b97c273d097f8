"""A layer that was changed: the value that differs is named, with its channel and both values."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from edgetpu_models.program.layers import Form, Layer, lay_out, layer_of
from edgetpu_models.provenance.missing import describe
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model

START = 100  # of the layer in the made-up file


def layer(outputs: int = 10, inputs: int = 6, kernel: int = 3, per_channel: bool = True) -> Layer:
    net = Network(0)
    graph = verify_model(
        net.finish(net.conv(net.input((1, 8, 8, inputs)), outputs, kernel, per_channel=per_channel))
    ).main
    found = layer_of(graph, graph.operators[0])
    assert found is not None
    return found


def depthwise() -> Layer:
    net = Network(0)
    graph = verify_model(net.finish(net.depthwise(net.input((1, 8, 8, 8))))).main
    found = layer_of(graph, graph.operators[0])
    assert found is not None
    return found


def said(one: Layer, change: dict[int, bytes], at: int = START) -> str:
    """Describe a layer in a file in which bytes from some places of the layer on were changed."""
    stored = bytearray(lay_out(one, Form()))
    for place, new in change.items():
        stored[place : place + len(new)] = new
    data = bytes(START) + bytes(stored) + bytes(200)
    return describe(None, one, data, at)  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", [0, 3, 9])
def test_a_scale_is_named(channel: int) -> None:
    one = layer()
    assert one.scales is not None
    text = said(one, {4 * channel: struct.pack("<f", 0.5)})
    assert text.startswith(
        f"scale of channel {channel} is 0.5, the original gives {float(one.scales[channel])!r}; "
    )
    assert f"byte {START + 4 * channel} of the file the first" in text or "of the file the first" in text


@pytest.mark.parametrize("channel", [0, 9])
def test_a_bias_is_named(channel: int) -> None:
    one = layer()
    text = said(one, {4 * one.lanes + 4 * channel: struct.pack("<i", 12345)})
    assert text.startswith(f"bias of channel {channel} is 12345, the original gives {one.bias[channel]}; ")


def test_a_zero_point_is_named() -> None:
    one = layer()
    text = said(one, {8 * one.lanes + 4 * 2: struct.pack("<i", 100)})
    assert text.startswith("zero point of channel 2 is 100, the original gives 128; ")


@pytest.mark.parametrize("channel", [0, 5])
def test_a_weight_is_named_in_the_originals_own_numbers(channel: int) -> None:
    one = layer()
    heads = 12 * one.lanes
    value = int(one.weights[channel, 0, 0, 0]) - 128
    text = said(one, {heads + 4 * channel: bytes([(value + 1 + 128) & 0xFF])})
    assert text.startswith(f"a weight of channel {channel} is {value + 1}, the original gives {value}; 1 of ")


def test_a_layer_with_one_scale_has_its_bias_first() -> None:
    one = layer(per_channel=False)
    text = said(one, {0: struct.pack("<i", 7)})
    assert text.startswith(f"bias of channel 0 is 7, the original gives {one.bias[0]}; ")


def test_a_depthwise_weight_is_named() -> None:
    one = depthwise()
    heads = 4 * 4 * ((one.scales is not None) + one.has_bias + one.zeros)
    text = said(one, {heads + 5: b"\x81" if one.weights[0, 0, 0, 1] != 0x81 else b"\x82"})
    assert text.startswith("a weight of channel 1 is ")


def test_the_place_may_be_off_by_the_padding() -> None:
    one = layer()
    text = said(one, {0: struct.pack("<f", 0.5)}, at=START - 40)
    assert text.startswith("scale of channel 0 is 0.5")


def test_a_layer_of_which_little_is_there_is_not_compared_value_by_value() -> None:
    one = layer()
    noise = np.random.default_rng(0).integers(0, 256, len(lay_out(one, Form()))).astype(np.uint8).tobytes()
    size = len(noise)
    assert said(one, {0: noise}) == f"its {size} parameter bytes are not in the file"
    assert said(one, {}, at=0) == f"its {size} parameter bytes are not in the file"


def test_a_layer_that_is_whole_but_outside_the_parameters_says_so() -> None:
    assert said(layer(), {}).endswith("reach beyond the program's parameters")
