"""The stand-in for the Edge TPU: its integers, and what it refuses to run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference import simulated_tpu
from firmware_bridge.reference.simulated_tpu import Int8Network


@pytest.fixture(scope="module")
def network(bundle: Bundle) -> Int8Network:
    return Int8Network(bundle.path(bundle.manifest.models["acoustic"]))


def weights(path: Path) -> np.ndarray:
    """Return the int8 weights [outputs, inputs] of the tiny bundle's one layer, read from the file."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    tensor = model.subgraphs[0].tensors[1]
    return np.asarray(model.buffers[tensor.buffer].data).view(np.int8).reshape(tensor.shape)


def requantised(accumulator: int, factor: float) -> int:
    """Return what the reference kernels make of an accumulator: Q31 multiplier, double rounding, saturation."""
    mantissa, exponent = np.frexp(factor)
    multiplier = round(float(mantissa) * 2**31)
    high = (accumulator * multiplier + (2**30 if accumulator * multiplier >= 0 else 1 - 2**30)) >> 31
    shift = -int(exponent)
    mask, remainder = (1 << shift) - 1, high & ((1 << shift) - 1)
    rounded = (high >> shift) + (remainder > (mask >> 1) + (high < 0))
    return max(-128, min(127, rounded))


def test_equals_one_layer_in_plain_integers(
    bundle: Bundle, network: Int8Network, rng: np.random.Generator
) -> None:
    layer = weights(bundle.path(bundle.manifest.models["acoustic"])).astype(np.int64)
    factor = float(np.float32(7 / 255)) * float(np.float32(0.002)) / float(np.float32(0.25))
    inputs = rng.integers(-128, 128, (200, layer.shape[1])).astype(np.int8)
    expected = [[requantised(int(a), factor) for a in layer @ one.astype(np.int64)] for one in inputs]
    found = network.run_all(inputs)
    assert found.dtype == np.int8
    assert found.tolist() == expected


def test_shapes_and_scales_come_from_the_file(bundle: Bundle, network: Int8Network) -> None:
    entry = bundle.manifest.models["acoustic"]
    assert list(network.input_shape) == entry.input_shape
    assert list(network.output_shape) == entry.output_shape
    assert network.input_scale == pytest.approx(7 / 255)
    assert (network.input_zero_point, network.output_scale, network.output_zero_point) == (0, 0.25, 0)


def test_a_result_is_a_copy_and_any_shape_of_input_fits(network: Int8Network) -> None:
    ones = np.ones(network.input_shape, np.int8)
    first = network.run(ones)
    kept = first.copy()
    network.run(-ones)
    assert np.array_equal(first, kept)
    assert np.array_equal(network.run(ones.reshape(48, 16)), kept)


@pytest.mark.parametrize(
    "features", [np.zeros(767, np.int8), np.zeros((2, 768), np.int8), np.zeros(768, np.uint8)]
)
def test_a_wrong_input_is_refused(network: Int8Network, features: np.ndarray) -> None:
    with pytest.raises(ModelInvalid, match="does not fit") as caught:
        network.run(features)
    assert "front-end" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"garbage", b"\0" * 64, bytes(range(256)) * 8])
def test_garbage_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(content)
    for model in (content, tmp_path / "x.tflite"):
        with pytest.raises(ModelInvalid, match="cannot be loaded"):
            Int8Network(model)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="cannot be read"):
        Int8Network(tmp_path / "none.tflite")


def edited(bundle: Bundle, edit: Any) -> bytes:
    """Return the tiny acoustic network with its first graph changed by `edit`."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    content = bundle.path(bundle.manifest.models["acoustic"]).read_bytes()
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    edit(model.subgraphs[0])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_a_network_without_scale_is_refused(bundle: Bundle) -> None:
    def unscaled(graph: Any) -> None:
        graph.inputs, graph.outputs, graph.operators = [0], [2], []
        graph.tensors[0].quantization = None

    with pytest.raises(ModelInvalid, match="scale"):
        Int8Network(edited(bundle, unscaled))


def test_two_inputs_are_refused(bundle: Bundle) -> None:
    def second(graph: Any) -> None:
        graph.inputs = [0, 1]

    with pytest.raises(ModelInvalid, match="one int8 input"):
        Int8Network(edited(bundle, second))


def test_without_a_runtime_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_tpu, "RUNTIMES", ("no_such_runtime.interpreter",))
    with pytest.raises(EnvironmentLacking) as caught:
        Int8Network(b"")
    assert "ai-edge-litert" in caught.value.remedy


def test_an_older_runtime_is_taken_where_the_newer_one_is_missing(
    monkeypatch: pytest.MonkeyPatch, bundle: Bundle, network: Int8Network
) -> None:
    monkeypatch.setattr(simulated_tpu, "RUNTIMES", ("no_such_runtime.interpreter", simulated_tpu.RUNTIMES[0]))
    again = Int8Network(bundle.path(bundle.manifest.models["acoustic"]))
    ones = np.ones(network.input_shape, np.int8)
    assert np.array_equal(again.run(ones), network.run(ones))
