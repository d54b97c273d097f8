"""Settings with a sign, settings that mean nothing, and settings of the wrong operation."""

from __future__ import annotations

from typing import Any

import pytest

from edgetpu_models.format.model import Option
from edgetpu_models.format.options import read_options
from edgetpu_models.format.reader import parse
from edgetpu_models.testing import Network
from firmware_bridge.base.errors import ModelInvalid


def _read(name: str, table: str, settings: dict[str, Any]) -> dict[str, Option]:
    net = Network()
    data = net.input((1, 4, 4, 4))
    out = net.op(name, [data, data], (1, 4, 4, 4), options=table, settings=settings)
    return parse(memoryview(net.finish(out))).main.operators[0].options


def test_axes_that_count_from_the_end_keep_their_sign() -> None:
    assert _read("CONCATENATION", "ConcatenationOptions", {"axis": -1})["axis"] == -1
    assert _read("SQUEEZE", "SqueezeOptions", {"squeezeDims": [1, -2]})["squeeze_dims"] == (1, -2)
    assert _read("RESHAPE", "ReshapeOptions", {"newShape": [-1, 64]})["new_shape"] == (-1, 64)


@pytest.mark.parametrize(
    ("name", "table", "settings", "says"),
    [
        ("ADD", "AddOptions", {"fusedActivationFunction": 6}, "ADD has the unknown activation 6"),
        ("CONV_2D", "Conv2DOptions", {"padding": 2}, "CONV_2D has the unknown padding 2"),
        ("CONV_2D", "Conv2DOptions", {"padding": -1}, "CONV_2D has the unknown padding -1"),
        ("CAST", "CastOptions", {"outDataType": 99}, "CAST has the unknown out_type 99"),
        ("ADD", "MulOptions", {}, "another operation .union member 21"),
        ("SOFTMAX", "AddOptions", {}, "another operation .union member 11"),
    ],
)
def test_the_first_value_without_a_meaning_is_named(
    name: str, table: str, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ModelInvalid, match=says) as caught:
        _read(name, table, settings)
    assert caught.value.remedy


def test_settings_that_nobody_reads_are_no_ground_for_a_refusal() -> None:
    assert read_options("TOPK_V2", 34, None) == {}
    assert _read("GATHER", "AddOptions", {"fusedActivationFunction": 77}) == {}
