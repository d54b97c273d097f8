"""A tiny int8 network, packed by hand, so that every dequantised number can be checked on paper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.wave_network import write_wave_network
from train.foundation.network_file import find_network
from train.foundation.yamnet import YAMNET_FILE


@dataclass(frozen=True)
class TinyNetwork:
    """The file and the integers in it."""

    path: Path
    conv: np.ndarray  # int8 [2, 3, 3, 1]
    conv_scale: np.ndarray
    conv_bias: np.ndarray  # int32 [2]
    depthwise: np.ndarray  # int8 [1, 3, 3, 2]
    depthwise_scale: np.ndarray
    input_scale: float = 0.5
    middle_scale: float = 0.25


def _pack(tiny: TinyNetwork, weight_type: int | None = None) -> None:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT()
    model.version = 3
    model.buffers = []
    graph = schema.SubGraphT()
    graph.tensors = []

    def tensor(
        shape: list[int], kind: int, scales: list[float], zero: int, data: np.ndarray | None = None
    ) -> int:
        buffer = schema.BufferT()
        buffer.data = None if data is None else np.frombuffer(data.tobytes(), np.uint8)
        model.buffers.append(buffer)
        made = schema.TensorT()
        made.shape, made.type, made.buffer = shape, kind, len(model.buffers) - 1
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = scales
        made.quantization.zeroPoint = [zero] * len(scales)
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    int8, int32 = schema.TensorType.INT8, schema.TensorType.INT32
    kind = int8 if weight_type is None else weight_type
    tensor([1, 4, 4, 1], int8, [tiny.input_scale], 3)
    tensor([2, 3, 3, 1], kind, list(tiny.conv_scale), 0, tiny.conv)
    tensor([2], int32, list(tiny.conv_scale * tiny.input_scale), 0, tiny.conv_bias)
    tensor([1, 2, 4, 2], int8, [tiny.middle_scale], -128)
    tensor([1, 3, 3, 2], kind, list(tiny.depthwise_scale), 0, tiny.depthwise)
    tensor([2], int32, list(tiny.depthwise_scale * tiny.middle_scale), 0, tiny.conv_bias)
    tensor([1, 2, 4, 2], int8, [0.125], -100)

    def operator(code: int, inputs: list[int], output: int, options: object, options_type: int) -> object:
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = code, inputs, [output]
        made.builtinOptionsType, made.builtinOptions = options_type, options
        return made

    conv = schema.Conv2DOptionsT()
    conv.strideH, conv.strideW = 2, 1
    conv.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    depthwise = schema.DepthwiseConv2DOptionsT()
    depthwise.strideH, depthwise.strideW, depthwise.depthMultiplier = 1, 1, 1
    depthwise.fusedActivationFunction = schema.ActivationFunctionType.NONE
    graph.operators = [
        operator(0, [0, 1, 2], 3, conv, schema.BuiltinOptions.Conv2DOptions),
        operator(1, [3, 4, 5], 6, depthwise, schema.BuiltinOptions.DepthwiseConv2DOptions),
    ]
    graph.inputs, graph.outputs = [0], [6]
    model.operatorCodes = []
    for code in (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D):
        made = schema.OperatorCodeT()
        made.builtinCode, made.deprecatedBuiltinCode, made.version = code, code, 3
        model.operatorCodes.append(made)
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    tiny.path.write_bytes(bytes(builder.Output()))


@pytest.fixture
def tiny(tmp_path: Path, rng: np.random.Generator) -> TinyNetwork:
    """One strided convolution with ReLU6, then one depthwise convolution without activation."""
    made = TinyNetwork(
        path=tmp_path / "tiny.tflite",
        conv=rng.integers(-127, 128, (2, 3, 3, 1), np.int8),
        conv_scale=np.array([0.5, 0.01], np.float32),
        conv_bias=np.array([4, -300], np.int32),
        depthwise=rng.integers(-127, 128, (1, 3, 3, 2), np.int8),
        depthwise_scale=np.array([0.125, 2.0], np.float32),
    )
    _pack(made)
    return made


@pytest.fixture
def float_weights(tiny: TinyNetwork) -> Path:
    """The same file, but its weights claim another type."""
    from ai_edge_litert import schema_py_generated as schema

    _pack(tiny, schema.TensorType.UINT8)
    return tiny.path


@pytest.fixture(scope="session")
def yamnet_file() -> Path:
    """The published network; tests that need it are skipped where it is not on this machine."""
    path = find_network(YAMNET_FILE)
    if path is None:
        pytest.skip("no copy of YAMNet at hand (UNDERTONE_DATA)")
    return path


@pytest.fixture
def wave_network(tmp_path: Path) -> Path:
    """A small encoder of waveforms as an ONNX file."""
    return write_wave_network(tmp_path / "small.onnx")


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, Path]:
    """Twelve noises of three lengths, 0.2 to 0.6 s, two of them at 8 kHz."""
    import soundfile

    rng, found = np.random.default_rng(3), {}
    for index in range(12):
        rate = 8000 if index % 5 == 4 else 16000
        sound = rng.normal(0, 0.1, int(rate * (0.2 + 0.2 * (index % 3))))
        found[f"speaker{index % 4}/{index:02d}.wav"] = tmp_path / f"{index:02d}.wav"
        soundfile.write(found[f"speaker{index % 4}/{index:02d}.wav"], sound, rate, subtype="PCM_16")
    return found
