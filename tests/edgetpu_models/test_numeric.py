"""Executors, requantisation, contracts and the search for the first bad layer."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.bisect import bisect
from edgetpu_models.format.names import EDGETPU_OP
from edgetpu_models.numeric import contract as contracts
from edgetpu_models.numeric.executors import Kernels, Recorded, random_inputs
from edgetpu_models.numeric.recorded import read_recorded
from edgetpu_models.numeric.requantise import Rounding, multiplier, scale
from edgetpu_models.numeric.single_op import single_op_model
from edgetpu_models.testing import Network, compiled, small_network
from edgetpu_models.testing.layer_by_layer import OWN, LayerByLayer
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid


@pytest.fixture(scope="module")
def network() -> bytes:
    """Convolutions of every kind: strides, dilation, VALID padding, activations, dense."""
    net = Network(5)
    x = net.conv(net.input((1, 9, 7, 3)), 8, 3, relu=True)
    for field, value in {"strideW": 2, "strideH": 2}.items():
        setattr(net.graph.operators[-1].builtinOptions, field, value)
    net.graph.tensors[x].shape = [1, 5, 4, 8]
    y = net.depthwise(x, (3, 3))
    net.graph.operators[-1].builtinOptions.dilationHFactor = 2
    net.graph.operators[-1].builtinOptions.dilationWFactor = 2
    x = net.op("ADD", [x, y], (1, 5, 4, 8), version=2, options="AddOptions")
    y = net.conv(x, 6, 3)
    net.graph.operators[-1].builtinOptions.padding = 1
    net.graph.operators[-1].builtinOptions.fusedActivationFunction = 3
    net.graph.tensors[y].shape = [1, 3, 2, 6]
    x = net.reshape(y, (1, 36))
    x = net.dense(x, 5)
    net.graph.operators[-1].builtinOptions.fusedActivationFunction = 2
    return net.finish(net.softmax(x))


def _own(data: bytes) -> list[int]:
    return [op.index for op in verify_model(data).main.operators if op.op in OWN]


@settings(max_examples=200, deadline=None)
@given(st.integers(-(2**27), 2**27), st.floats(1e-6, 0.99))
def test_fixed_point_scaling_is_within_one_of_the_real_product(value: int, real: float) -> None:
    exact = Fraction(value) * Fraction(real)
    accumulator = np.array([value], np.int64)
    factor = np.array([real])
    slack = Fraction(abs(value), 2**31) + Fraction(1, 1000)  # the factor itself is rounded to 31 bits
    for rounding, low, high in (
        (Rounding.DOUBLE, -1, 1),
        (Rounding.SINGLE, -1, 1),
        (Rounding.TRUNCATE, -1, 0),
    ):
        found = int(scale(accumulator, factor, rounding)[0])
        assert low - slack <= found - exact <= high + slack


def test_multiplier_is_normalised() -> None:
    assert multiplier(0.5) == (1 << 30, 0)
    assert multiplier(1.0) == (1 << 30, 1)
    assert multiplier(0.0) == (0, 0)
    q, shift = multiplier(np.nextafter(1.0, 0.0))
    assert (q, shift) == (1 << 30, 1)


def test_halves_are_rounded_as_each_kind_says() -> None:
    values = np.array([-6, -5, -3, 3, 5, 6], np.int64)
    half = np.array([0.5])
    assert scale(values[:, None], half, Rounding.DOUBLE)[:, 0].tolist() == [-3, -2, -1, 2, 3, 3]
    assert scale(values[:, None], half, Rounding.SINGLE)[:, 0].tolist() == [-3, -2, -1, 2, 3, 3]
    assert scale(values[:, None], half, Rounding.TRUNCATE)[:, 0].tolist() == [-3, -3, -2, 1, 2, 3]
    quarter = np.array([0.25])  # the second step of the double rounding turns halves away from zero
    assert scale(values[:, None], quarter, Rounding.DOUBLE)[:, 0].tolist() == [-2, -1, -1, 1, 2, 2]
    assert scale(values[:, None], quarter, Rounding.SINGLE)[:, 0].tolist() == [-1, -1, -1, 1, 1, 2]


def test_layer_by_layer_equals_the_reference_in_every_tensor(network: bytes) -> None:
    for data in (network, small_network()):
        reference = Kernels(data)
        own = dict.fromkeys(_own(data), Rounding.DOUBLE)
        for inputs in random_inputs(reference.model, 4):
            expected = reference.tensors(inputs)
            for executor in (LayerByLayer(data), LayerByLayer(data, own)):
                found = executor.tensors(inputs)
                assert found.keys() == expected.keys()
                for index, value in expected.items():
                    np.testing.assert_array_equal(found[index], value, err_msg=f"tensor {index}")


@pytest.mark.parametrize("kind", [Rounding.TRUNCATE, Rounding.SINGLE])
def test_a_wrong_rounding_in_any_single_layer_is_found(network: bytes, kind: Rounding) -> None:
    reference = Kernels(network)
    inputs = random_inputs(reference.model, 32, seed=1)
    for layer in _own(network):
        verdict = bisect(reference.model, reference, LayerByLayer(network, {layer: kind}), inputs)
        changed = [d for d in verdict.layers if d.op_index == layer and d.worst]
        if kind is Rounding.TRUNCATE:
            assert changed
        if changed:  # a single rounding may agree by chance in a small layer
            assert verdict.first is not None
            assert verdict.first.op_index == layer
            assert verdict.suspects == (layer,)
            assert not verdict.agrees


def test_equal_executors_agree(network: bytes) -> None:
    reference = Kernels(network)
    verdict = bisect(reference.model, reference, LayerByLayer(network), random_inputs(reference.model, 3))
    assert verdict.agrees
    assert verdict.first is None
    assert len(verdict.layers) == len(reference.model.main.operators)


def test_with_few_tensors_the_answer_is_a_stretch_and_what_to_record_next(network: bytes) -> None:
    reference = Kernels(network)
    inputs = random_inputs(reference.model, 8)
    faulty = LayerByLayer(network, {3: Rounding.TRUNCATE})
    shown = [op.outputs[0] for op in reference.model.main.operators if op.index in (2, 5)]
    partial = Recorded("board", [{t: v for t, v in faulty.tensors(i).items() if t in shown} for i in inputs])
    verdict = bisect(reference.model, reference, partial, inputs)
    assert verdict.first is not None
    assert verdict.first.op_index == 5
    assert verdict.suspects == (3, 4, 5)
    assert len(verdict.next_tensors) == 2


def test_a_contract_allows_what_was_measured_and_no_more(network: bytes, tmp_path: Path) -> None:
    reference = Kernels(network)
    inputs = random_inputs(reference.model, 8)
    usual = LayerByLayer(network, dict.fromkeys(_own(network), Rounding.SINGLE))
    contract = contracts.measure(network, reference.model, reference, usual, inputs, slack=0)
    contracts.save(contract, tmp_path / "c.json")
    again = contracts.load(tmp_path / "c.json", network)
    assert again == contract
    assert contract.model_sha256 == hashlib.sha256(network).hexdigest()
    assert bisect(reference.model, reference, usual, inputs, again).agrees
    worse = LayerByLayer(network, {_own(network)[0]: Rounding.TRUNCATE})
    verdict = bisect(reference.model, reference, worse, inputs, again)
    assert not verdict.agrees
    assert verdict.first is not None
    assert verdict.first.op_index == 0


def test_a_contract_of_another_model_is_refused(network: bytes, tmp_path: Path) -> None:
    reference = Kernels(network)
    contract = contracts.measure(
        network, reference.model, reference, reference, random_inputs(reference.model, 1)
    )
    contracts.save(contract, tmp_path / "c.json")
    with pytest.raises(InvalidSetting, match="belongs to model"):
        contracts.load(tmp_path / "c.json", small_network())
    (tmp_path / "d.json").write_text("[]")
    with pytest.raises(InvalidSetting, match="no tolerance file"):
        contracts.load(tmp_path / "d.json", network)


def test_tensors_of_another_size_are_refused(network: bytes) -> None:
    reference = Kernels(network)
    inputs = random_inputs(reference.model, 1)
    other = Recorded("board", [{op.outputs[0]: np.zeros(3) for op in reference.model.main.operators}])
    with pytest.raises(ModelInvalid, match="elements"):
        bisect(reference.model, reference, other, inputs)


def test_recorded_tensors_come_from_a_file(network: bytes, tmp_path: Path) -> None:
    reference = Kernels(network)
    sets = random_inputs(reference.model, 2)
    arrays = {f"input_{i}": values[0] for i, values in enumerate(sets)}
    for i, values in enumerate(sets):
        arrays |= {f"{i}_{t}": v for t, v in reference.tensors(values).items()}
    np.savez(tmp_path / "board.npz", **arrays)
    executor, inputs = read_recorded(tmp_path / "board.npz", reference.model)
    assert executor.name == "board.npz"
    assert bisect(reference.model, reference, executor, inputs).agrees


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({}, "holds 0 inputs"),
        ({"input_0": np.zeros((2, 2))}, "has shape"),
        ({"input_1": np.zeros(1)}, "holds 0"),
    ],
)
def test_bad_recordings_are_refused(
    network: bytes, tmp_path: Path, arrays: dict[str, np.ndarray], says: str
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InvalidSetting, match=says):
        read_recorded(tmp_path / "x.npz", verify_model(network))
    (tmp_path / "y.npz").write_bytes(b"nonsense")
    with pytest.raises(InvalidSetting, match="cannot be read"):
        read_recorded(tmp_path / "y.npz", verify_model(network))


def test_a_single_operation_is_a_model_of_its_own(network: bytes) -> None:
    model = verify_model(single_op_model(network, 2))
    assert [op.op for op in model.main.operators] == ["ADD"]
    assert len(model.main.inputs) == 2
    assert len(model.main.tensors) == 3


def test_rounding_is_for_convolutions_only(network: bytes) -> None:
    with pytest.raises(InvalidSetting, match="no convolution"):
        LayerByLayer(network, {2: Rounding.SINGLE})


def test_what_tflite_cannot_run_is_an_error_of_ours() -> None:
    with pytest.raises(ModelInvalid, match=EDGETPU_OP):
        Kernels(compiled())


def test_random_inputs_cover_the_type_and_repeat() -> None:
    net = Network()
    a, b = net.input((1, 4000)), net.input((1, 4000), "UINT8")
    net.input((1, 8), "FLOAT32", scale=None)
    x = net.op("ADD", [a, a], (1, 4000), options="AddOptions")
    net.op("QUANTIZE", [b], (1, 4000))
    model = verify_model(net.finish(x))
    first, second = random_inputs(model, 2, 7)[0], random_inputs(model, 2, 7)[0]
    assert [v.dtype for v in first] == [np.int8, np.uint8, np.float32]
    assert all(np.array_equal(p, q) for p, q in zip(first, second, strict=True))
    assert first[0].min() < -120
    assert first[0].max() > 120
