"""What an ONNX graph tells about itself: parameters up to an output, strides, multiply-adds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.base.errors import ModelInvalid

_PRODUCTS = ("Conv", "MatMul", "Gemm")
# ONNX element types of weights: float32, uint8, int8, float16, float64, bfloat16. The rest are shapes and indices.
_WEIGHT_TYPES = (1, 2, 3, 10, 11, 16)


@dataclass(frozen=True)
class Stride:
    """One strided convolution over time: out = (n + padding - (kernel - 1) - 1) // stride + 1."""

    kernel: int
    stride: int
    padding: int

    def forth(self, length: int) -> int:
        """Return the length that comes out."""
        return (length + self.padding - self.kernel) // self.stride + 1

    def back(self, length: int) -> int:
        """Return the least length from which `length` comes out."""
        return (length - 1) * self.stride + self.kernel - self.padding


def load_graph(path: Path) -> Any:
    """Return the `onnx.ModelProto` of a file.

    Raises:
        ModelInvalid: It is no ONNX file, or it keeps its weights outside itself.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as problem:
        raise ModelInvalid(f"{path.name} is no ONNX file", "use a network exported to ONNX") from problem
    if not model.graph.node:
        raise ModelInvalid(f"{path.name} is no ONNX file", "use a network exported to ONNX")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        # Such a file names other files, which may lie anywhere: one file, one hash.
        raise ModelInvalid(
            f"{path.name} keeps its weights in other files",
            "save it as one file: onnx.save(onnx.load(path), new_path)",
        )
    return model


def upstream(model: Any, output: str) -> list[Any]:
    """Return the nodes that `output` needs, in the order of the file."""
    makers = {name: index for index, node in enumerate(model.graph.node) for name in node.output if name}
    needed: set[int] = set()
    waiting = [output]
    while waiting:
        index = makers.get(waiting.pop())
        if index is not None and index not in needed:
            needed.add(index)
            waiting += [name for name in model.graph.node[index].input if name]
    return [model.graph.node[index] for index in sorted(needed)]


def parameters_of(model: Any, output: str, fixed: Collection[str] = ()) -> int:
    """Return how many learnt numbers `output` needs.

    Single numbers (scales, zero points, constants of a formula) do not count.

    Args:
        model: The network.
        output: A tensor's name.
        fixed: Initializers that are tables and not learnt, for instance positions.
    """
    used = {name for node in upstream(model, output) for name in node.input} - set(fixed)
    sizes = {
        tensor.name: int(np.prod(tensor.dims))
        for tensor in model.graph.initializer
        if tensor.data_type in _WEIGHT_TYPES
    }
    return sum(size for name, size in sizes.items() if name in used and size > 1)


def strides(model: Any, output: str) -> list[Stride]:
    """Return the strided one-dimensional convolutions before `output`, in order."""
    found = []
    for node in upstream(model, output):
        settings = {each.name: list(each.ints) for each in node.attribute}
        if node.op_type == "Conv" and settings.get("strides", [1])[0] > 1:
            kernel = settings["kernel_shape"][0]
            found.append(Stride(kernel, settings["strides"][0], sum(settings.get("pads", [0, 0]))))
    return found


def multiply_adds(model: Any, outputs: Collection[str], inputs: dict[str, Any]) -> dict[str, int]:
    """Return the multiply-adds that each output costs, for inputs of given shapes.

    Each product's operand shapes are asked of the runtime: Shape nodes are added and the graph is run once.

    Args:
        model: The network; it is not changed.
        outputs: Which tensors.
        inputs: One array per input.
    """
    import onnx

    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    products = [(index, node) for index, node in enumerate(model.graph.node) if node.op_type in _PRODUCTS]
    del probed.graph.output[:]
    for index, node in products:
        for side, tensor in (("a", node.input[0]), ("b", node.input[1]), ("y", node.output[0])):
            name = f"undertone_{side}_{index}"
            probed.graph.node.append(onnx.helper.make_node("Shape", [tensor], [name]))
            probed.graph.output.append(
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, [None])
            )
    session = open_session(probed.SerializeToString())
    names = [each.name for each in session.get_outputs()]
    shapes = dict(zip(names, session.run(names, inputs), strict=True))
    cost = {}
    for index, node in products:
        a, b, y = (shapes[f"undertone_{side}_{index}"] for side in "aby")
        turned = any(each.name == "transA" and each.i for each in node.attribute)
        # Each value of a convolution adds up kernel * (channels / groups) products: weight [out, in, kernel].
        depth = np.prod(b[1:]) if node.op_type == "Conv" else a[-2 if turned else -1]
        cost[node.output[0]] = int(np.prod(y)) * int(depth)
    return {
        output: sum(cost.get(node.output[0], 0) for node in upstream(model, output)) for output in outputs
    }


def open_session(network: bytes | Path) -> Any:
    """Return an onnxruntime session on one thread of the processor.

    One thread each: clips are shared out over the cores, and a sum split over threads may round otherwise.

    Raises:
        ModelInvalid: The runtime refuses the network.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = network if isinstance(network, bytes) else str(network)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as problem:
        # onnxruntime has a dozen exception classes without a common base of its own.
        if not type(problem).__module__.startswith("onnxruntime"):
            raise
        raise ModelInvalid(
            f"onnxruntime refuses the network: {problem}", "export it again, opset 17"
        ) from problem
