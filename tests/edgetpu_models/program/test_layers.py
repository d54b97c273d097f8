"""The storage of layers: shapes and filling on small ones, every byte on real files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgetpu_models.cost.parameters import Compiler, stored
from edgetpu_models.program.boundary import mapped_operations
from edgetpu_models.program.container import open_compiled
from edgetpu_models.program.layers import Form, Layer, lay_out, layer_of
from edgetpu_models.program.placing import forms, place
from edgetpu_models.verify import verify_model


def _layer(weights: np.ndarray, **changes: object) -> Layer:
    outputs = weights.shape[0]
    values: dict[str, object] = {
        "op": 0, "kind": "CONV_2D", "weights": weights, "fill": 128, "bias": np.arange(outputs, dtype=np.int32),
        "has_bias": True, "scales": None, "zeros": False, "lanes": 16, "diagonal": False, "bias_is_zero": False,
    }  # fmt: skip
    return Layer(**{**values, **changes})  # type: ignore[arg-type]


def test_one_row_holds_every_lane_with_four_inputs() -> None:
    weights = np.arange(6 * 3, dtype=np.uint8).reshape(6, 1, 1, 3)
    stored_bytes = lay_out(_layer(weights), Form())
    assert np.frombuffer(stored_bytes[:64], "<i4").tolist() == [0, 1, 2, 3, 4, 5, *[0] * 10]
    rows = np.frombuffer(stored_bytes[64:], np.uint8).reshape(16, 4)
    assert np.array_equal(rows[:6, :3], weights.reshape(6, 3))
    assert (rows[:, 3] == 128).sum() == 8  # lanes up to a multiple of 4 are filled, the others are zero
    assert not rows[8:].any()


def test_old_builds_leave_padding_lanes_blank() -> None:
    weights = np.ones((6, 1, 1, 4), np.uint8)
    rows = np.frombuffer(lay_out(_layer(weights), Form(blank_padding=True))[64:], np.uint8).reshape(16, 4)
    assert not rows[6:].any()


def test_the_order_of_rows_follows_the_group() -> None:
    weights = np.zeros((4, 1, 2, 8), np.uint8)
    weights[0, 0, 0, 0], weights[0, 0, 0, 4], weights[0, 0, 1, 0] = 1, 2, 3
    layer = _layer(weights, lanes=4, has_bias=False)

    def firsts(form: Form) -> list[int]:
        return np.frombuffer(lay_out(layer, form), np.uint8).reshape(-1, 16)[:, 0].tolist()

    assert firsts(Form(1)) == [1, 3, 2, 0]
    assert firsts(Form(0)) == [1, 2, 3, 0]


def test_depthwise_weights_stand_on_a_diagonal() -> None:
    weights = np.arange(1, 9, dtype=np.uint8).reshape(1, 1, 1, 8)
    layer = _layer(weights, diagonal=True, lanes=8, has_bias=False, bias=np.zeros(8, np.int32))
    found = np.frombuffer(lay_out(layer, Form()), np.uint8).reshape(2, 4, 4)
    assert np.array_equal(np.diagonal(found, axis1=1, axis2=2).reshape(-1), weights.reshape(-1))
    assert (found == 128).sum() == 24


def test_every_layer_of_every_real_pair_is_there(pairs: list) -> None:
    layers = 0
    for pair in pairs:
        if pair.original is None:
            continue
        graph, data = verify_model(pair.original).main, pair.compiled.read_bytes()
        compiled = open_compiled(data)
        found = place(graph, compiled, mapped_operations(graph, compiled.model))
        assert not found.missing, pair.compiled.name
        for placed in found.placed:
            assert placed.span.of(data) == lay_out(placed.layer, placed.form)
        layers += len(found.placed)
    assert layers >= 300


def test_sizes_agree_with_the_cost_rules(pairs: list) -> None:
    for pair in pairs[:12]:
        if pair.original is None:
            continue
        graph = verify_model(pair.original).main
        for op in graph.operators:
            layer = layer_of(graph, op)
            if layer is not None:
                sizes = {-(-len(lay_out(layer, form)) // 64) * 64 for form in forms(layer)}
                wanted = {stored(graph, op, build).file_bytes for build in Compiler}
                assert sizes & wanted


def test_an_operation_without_constant_weights_has_no_layer() -> None:
    from edgetpu_models.testing import small_network

    graph = verify_model(small_network()).main
    kinds = {op.op for op in graph.operators if layer_of(graph, op) is None}
    assert "CONV_2D" not in kinds


@pytest.mark.parametrize("group", [0, 2, 4])
def test_groups_permute_and_lose_nothing(group: Any) -> None:
    rng = np.random.default_rng(group)
    weights = rng.integers(0, 256, (20, 3, 3, 32), dtype=np.uint8)
    layer = _layer(weights, lanes=32, has_bias=False)
    assert sorted(lay_out(layer, Form(group))) == sorted(lay_out(layer, Form(1)))
    assert lay_out(layer, Form(group)) != lay_out(layer, Form(1))
