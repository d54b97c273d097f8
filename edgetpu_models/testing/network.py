"""Small networks made on the spot, for tests, fuzzing and trying things out without a corpus or TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt

from edgetpu_models.format.names import ACTIVATIONS, OPERATORS, TENSOR_TYPES

_DTYPES = {"INT8": np.int8, "UINT8": np.uint8, "INT32": np.int32, "FLOAT32": np.float32, "INT16": np.int16}


class Network:
    """Builds a model operation by operation; every method returns the index of the tensor it made.

    Args:
        seed: For the weights.
    """

    def __init__(self, seed: int = 0) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self._rng = np.random.default_rng(seed)
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "made by edgetpu_models.testing"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.graph.inputs, self.graph.outputs = [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        shape: Sequence[int],
        kind: str = "INT8",
        data: npt.NDArray[Any] | None = None,
        scale: float | Sequence[float] | None = 0.05,
        zero_point: int = 0,
        axis: int = 0,
        signature: Sequence[int] | None = None,
    ) -> int:
        """Add a tensor; `data` makes it a constant, `scale` may be one per channel along `axis`."""
        schema, graph = self._schema, self.graph
        t = schema.TensorT()
        t.shape, t.type, t.name = list(shape), TENSOR_TYPES.index(kind), f"t{len(graph.tensors)}"
        t.shapeSignature = list(signature) if signature is not None else None
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, _DTYPES[kind]).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            t.buffer = len(self.model.buffers) - 1
        if scale is not None:
            q = schema.QuantizationParametersT()
            q.scale = np.atleast_1d(np.asarray(scale, np.float32))
            q.zeroPoint = np.full(len(q.scale), zero_point, np.int64)
            q.quantizedDimension = axis
            t.quantization = q
        graph.tensors.append(t)
        return len(graph.tensors) - 1

    def input(self, shape: Sequence[int], kind: str = "INT8", **settings: Any) -> int:
        """Add an input of the model."""
        index = self.tensor(shape, kind, **settings)
        self.graph.inputs.append(index)
        return index

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        kind: str = "INT8",
        version: int = 1,
        options: str = "",
        scale: float | Sequence[float] | None = 0.05,
        zero_point: int = 0,
        settings: dict[str, Any] | None = None,
    ) -> int:
        """Add an operation with one output.

        Args:
            name: Builtin name, or any other for a custom operation.
            inputs: Tensor indices.
            shape: Of the output.
            kind: Type of the output.
            version: Of the operation.
            options: Name of its settings table in the schema (`Conv2DOptions`).
            scale: Of the output.
            zero_point: Of the output.
            settings: Fields of the settings table, by their schema names.
        """
        out = self.tensor(shape, kind, scale=scale, zero_point=zero_point)
        self.graph.operators.append(self.operator(name, inputs, [out], version, options, settings))
        return out

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        version: int = 1,
        options: str = "",
        settings: dict[str, Any] | None = None,
    ) -> Any:
        """Return an operator record without adding it to the graph."""
        schema = self._schema
        record = schema.OperatorT()
        record.opcodeIndex = self._code(name, version)
        record.inputs, record.outputs = list(inputs), list(outputs)
        if options:
            record.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            record.builtinOptions = getattr(schema, f"{options}T")()
            for field, value in (settings or {}).items():
                if not hasattr(record.builtinOptions, field):
                    raise ValueError(f"{options} has no field {field}")
                setattr(record.builtinOptions, field, value)
        return record

    def conv(
        self, data: int, outputs: int, kernel: int = 1, per_channel: bool = True, relu: bool = False
    ) -> int:
        """Add a CONV_2D with stride 1, SAME padding and random weights."""
        _, y, x, z = self.graph.tensors[data].shape
        weights = self._weights((outputs, kernel, kernel, z), outputs if per_channel else 1, 0)
        bias = self._bias(outputs, weights)
        settings = {"strideW": 1, "strideH": 1, "fusedActivationFunction": ACTIVATIONS.index("RELU") * relu}
        shape = (1, y, x, outputs)
        return self.op(
            "CONV_2D", [data, weights, bias], shape, version=3, options="Conv2DOptions", settings=settings
        )

    def depthwise(self, data: int, kernel: tuple[int, int] = (3, 3)) -> int:
        """Add a DEPTHWISE_CONV_2D with stride 1 and SAME padding."""
        _, y, x, z = self.graph.tensors[data].shape
        weights = self._weights((1, *kernel, z), z, 3)
        settings = {"strideW": 1, "strideH": 1, "depthMultiplier": 1}
        inputs = [data, weights, self._bias(z, weights)]
        options = "DepthwiseConv2DOptions"
        return self.op(
            "DEPTHWISE_CONV_2D", inputs, (1, y, x, z), version=3, options=options, settings=settings
        )

    def dense(self, data: int, outputs: int, version: int = 4) -> int:
        """Add a FULLY_CONNECTED layer with per-tensor weights."""
        size = int(np.prod(self.graph.tensors[data].shape))
        weights = self._weights((outputs, size), 1, 0)
        inputs = [data, weights, self._bias(outputs, weights)]
        return self.op(
            "FULLY_CONNECTED", inputs, (1, outputs), version=version, options="FullyConnectedOptions"
        )

    def ints(self, values: Sequence[int]) -> int:
        """Add an int32 argument: axes, paddings, sizes."""
        return self.tensor((len(values),), "INT32", np.asarray(values, np.int32), scale=None)

    def reshape(self, data: int, shape: Sequence[int]) -> int:
        """Add a RESHAPE."""
        return self.op(
            "RESHAPE",
            [data, self.ints(shape)],
            shape,
            options="ReshapeOptions",
            settings={"newShape": list(shape)},
        )

    def mean(self, data: int) -> int:
        """Add a MEAN over y and x that keeps the dimensions."""
        z = self.graph.tensors[data].shape[-1]
        inputs = [data, self.ints([1, 2])]
        return self.op(
            "MEAN", inputs, (1, 1, 1, z), version=2, options="ReducerOptions", settings={"keepDims": True}
        )

    def softmax(self, data: int) -> int:
        """Add a SOFTMAX with the scale 1/256 that the format demands."""
        shape = self.graph.tensors[data].shape
        return self.op(
            "SOFTMAX", [data], shape, "INT8", 2, "SoftmaxOptions", 1 / 256, -128, settings={"beta": 1.0}
        )

    def finish(self, *outputs: int) -> bytes:
        """Return the file with these outputs."""
        self.graph.outputs = list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _code(self, name: str, version: int) -> int:
        schema = self._schema
        builtin = OPERATORS.index(name) if name in OPERATORS else OPERATORS.index("CUSTOM")
        for i, code in enumerate(self.model.operatorCodes):
            custom = (code.customCode or b"").decode() or name
            if (code.builtinCode, code.version, custom) == (builtin, version, name):
                return i
        code = schema.OperatorCodeT()
        code.builtinCode, code.version = builtin, version
        code.deprecatedBuiltinCode = min(builtin, 127)
        if name not in OPERATORS:
            code.customCode = name.encode()
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def _weights(self, shape: Sequence[int], channels: int, axis: int) -> int:
        values = self._rng.integers(-127, 128, size=shape)
        scales = self._rng.uniform(0.001, 0.01, channels).tolist()
        return self.tensor(shape, "INT8", values, scale=scales, axis=axis)

    def _bias(self, outputs: int, weights: int) -> int:
        values = self._rng.integers(-500, 501, size=outputs)
        scales = (self.graph.tensors[weights].quantization.scale * np.float32(0.05)).tolist()
        return self.tensor((outputs,), "INT32", values, scale=scales)


def small_network(seed: int = 0) -> bytes:
    """Return a network with the operations that our own ones use: 16x8 map to 4 classes, 12 operations."""
    net = Network(seed)
    data = net.input((1, 16, 8, 1))
    x = net.conv(data, 16, 3, relu=True)
    y = net.depthwise(x, (5, 1))
    y = net.conv(y, 16)
    gate = net.op("LOGISTIC", [net.conv(y, 16)], (1, 16, 8, 16), version=2, scale=1 / 256, zero_point=-128)
    y = net.op("MUL", [y, gate], (1, 16, 8, 16), version=2, options="MulOptions")
    x = net.op("ADD", [x, y], (1, 16, 8, 16), version=2, options="AddOptions")
    x = net.mean(x)
    x = net.conv(x, 4)
    x = net.reshape(x, (1, 4))
    return net.finish(net.softmax(x))
