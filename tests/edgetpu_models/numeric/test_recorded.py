"""Tensors that a device recorded, from a file; and one operation cut out of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.bisect import bisect
from edgetpu_models.numeric.executors import Kernels, interpreter, random_inputs
from edgetpu_models.numeric.recorded import read_recorded
from edgetpu_models.numeric.single_op import single_op_model
from edgetpu_models.testing.network import Network, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid

DATA = small_network()
MODEL = verify_model(DATA)


def recording(path: Path, count: int = 2, **more: Any) -> list[list[Any]]:
    """Write what the reference kernels compute, as a device would."""
    kernels = Kernels(DATA)
    inputs = random_inputs(MODEL, count, 3)
    arrays: dict[str, Any] = {}
    for number, (value,) in enumerate(inputs):
        arrays[f"input_{number}"] = value
        arrays |= {f"{number}_{index}": tensor for index, tensor in kernels.tensors([value]).items()}
    np.savez(path, **{**arrays, **more})
    return inputs


def test_a_recording_is_read_back_and_agrees(tmp_path: Path) -> None:
    wanted = recording(tmp_path / "board.npz")
    recorded, inputs = read_recorded(tmp_path / "board.npz", MODEL)
    assert recorded.name == "board.npz"
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(inputs, wanted, strict=True))
    assert bisect(MODEL, Kernels(DATA), recorded, inputs).agrees


def test_a_wrong_tensor_in_a_recording_is_named(tmp_path: Path) -> None:
    recording(tmp_path / "board.npz")
    with np.load(tmp_path / "board.npz") as archive:
        arrays = {name: archive[name].copy() for name in archive.files}
    layer = MODEL.main.operators[4]
    arrays[f"1_{layer.outputs[0]}"].ravel()[5] ^= 3
    np.savez(tmp_path / "wrong.npz", **arrays)
    recorded, inputs = read_recorded(tmp_path / "wrong.npz", MODEL)
    verdict = bisect(MODEL, Kernels(DATA), recorded, inputs)
    assert verdict.first is not None
    assert verdict.first.op_index == 4


def test_tensors_that_were_not_recorded_leave_several_suspects(tmp_path: Path) -> None:
    recording(tmp_path / "board.npz")
    with np.load(tmp_path / "board.npz") as archive:
        arrays = {name: archive[name].copy() for name in archive.files}
    for number in (0, 1):
        del arrays[f"{number}_{MODEL.main.operators[3].outputs[0]}"]
    arrays[f"0_{MODEL.main.operators[4].outputs[0]}"].ravel()[0] ^= 1
    np.savez(tmp_path / "part.npz", **arrays)
    recorded, inputs = read_recorded(tmp_path / "part.npz", MODEL)
    verdict = bisect(MODEL, Kernels(DATA), recorded, inputs)
    assert 4 in verdict.suspects
    assert 3 in verdict.suspects
    assert verdict.next_tensors == (MODEL.main.outs(MODEL.main.operators[3])[0].name,)


def test_files_that_are_no_recording_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.npz"
    text.write_text("no archive")
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_recorded(text, MODEL)
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_recorded(tmp_path / "absent.npz", MODEL)
    np.savez(tmp_path / "empty.npz", other=np.zeros(3))
    with pytest.raises(InvalidSetting, match="holds 0 inputs"):
        read_recorded(tmp_path / "empty.npz", MODEL)
    np.savez(tmp_path / "bare.npz", input_0=random_inputs(MODEL, 1)[0][0])
    with pytest.raises(InvalidSetting, match="holds 1 inputs, some without tensors"):
        read_recorded(tmp_path / "bare.npz", MODEL)
    recording(tmp_path / "odd.npz", input_1=np.zeros((1, 2, 3), np.int8))
    with pytest.raises(InvalidSetting, match=r"input_1 has shape \(1, 2, 3\)"):
        read_recorded(tmp_path / "odd.npz", MODEL)


def test_objects_are_never_unpacked(tmp_path: Path) -> None:
    np.savez(tmp_path / "pickled.npz", input_0=np.array([{"a": 1}], object))
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_recorded(tmp_path / "pickled.npz", MODEL)


def test_a_model_with_two_inputs_cannot_be_recorded(tmp_path: Path) -> None:
    net = Network(0)
    a, b = net.input((1, 4)), net.input((1, 4))
    model = verify_model(net.finish(net.op("ADD", [a, b], (1, 4), options="AddOptions")))
    np.savez(tmp_path / "two.npz", input_0=np.zeros((1, 4), np.int8))
    with pytest.raises(InvalidSetting, match="the model has 2 inputs"):
        read_recorded(tmp_path / "two.npz", model)


@pytest.mark.parametrize("index", range(len(MODEL.main.operators)))
def test_an_operation_alone_computes_what_it_computes_in_its_network(index: int) -> None:
    (values,) = random_inputs(MODEL, 1, 9)
    known = {**Kernels(DATA).tensors(values), **dict(zip(MODEL.main.inputs, values, strict=True))}
    op = MODEL.main.operators[index]
    alone = single_op_model(DATA, index)
    small = verify_model(alone)
    assert [o.op for o in small.main.operators] == [op.op]
    kernel = interpreter(alone)
    fed = dict.fromkeys(i for i in op.inputs if i in known)
    for place, tensor in zip(small.main.inputs, fed, strict=True):
        kernel.set_tensor(place, known[tensor])
    kernel.invoke()
    assert np.array_equal(kernel.get_tensor(small.main.outputs[0]), known[op.outputs[0]])
    assert len(alone) < len(DATA)


def test_a_model_that_tflite_cannot_run_is_refused() -> None:
    net = Network(0)
    with pytest.raises(ModelInvalid, match="TFLite cannot run this model"):
        Kernels(net.finish(net.op("NoSuchOperation", [net.input((1, 4))], (1, 4))))
