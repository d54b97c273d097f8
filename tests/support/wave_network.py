"""A small encoder of waveforms in the form of an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_wave_network(path: Path) -> Path:
    """Write a network that hears a waveform: one convolution (4 taps, stride 2), two layers of width 3, a norm.

    Layer 1 multiplies, layer 2 attends (softmax of x x'), so that every kind of product occurs.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(7)

    def weight(name: str, *shape: int) -> object:
        return numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Unsqueeze", ["input_values", "axis"], ["channel"]),
        helper.make_node("Conv", ["channel", "conv.weight"], ["conv"], kernel_shape=[4], strides=[2]),
        helper.make_node("Transpose", ["conv"], ["hidden_0"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["hidden_0", "layer1.weight"], ["product"]),
        helper.make_node("Tanh", ["product"], ["hidden_1"]),
        helper.make_node("Transpose", ["hidden_1"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["hidden_1", "turned"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["shares"], axis=-1),
        helper.make_node("MatMul", ["shares", "hidden_1"], ["attended"]),
        helper.make_node("Add", ["attended", "table"], ["hidden_2"]),
        helper.make_node("LayerNormalization", ["hidden_2", "norm.weight"], ["final"]),
    ]
    shape = ["batch", "steps", 3]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("hidden_0", "hidden_1", "hidden_2", "final")
    ]
    inputs = [helper.make_tensor_value_info("input_values", TensorProto.FLOAT, ["batch", "samples"])]
    initializers = [
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
        weight("conv.weight", 3, 1, 4),
        weight("layer1.weight", 3, 3),
        weight("table", 1, 3),
        weight("norm.weight", 3),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
