"""Tolerances counted by hand, on executors that say what they are told to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.bisect import bisect
from edgetpu_models.format.model import Model
from edgetpu_models.numeric import contract as contracts
from edgetpu_models.numeric.contract import Contract, Difference, differences
from edgetpu_models.numeric.executors import Array, Kernels, Recorded, random_inputs
from edgetpu_models.numeric.named import EXECUTORS, executor
from edgetpu_models.numeric.single_op import single_op_model
from edgetpu_models.testing import Network, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid, UnknownName


@pytest.fixture(scope="module")
def chain() -> bytes:
    """Three RELU in a row: tensor 0 in, tensors 1, 2 and 3 computed."""
    net = Network()
    x = net.input((1, 4))
    for _ in range(3):
        x = net.op("RELU", [x], (1, 4))
    return net.finish(x)


def _says(*sets: Mapping[int, Sequence[int]], name: str = "board") -> Recorded:
    return Recorded(name, [{t: np.array(v, np.int8) for t, v in one.items()} for one in sets])


def _nothing(count: int) -> list[list[Array]]:
    return [[] for _ in range(count)]


def test_the_worst_is_over_all_inputs_and_the_mean_over_all_elements(chain: bytes) -> None:
    right = _says({1: [0, 0, 0, 0]}, {1: [10, 10, 10, 10]})
    other = _says({1: [0, -3, 0, 0]}, {1: [11, 10, 10, 12]})
    (found,) = differences(verify_model(chain), right, other, _nothing(2))
    assert found == Difference(0, "RELU", 1, worst=3.0, mean=(3 + 1 + 2) / 8, elements=8)


def test_the_ends_of_int8_are_255_apart_and_do_not_wrap(chain: bytes) -> None:
    (found,) = differences(verify_model(chain), _says({1: [-128] * 4}), _says({1: [127] * 4}), _nothing(1))
    assert (found.worst, found.mean) == (255.0, 255.0)


def test_only_what_both_show_is_compared_and_shapes_may_differ(chain: bytes) -> None:
    model = verify_model(chain)
    square = Recorded("board", [{3: np.zeros((2, 2), np.int8)}])
    found = differences(model, _says({1: [1] * 4, 3: [0] * 4}), square, _nothing(1))
    assert [(d.tensor, d.worst) for d in found] == [(3, 0.0)]
    assert differences(model, _says({1: [1] * 4}), _says({2: [1] * 4}), _nothing(1)) == []


def test_an_empty_tensor_differs_by_nothing(chain: bytes) -> None:
    (found,) = differences(verify_model(chain), _says({2: []}), _says({2: []}), _nothing(1))
    assert (found.worst, found.mean, found.elements) == (0.0, 0.0, 0)


def test_both_the_worst_and_the_mean_must_be_kept_and_the_unmeasured_must_be_exact() -> None:
    contract = Contract("", "board", 1, {1: 2.0, 2: 2.0}, {1: 0.5})

    def allowed(tensor: int, worst: float, mean: float) -> bool:
        return contract.allows(Difference(0, "RELU", tensor, worst, mean, 4))

    assert allowed(1, 2.0, 0.5)
    assert not allowed(1, 2.5, 0.5)
    assert not allowed(1, 2.0, 0.75)
    assert not allowed(2, 1.0, 0.25), "no mean was measured"
    assert allowed(9, 0.0, 0.0)
    assert not allowed(9, 1.0, 0.25)


def test_slack_is_for_layers_that_differ_and_means_get_half_more(chain: bytes) -> None:
    right, other = _says({1: [0] * 4, 2: [0] * 4}), _says({1: [0, 0, 0, 2], 2: [0] * 4})
    made = contracts.measure(chain, verify_model(chain), right, other, _nothing(1), slack=3)
    assert (made.worst, made.mean) == ({1: 5.0, 2: 0.0}, {1: 0.75, 2: 0.0})
    assert (made.executor, made.inputs) == ("board", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"worst": [1, 2]},
        {"mean": {"one": 1}},
        {"worst": {"1": "far"}},
        {"inputs": None},
        {"model_sha256": ...},
    ],
    ids=["a list", "no index", "no number", "no count", "no model"],
)
def test_a_damaged_contract_is_refused_with_a_remedy(
    chain: bytes, tmp_path: Path, change: dict[str, object]
) -> None:
    file = tmp_path / "c.json"
    contracts.save(Contract("0" * 64, "board", 1, {1: 1.0}, {1: 0.1}), file)
    data = json.loads(file.read_text()) | change
    file.write_text(json.dumps({k: v for k, v in data.items() if v is not ...}))
    with pytest.raises(InvalidSetting, match="no tolerance file") as caught:
        contracts.load(file, chain)
    assert "bisect --save" in caught.value.remedy


def test_a_contract_that_is_not_there_is_refused(chain: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="no tolerance file"):
        contracts.load(tmp_path / "none.json", chain)


def _shown(model: Model, wrong: set[int], shown: set[int]) -> tuple[Recorded, Recorded]:
    right = {t: [0] * 4 for t in shown}
    return _says(right), _says({t: [1 if t in wrong else 0] * 4 for t in shown})


@pytest.mark.parametrize(
    ("shown", "wrong", "suspects", "look_at"),
    [
        ({1, 2, 3}, {2, 3}, (1,), ()),
        ({1, 3}, {3}, (1, 2), ("t2",)),
        ({3}, {3}, (0, 1, 2), ("t1", "t2")),
        ({1, 2, 3}, {1}, (0,), ()),
    ],
)
def test_suspects_reach_back_to_the_last_tensor_that_is_right(
    chain: bytes, shown: set[int], wrong: set[int], suspects: tuple[int, ...], look_at: tuple[str, ...]
) -> None:
    model = verify_model(chain)
    found = bisect(model, *_shown(model, wrong, shown), _nothing(1))
    assert (found.suspects, found.next_tensors) == (suspects, look_at)
    assert found.first is not None
    assert found.first.tensor == min(wrong)
    data = found.as_dict()
    assert data["suspects"] == list(suspects)
    assert data["first"]["worst"] == 1.0


def test_without_a_tensor_in_common_nothing_is_wrong_and_nothing_was_compared(chain: bytes) -> None:
    found = bisect(verify_model(chain), _says({1: [0] * 4}), _says({2: [9] * 4}), _nothing(1))
    assert (found.agrees, found.layers) == (True, ())


def test_both_ways_of_tflite_clip_a_relu_and_are_told_apart_by_name(chain: bytes) -> None:
    given = np.array([[-128, -1, 0, 127]], np.int8)
    for name in ("reference", "fast"):
        made = executor(name, chain)
        assert made.name == f"{name} kernels"
        found = made.tensors([given])
        assert sorted(found) == [1, 2, 3]
        assert all(value.tolist() == [[0, 0, 0, 127]] for value in found.values())


def test_an_unknown_executor_lists_the_known_ones(chain: bytes) -> None:
    with pytest.raises(UnknownName, match="refrence") as caught:
        executor("refrence", chain)
    assert all(name in f"{caught.value.what} {caught.value.remedy}" for name in EXECUTORS)


def test_an_input_too_few_is_refused_and_results_are_copies(chain: bytes) -> None:
    kernels = Kernels(chain)
    with pytest.raises(ValueError, match="zip"):
        kernels.tensors([])
    first = kernels.tensors([np.full((1, 4), 5, np.int8)])[3]
    kernels.tensors([np.full((1, 4), 9, np.int8)])
    assert first.tolist() == [[5] * 4]


def test_inputs_of_another_type_are_refused_by_name() -> None:
    net = Network()
    out = net.op("CAST", [net.input((1, 4), "INT16")], (1, 4), options="CastOptions")
    with pytest.raises(ModelInvalid, match="input t0 is INT16") as caught:
        random_inputs(verify_model(net.finish(out)), 1)
    assert "int8, uint8 or float32" in caught.value.remedy


def test_a_convolution_cut_out_computes_what_it_computed_inside() -> None:
    data = small_network()
    model = verify_model(data)
    (inputs,) = random_inputs(model, 1, seed=3)
    inside = Kernels(data).tensors(inputs)
    for index in (0, 1, 5):
        op = model.main.operators[index]
        alone = Kernels(single_op_model(data, index))
        given = [
            inputs[0] if t in model.main.inputs else inside[t] for t in op.inputs if not _stored(model, t)
        ]
        (found,) = alone.tensors(given).values()
        np.testing.assert_array_equal(found, inside[op.outputs[0]], err_msg=op.op)


def _stored(model: Model, tensor: int) -> bool:
    return model.main.tensors[tensor].data is not None


def test_an_operation_on_one_tensor_twice_has_one_input_when_cut_out() -> None:
    net = Network()
    data = net.input((1, 4))
    out = net.op("ADD", [data, data], (1, 4), options="AddOptions")
    alone = verify_model(single_op_model(net.finish(out), 0))
    assert (alone.main.inputs, alone.main.operators[0].inputs) == ((0,), (0, 0))
