"""Reads the convolution stack of an int8 `.tflite` file as float layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import ModelInvalid

Floats = npt.NDArray[np.float32]
_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class ConvLayer:
    """One convolution with its weights in real units.

    Attributes:
        name: `conv1`, `conv2`, ... in the order of execution; depthwise and pointwise each count.
        depthwise: Whether every channel has its own kernel.
        kernel: float32 [height, width, in, out]; for a depthwise layer [height, width, channels, 1].
        bias: float32 [out].
        stride: Step over time and over frequency.
        activation: `relu6`, `relu` or `linear`.
        tensor: Index of its output tensor in the file, for comparisons with an interpreter.
        output_scale: Real value of one step of the int8 output tensor.
        output_zero: The int8 value that stands for zero in the output tensor.
    """

    name: str
    depthwise: bool
    kernel: Floats
    bias: Floats
    stride: tuple[int, int]
    activation: str
    tensor: int
    output_scale: float
    output_zero: int

    @property
    def channels(self) -> int:
        """Number of output channels."""
        return int(self.bias.shape[0])

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return int(self.kernel.size + self.bias.size)


def read_conv_layers(path: Path) -> list[ConvLayer]:
    """Return the convolutions of an int8 network in the order of execution, dequantised.

    A weight is `scale[channel] * q`, a bias `input_scale * scale[channel] * q` (TFLite's int8
    quantisation specification); batch normalisation was folded into both when the file was made.

    Args:
        path: A `.tflite` file whose convolutions have int8 weights, one output each.

    Raises:
        ModelInvalid: The file is no `.tflite` file, or has no int8 convolutions.
    """
    from ai_edge_litert import schema_py_generated as schema

    data = path.read_bytes()
    if data[4:8] != _IDENTIFIER:
        raise ModelInvalid(f"{path.name} is not a .tflite file", "use an int8 TFLite network")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph = model.subgraphs[0]
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    activations = {
        schema.ActivationFunctionType.NONE: "linear",
        schema.ActivationFunctionType.RELU: "relu",
        schema.ActivationFunctionType.RELU6: "relu6",
    }
    wanted = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)
    layers: list[ConvLayer] = []
    for operator in graph.operators:
        kind = kinds[operator.opcodeIndex]
        if kind not in wanted:
            continue
        weight = graph.tensors[operator.inputs[1]]
        if weight.type != schema.TensorType.INT8:
            raise ModelInvalid(f"{path.name} has weights that are not int8", "use an int8 TFLite network")
        depthwise = kind == schema.BuiltinOperator.DEPTHWISE_CONV_2D
        scale = np.asarray(weight.quantization.scale, np.float64)
        kernel = np.asarray(model.buffers[weight.buffer].data, np.uint8).view(np.int8).reshape(weight.shape)
        # The file keeps [out, height, width, in], and [1, height, width, channels] for depthwise layers.
        if depthwise:
            kernel_float = (kernel * scale).transpose(1, 2, 3, 0)
        else:
            kernel_float = kernel.transpose(1, 2, 3, 0) * scale
        bias = graph.tensors[operator.inputs[2]]
        bias_int = np.asarray(model.buffers[bias.buffer].data, np.uint8).view(np.int32)
        output = graph.tensors[operator.outputs[0]]
        options = operator.builtinOptions
        layers.append(
            ConvLayer(
                name=f"conv{len(layers) + 1}",
                depthwise=depthwise,
                kernel=kernel_float.astype(np.float32),
                bias=(bias_int * np.asarray(bias.quantization.scale, np.float64)).astype(np.float32),
                stride=(int(options.strideH), int(options.strideW)),
                activation=activations[options.fusedActivationFunction],
                tensor=int(operator.outputs[0]),
                output_scale=float(output.quantization.scale[0]),
                output_zero=int(output.quantization.zeroPoint[0]),
            )
        )
    if not layers:
        raise ModelInvalid(f"{path.name} has no convolutions", "use a convolutional int8 TFLite network")
    return layers
