"""Layers in parameter blobs: the forms that are tried, order, doubt, and what is left over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.container import Span
from edgetpu_models.program.layers import Form, Layer, lay_out, layer_of
from edgetpu_models.program.placing import forms, place
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model


def network(*shapes: tuple[int, int, int], per_channel: bool = True, seed: int = 0) -> SubGraph:
    """Return convolutions [inputs, kernel, outputs], each on an input of its own."""
    net = Network(seed)
    outs = [net.conv(net.input((1, 8, 8, z)), o, k, per_channel=per_channel) for z, k, o in shapes]
    return verify_model(net.finish(*outs)).main


def layers(graph: SubGraph) -> list[Layer]:
    return [found for op in graph.operators if (found := layer_of(graph, op)) is not None]


def compiled(data: bytes, *blobs: Span) -> Any:
    spans = blobs or (Span(0, len(data)),)
    return SimpleNamespace(data=data, programs=[SimpleNamespace(parameters=span) for span in spans])


def padded(*parts: bytes) -> bytes:
    return b"".join(part + bytes(-len(part) % 64) for part in parts)


def test_a_form_is_tried_only_where_it_changes_something() -> None:
    (one,) = layers(network((4, 3, 16)))
    assert list(forms(one)) == [Form()]  # one block of inputs, a bias, all lanes in use
    (wide,) = layers(network((16, 3, 16)))
    assert {f.group for f in forms(wide)} == {1, 0, 2}
    assert len({lay_out(wide, f) for f in forms(wide)}) == len(list(forms(wide)))
    (point,) = layers(network((16, 1, 16)))
    assert [f.group for f in forms(point)] == [1], "a kernel of one place has one order"
    (narrow,) = layers(network((4, 1, 10)))
    assert {f.blank_padding for f in forms(narrow)} == {False, True}


def test_a_bias_of_zeros_may_be_kept_or_not() -> None:
    net = Network(0)
    made = net.conv(net.input((1, 4, 4, 4)), 16)
    tensor = net.graph.tensors[net.graph.operators[0].inputs[2]]
    net.model.buffers[tensor.buffer].data = np.zeros(64, np.uint8)
    graph = verify_model(net.finish(made)).main
    (layer,) = layers(graph)
    assert {f.keeps_bias for f in forms(layer)} == {False, True}
    kept, dropped = (lay_out(layer, Form(keeps_bias=k)) for k in (True, False))
    assert len(kept) - len(dropped) == 64
    for stored in (kept, dropped):
        found = place(graph, compiled(padded(stored)), [0])
        assert found.placed[0].form.keeps_bias is (stored is kept)


@pytest.mark.parametrize("group", [1, 0, 2])
def test_the_compilers_choice_is_read_from_the_blob(group: int) -> None:
    graph = network((16, 3, 16))
    stored = lay_out(layers(graph)[0], Form(group))
    (found,) = place(graph, compiled(padded(stored)), [0]).placed
    assert (found.form.group, found.span, found.sure) == (group, Span(0, len(stored)), True)


def test_layers_follow_each_other_with_padding_between() -> None:
    graph = network((4, 1, 20), (8, 3, 16), (4, 3, 4))
    parts = [lay_out(layer, Form()) for layer in layers(graph)]
    data = padded(*parts)
    found = place(graph, compiled(data), range(3))
    assert [p.layer.op for p in found.placed] == [0, 1, 2]
    assert all(p.sure and p.span.of(data) == part for p, part in zip(found.placed, parts, strict=True))
    assert found.missing == ()
    assert found.rest == ()


def test_parallel_branches_may_be_stored_the_other_way_round() -> None:
    graph = network((4, 1, 20), (8, 3, 16))
    first, second = (lay_out(layer, Form()) for layer in layers(graph))
    found = place(graph, compiled(padded(second, first)), range(2))
    assert [p.layer.op for p in found.placed] == [0, 1]
    assert found.placed[1].span.start == 0
    assert found.missing == ()


def test_layers_may_be_shared_out_over_two_blobs() -> None:
    graph = network((4, 1, 20), (8, 3, 16))
    first, second = (lay_out(layer, Form()) for layer in layers(graph))
    data = padded(first) + b"instructions".ljust(64) + padded(second)
    start = len(padded(first)) + 64
    spans = Span(0, len(padded(first))), Span(start, len(data) - start)
    found = place(graph, compiled(data, *spans), range(2))
    assert [p.span.start for p in found.placed] == [0, start]
    assert found.rest == ()


def test_a_layer_that_stands_twice_is_not_sure() -> None:
    graph = network((4, 1, 20))
    stored = lay_out(layers(graph)[0], Form())
    far = bytes(range(1, 65)) * 4
    found = place(graph, compiled(far + padded(stored) + far + padded(stored)), [0])
    assert not found.placed[0].sure
    alone = place(graph, compiled(far + padded(stored)), [0])
    assert alone.placed[0].sure


def test_a_changed_layer_is_missing_with_the_place_where_it_should_be() -> None:
    graph = network((4, 1, 20), (8, 3, 16))
    first, second = (bytearray(lay_out(layer, Form())) for layer in layers(graph))
    second[-1] ^= 1
    found = place(graph, compiled(padded(bytes(first), bytes(second))), range(2))
    assert [p.layer.op for p in found.placed] == [0]
    ((layer, at),) = found.missing
    assert (layer.op, at) == (1, len(first))
    (rest,) = found.rest
    assert rest.end == len(padded(bytes(first), bytes(second)))


def test_what_belongs_to_no_layer_is_left_over() -> None:
    graph = network((4, 1, 20))
    stored = padded(lay_out(layers(graph)[0], Form()))
    table = b"\1" * 192
    found = place(graph, compiled(stored + table), [0])
    assert found.rest[0].size >= 192
    assert found.rest[0].end == len(stored) + 192
    assert place(graph, compiled(stored + bytes(40)), [0]).rest == (), "zeros up to 64 are padding"


def test_operations_on_the_cpu_are_not_looked_for() -> None:
    graph = network((4, 1, 20), (8, 3, 16))
    stored = lay_out(layers(graph)[1], Form())
    found = place(graph, compiled(padded(stored)), [1])
    assert [p.layer.op for p in found.placed] == [1]
    assert found.missing == ()
