"""What `verify_model` takes and what it refuses, one planted fault at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.format import reader
from edgetpu_models.testing import Network, compiled, small_network
from edgetpu_models.verify import problems, readable, verify_model
from firmware_bridge.base.errors import ModelInvalid


def test_a_good_model_comes_back_parsed() -> None:
    model = verify_model(small_network())
    assert [op.op for op in model.main.operators][:3] == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"]
    assert model.version == 3
    assert model.main.operators[0].options["padding"] == "SAME"
    assert model.main.operators[0].options["activation"] == "RELU"
    assert not model.compiled
    assert verify_model(compiled()).compiled


def test_parameters_count_weights_and_biases_and_nothing_else() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 3)), 8, 3)  # 8*3*3*3 + 8
    x = net.dense(net.reshape(net.mean(x), (1, 8)), 5)  # 5*8 + 5; axes and shapes are no weights
    assert verify_model(net.finish(x)).parameters == 8 * 27 + 8 + 45


def test_constants_are_views_of_the_file() -> None:
    model = verify_model(small_network())
    weights = next(t for t in model.main.tensors if t.constant and len(t.shape) == 4)
    assert weights.values().shape == weights.shape
    assert weights.values().dtype == np.int8


def test_a_path_works_too_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(small_network())
    assert verify_model(path).size == path.stat().st_size
    with pytest.raises(ModelInvalid, match=r"no model file at .*nowhere"):
        verify_model(tmp_path / "nowhere")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(small_network())
    monkeypatch.setattr(reader, "MAX_FILE_BYTES", 1000)
    with pytest.raises(ModelInvalid, match="limit is 1000"):
        try:
            verify_model(path)
        except ModelInvalid as error:
            raise ModelInvalid(error.what + error.remedy) from error


Fault = Callable[[Network], None]


def _set(**settings: object) -> Fault:
    def change(net: Network) -> None:
        for name, value in settings.items():
            owner: object = net
            *path, last = name.split("__")
            for part in path:
                owner = owner[int(part)] if part.isdigit() else getattr(owner, part)  # type: ignore[index]
            if last.isdigit():
                owner[int(last)] = value  # type: ignore[index]
            else:
                setattr(owner, last, value)

    return change


def _negative(net: Network) -> None:
    net.graph.tensors[0].shape = [1, -4, 4, 3]


def _swap(net: Network) -> None:
    net.graph.operators.reverse()


FAULTS: list[tuple[str, Fault]] = [
    ("schema version", _set(model__version=2)),
    ("no subgraph", _set(model__subgraphs=[])),
    ("names buffer 99", _set(graph__tensors__1__buffer=99)),
    ("unknown type 77", _set(graph__tensors__0__type=77)),
    ("operator code 9", _set(graph__operators__0__opcodeIndex=9)),
    ("builtin operator 500", _set(model__operatorCodes__0__builtinCode=500)),
    ("reads a tensor that does not exist", _set(graph__operators__0__inputs=[0, 1, 55])),
    ("reads a tensor that does not exist", _set(graph__operators__0__inputs=[-7, 1, 2])),
    ("writes a tensor that does not exist", _set(graph__operators__0__outputs=[55])),
    ("no output", _set(graph__operators__0__outputs=[])),
    ("1 inputs, 2 to 3 expected", _set(graph__operators__0__inputs=[0])),
    ("3 inputs, 2 to 3 expected", _set(graph__operators__0__inputs=[0, -1, 2])),
    ("overwrites", _set(graph__operators__0__outputs=[0])),
    ("before anything wrote it", _swap),
    ("subgraph output 44 of", _set(graph__outputs=[44])),
    ("subgraph input -3 of", _set(graph__inputs=[-3])),
    ("negative dimension", _negative),
    ("dimensions, at most 8", _set(graph__tensors__4__shape=[1] * 8 + [2])),
    (r"needs 864 bytes, its buffer has 216", _set(graph__tensors__1__shape=[8, 3, 3, 12])),
    ("would need", _set(graph__tensors__0__shape=[1, 65536, 65536, 65536])),
    ("scale of 0.0", _set(graph__tensors__0__quantization__scale=np.zeros(1, np.float32))),
    ("scale of inf", _set(graph__tensors__0__quantization__scale=np.full(1, np.inf, np.float32))),
    ("scale of nan", _set(graph__tensors__0__quantization__scale=np.full(1, np.nan, np.float32))),
    ("zero point 200, outside INT8", _set(graph__tensors__0__quantization__zeroPoint=np.array([200]))),
    ("along dimension 7", _set(graph__tensors__1__quantization__quantizedDimension=7)),
    ("8 scales for 3 channels", _set(graph__tensors__1__quantization__quantizedDimension=3)),
    ("8 scales and 2 zero points", _set(graph__tensors__1__quantization__zeroPoint=np.zeros(2, np.int64))),
    ("has 3 dimensions, 4 expected", _set(graph__tensors__0__shape=[1, 16, 3])),
    ("weights for 8 channels and an output of 4", _set(graph__tensors__3__shape=[1, 4, 8, 4])),
    ("settings of another operation", _set(graph__operators__0__builtinOptionsType=5)),
]


@pytest.mark.parametrize(
    ("says", "fault"), FAULTS, ids=[f"{i}-{says[:24]}" for i, (says, _) in enumerate(FAULTS)]
)
def test_each_fault_is_named(says: str, fault: Fault) -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 3)), 8, 3)
    x = net.mean(x)
    net.graph.outputs = [x]
    fault(net)
    with pytest.raises(ModelInvalid, match=says) as caught:
        verify_model(net.finish(*net.graph.outputs))
    assert caught.value.remedy


def test_the_number_of_further_faults_is_told() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 3), scale=0.0), 8, 3)
    net.graph.tensors[x].quantization.scale = np.zeros(1, np.float32)
    with pytest.raises(ModelInvalid, match="and 1 more"):
        verify_model(net.finish(x))


def test_readable_forgives_scales_but_not_indices() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 3), scale=0.0), 8, 3)
    data = net.finish(x)
    assert list(problems(readable(reader.parse(memoryview(data)))))
    net.graph.operators[0].outputs = [99]
    with pytest.raises(ModelInvalid, match="does not exist"):
        readable(reader.parse(memoryview(net.finish(x))))


@pytest.mark.corpus
def test_every_real_model_passes(pairs: list) -> None:
    files = [p for pair in pairs for p in (pair.compiled, pair.original) if p]
    assert len(files) > 40
    for path in files:
        assert verify_model(path).main.operators
