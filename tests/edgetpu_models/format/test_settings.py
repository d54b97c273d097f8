"""Settings of operations as another writer stored them, and values that the schema gives no meaning."""

from __future__ import annotations

from typing import Any

import pytest

from edgetpu_models.format.model import Operator
from edgetpu_models.format.names import NUMPY_TYPES, OPERATORS, TENSOR_TYPES, TYPE_BITS
from edgetpu_models.format.options import TABLES, read_options
from edgetpu_models.format.reader import parse
from edgetpu_models.testing import Network
from firmware_bridge.base.errors import ModelInvalid


def _read(name: str, table: str, settings: dict[str, Any]) -> Operator:
    net = Network()
    data = net.input((1, 4, 4, 4))
    out = net.op(name, [data, data], (1, 4, 4, 4), options=table, settings=settings)
    return parse(memoryview(net.finish(out))).main.operators[0]


@pytest.mark.parametrize(
    ("name", "table", "written", "read"),
    [
        (
            "CONV_2D",
            "Conv2DOptions",
            {"padding": 1, "strideW": 2, "strideH": 3, "fusedActivationFunction": 3, "dilationHFactor": 4},
            {"padding": "VALID", "stride_w": 2, "stride_h": 3, "activation": "RELU6", "dilation_h": 4},
        ),
        (
            "DEPTHWISE_CONV_2D",
            "DepthwiseConv2DOptions",
            {"depthMultiplier": 5, "dilationWFactor": 2, "fusedActivationFunction": 2},
            {"depth_multiplier": 5, "dilation_w": 2, "activation": "RELU_N1_TO_1", "padding": "SAME"},
        ),
        (
            "MAX_POOL_2D",
            "Pool2DOptions",
            {"filterWidth": 7, "filterHeight": 8, "strideW": 9},
            {"filter_w": 7, "filter_h": 8, "stride_w": 9, "stride_h": 0},
        ),
        ("SOFTMAX", "SoftmaxOptions", {"beta": 0.5}, {"beta": 0.5}),
        ("CONCATENATION", "ConcatenationOptions", {"axis": -1}, {"axis": -1, "activation": "NONE"}),
        ("SQUEEZE", "SqueezeOptions", {"squeezeDims": [1, -2]}, {"squeeze_dims": (1, -2)}),
        ("MEAN", "ReducerOptions", {"keepDims": True}, {"keep_dims": True}),
        ("STRIDED_SLICE", "StridedSliceOptions", {"endMask": 6}, {"end_mask": 6, "begin_mask": 0}),
        (
            "CAST",
            "CastOptions",
            {"inDataType": 9, "outDataType": 2},
            {"in_type": "INT8", "out_type": "INT32"},
        ),
        ("LEAKY_RELU", "LeakyReluOptions", {"alpha": 0.25}, {"alpha": 0.25}),
        ("BATCH_MATMUL", "BatchMatMulOptions", {"adjY": True}, {"adj_x": False, "adj_y": True}),
        ("PACK", "PackOptions", {"valuesCount": 2, "axis": 3}, {"values_count": 2, "axis": 3}),
    ],
)
def test_what_another_writer_stored_is_read_by_name(
    name: str, table: str, written: dict[str, Any], read: dict[str, Any]
) -> None:
    found = _read(name, table, written).options
    assert {key: found[key] for key in read} == read


def test_what_is_not_stored_has_the_default_of_the_schema() -> None:
    found = _read("CONV_2D", "Conv2DOptions", {}).options
    assert (found["dilation_w"], found["dilation_h"], found["padding"]) == (1, 1, "SAME")


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
def test_a_value_without_meaning_is_named(name: str, table: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelInvalid, match=says) as caught:
        _read(name, table, settings)
    assert caught.value.remedy


def test_an_operation_without_a_table_has_no_settings_and_one_that_nobody_reads_stays_unread() -> None:
    assert read_options("CONV_2D", 0, None) == {}
    assert read_options("TOPK_V2", 34, None) == {}
    assert _read("GATHER", "GatherOptions", {"axis": 2}).options == {}


def test_every_table_is_the_one_that_the_schema_names() -> None:
    from ai_edge_litert import schema_py_generated as schema

    def plain(name: str) -> str:
        return name.replace("_", "").lower()

    unions = {v: k for k, v in vars(schema.BuiltinOptions).items() if not k.startswith("_")}
    shared = {"AVERAGE_POOL_2D": "Pool2D", "MAX_POOL_2D": "Pool2D", "FULLY_CONNECTED": "FullyConnected"}
    shared |= dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), "Reducer")
    shared |= {"L2_NORMALIZATION": "L2Norm"}
    for op, (union, _) in TABLES.items():
        assert plain(unions[union].removesuffix("Options")) == plain(shared.get(op, op)), op


def test_names_and_numbers_are_those_of_the_schema() -> None:
    from ai_edge_litert import schema_py_generated as schema

    for names, enum in ((OPERATORS, schema.BuiltinOperator), (TENSOR_TYPES, schema.TensorType)):
        known = {k: v for k, v in vars(enum).items() if not k.startswith("_")}
        assert all(known[name] == place for place, name in enumerate(names) if name in known)
        assert len(set(names) & known.keys()) > len(names) - 3
    assert all(TYPE_BITS[kind] == 8 * int(code[-1]) for kind, code in NUMPY_TYPES.items() if code != "?")
