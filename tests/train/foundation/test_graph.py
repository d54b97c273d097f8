"""What a graph tells about itself, against a network small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import ModelInvalid
from train.foundation.graph import Stride, load_graph, multiply_adds, open_session, parameters_of, strides


def test_parameters_are_those_that_an_output_needs(wave_network: Path) -> None:
    model = load_graph(wave_network)
    counts = [parameters_of(model, name) for name in ("hidden_0", "hidden_1", "hidden_2", "final")]
    assert counts == [12, 12 + 9, 12 + 9 + 3, 12 + 9 + 3 + 3]
    assert parameters_of(model, "hidden_2", fixed=["table"]) == 21


def test_products_are_counted(wave_network: Path) -> None:
    found = multiply_adds(
        load_graph(wave_network),
        ["hidden_0", "hidden_1", "hidden_2", "final"],
        {"input_values": np.zeros((1, 20), np.float32)},
    )
    steps = (20 - 4) // 2 + 1
    front, layer = steps * 3 * 4, steps * 3 * 3
    attention = 2 * steps * steps * 3
    assert list(found.values()) == [
        front,
        front + layer,
        front + layer + attention,
        front + layer + attention,
    ]


def test_a_turned_gemm_and_a_grouped_convolution() -> None:
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], group=2, kernel_shape=[3]),
        helper.make_node("Squeeze", ["c", "zero"], ["m"]),
        helper.make_node("Gemm", ["m", "v"], ["y"], transA=1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [8, 5])],
        [
            helper.make_tensor("w", TensorProto.FLOAT, [6, 2, 3], np.ones(36)),
            helper.make_tensor("v", TensorProto.FLOAT, [6, 5], np.ones(30)),
            helper.make_tensor("zero", TensorProto.INT64, [1], [0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found = multiply_adds(model, ["y", "m"], {"x": np.ones((1, 4, 10), np.float32)})
    # [6, 8] values of 2 channels x 3 taps; then [8, 5] values of 6 products.
    assert found == {"y": 6 * 8 * 6 + 8 * 5 * 6, "m": 6 * 8 * 6}


def test_strides_say_how_many_steps_there_are(wave_network: Path) -> None:
    found = strides(load_graph(wave_network), "hidden_0")
    assert found == [Stride(kernel=4, stride=2, padding=0)]
    assert [found[0].forth(n) for n in (4, 5, 6)] == [1, 1, 2]
    assert [found[0].back(n) for n in (1, 2)] == [4, 6]


@pytest.mark.parametrize("data", [b"", b"no network", b"\x80\x04\x95 a pickle"])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelInvalid, match="no ONNX file"):
        load_graph(path)


def test_weights_in_other_files_are_refused(wave_network: Path, tmp_path: Path) -> None:
    import onnx

    onnx.save(
        onnx.load(wave_network),
        tmp_path / "split.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    with pytest.raises(ModelInvalid, match="other files"):
        load_graph(tmp_path / "split.onnx")


def test_a_network_that_the_runtime_refuses(wave_network: Path) -> None:
    with pytest.raises(ModelInvalid, match="onnxruntime refuses"):
        open_session(wave_network.read_bytes()[:-40])
