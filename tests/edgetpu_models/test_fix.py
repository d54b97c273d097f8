"""Safe rewrites: each does what it says, keeps every output bit, and refuses where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from edgetpu_models import rewrites
from edgetpu_models.fix import PROOF_INPUTS, fix, prove
from edgetpu_models.lint import lint
from edgetpu_models.testing import Network, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import CheckFailed, ModelInvalid


def _rules(data: bytes) -> set[str]:
    return {f.rule for f in lint(data)}


def _dense(
    shape: tuple[int, ...], channels: int, keep: bool, version: int, scale: float | list[float]
) -> bytes:
    net = Network()
    values = np.random.default_rng(3).integers(-127, 128, (channels, shape[-1]))
    weights = net.tensor((channels, shape[-1]), data=values, scale=scale)
    out = (*shape[:-1], channels) if keep else (int(np.prod(shape[:-1])), channels)
    settings = {"keepNumDims": keep}
    inputs = [net.input(shape), weights]
    options = "FullyConnectedOptions"
    return net.finish(
        net.op("FULLY_CONNECTED", inputs, out, "INT8", version, options, 1.7, 3, settings=settings)
    )


def test_a_good_model_is_returned_as_it_was() -> None:
    repair = fix(small_network())
    assert repair.data == small_network()
    assert repair.applied == repair.refused == []


def test_an_open_batch_is_closed() -> None:
    net = Network()
    data = net.finish(net.conv(net.input((1, 4, 4, 4), signature=[-1, 4, 4, 4]), 4))
    assert "dynamic-batch" in _rules(data)
    repair = fix(data)
    assert _rules(repair.data) == set()
    assert repair.applied == ["batch of 1 tensors fixed to 1"]
    assert repair.proof_inputs == PROOF_INPUTS


def test_an_open_time_dimension_is_left_alone() -> None:
    net = Network()
    data = net.finish(net.conv(net.input((1, 4, 4, 4), signature=[1, -1, 4, 4]), 4))
    assert fix(data).applied == []


def test_a_dense_layer_over_rows_becomes_a_convolution() -> None:
    data = _dense((1, 7, 12), 5, keep=True, version=5, scale=0.00713)
    assert {"op-version", "dense-format"} <= _rules(data)
    repair = fix(data)
    assert _rules(repair.data) == set()
    assert [op.op for op in verify_model(repair.data).main.operators] == ["RESHAPE", "CONV_2D", "RESHAPE"]
    prove(data, repair.data, seed=99)


def test_a_dense_layer_of_one_row_keeps_its_kernel() -> None:
    data = _dense((1, 1, 12), 5, keep=True, version=6, scale=0.00713)
    repair = fix(data)
    assert _rules(repair.data) == set()
    operators = verify_model(repair.data).main.operators
    assert [(op.op, op.version) for op in operators] == [("FULLY_CONNECTED", 4), ("RESHAPE", 1)]


def test_a_tie_that_would_move_is_refused() -> None:
    """Scales of 0.05 * 0.01 / 0.05 make exact halves, which the two kernels round apart."""
    net = Network()
    weights = net.tensor((5, 12), data=np.random.default_rng(0).integers(-127, 128, (5, 12)), scale=0.01)
    settings = {"keepNumDims": True}
    inputs = [net.input((1, 7, 12)), weights]
    out = net.op(
        "FULLY_CONNECTED", inputs, (1, 7, 5), version=5, options="FullyConnectedOptions", settings=settings
    )
    data = net.finish(out)
    repair = fix(data)
    assert repair.data == data
    assert "refused, a rewrite changed output 0" in repair.refused[0]


def test_versions_that_are_too_new_are_lowered() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 4)
    x = net.op("ADD", [x, x], (1, 4, 4, 4), version=5, options="AddOptions")
    repair = fix(net.finish(x))
    assert repair.applied == ["ADD 1: version 5 became 2"]
    assert _rules(repair.data) == set()


@pytest.mark.parametrize(("zero_point", "goes"), [(-128, True), (-100, False)])
def test_an_idle_activation_goes_and_a_working_one_stays(zero_point: int, goes: bool) -> None:
    net = Network()
    settings = {"filterWidth": 2, "filterHeight": 2, "strideW": 2, "strideH": 2, "fusedActivationFunction": 1}
    x = net.input((1, 4, 4, 4), zero_point=zero_point)
    x = net.op(
        "MAX_POOL_2D", [x], (1, 2, 2, 4), "INT8", 1, "Pool2DOptions", 0.05, zero_point, settings=settings
    )
    repair = fix(net.finish(x))
    assert bool(repair.applied) is goes
    assert ("fused-activation" in _rules(repair.data)) is not goes


def test_relu6_is_idle_only_below_six() -> None:
    def build(scale: float) -> list[str]:
        net = Network()
        settings = {
            "filterWidth": 2,
            "filterHeight": 2,
            "strideW": 2,
            "strideH": 2,
            "fusedActivationFunction": 3,
        }
        x = net.input((1, 4, 4, 4), scale=scale, zero_point=-128)
        x = net.op(
            "MAX_POOL_2D", [x], (1, 2, 2, 4), "INT8", 1, "Pool2DOptions", scale, -128, settings=settings
        )
        repair = fix(net.finish(x))
        assert repair.refused == []  # it is not even tried
        return repair.applied

    assert build(6 / 255)
    assert not build(8 / 255)


def test_every_rewrite_says_what_it_does() -> None:
    for rewrite in rewrites.REWRITES:
        assert len((rewrite.__doc__ or "").split()) > 8


def test_the_proof_sees_a_changed_weight() -> None:
    with pytest.raises(CheckFailed, match="changed output 0"):
        prove(small_network(0), small_network(1))


def test_a_model_that_tflite_cannot_run_is_told_so() -> None:
    net = Network()
    x = net.op(
        "ADD",
        [net.input((1, 4, 4, 4)), net.input((1, 3, 3, 3))],
        (1, 4, 4, 4),
        version=9,
        options="AddOptions",
    )
    with pytest.raises(ModelInvalid, match="TFLite cannot run"):
        fix(net.finish(x))
