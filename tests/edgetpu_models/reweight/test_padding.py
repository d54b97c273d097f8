"""Borders that are filled with a zero point: which operations have them, where the words stand, what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.constants import chip_zero
from edgetpu_models.program.stream import WORD, write_bits
from edgetpu_models.provenance.check import study
from edgetpu_models.reweight.padding import fill_words, pads, rewrite_padding
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ReweightRefused


def conv(
    size: int, taps: int, stride: int = 1, same: bool = True, zero: int = 5, dilation: int = 1
) -> SubGraph:
    net = Network(0)
    x = net.input((1, size, size, 4), zero_point=zero)
    net.conv(x, 4, taps)
    op = net.graph.operators[0]
    settings = op.builtinOptions
    settings.padding, settings.strideW, settings.strideH = 0 if same else 1, stride, stride
    settings.dilationWFactor = settings.dilationHFactor = dilation
    side = -(-size // stride) if same else (size - (taps - 1) * dilation - 1) // stride + 1
    net.graph.tensors[op.outputs[0]].shape = [1, side, side, 4]
    return verify_model(net.finish(op.outputs[0])).main


@pytest.mark.parametrize(
    ("graph", "wanted"),
    [
        (conv(8, 3), True),
        (conv(8, 1), False),
        (conv(8, 3, same=False), False),
        (conv(8, 2, stride=2), False),  # 8 = 4 windows of 2: nothing is missing
        (conv(9, 2, stride=2), True),  # the last window reaches over the edge
        (conv(8, 3, stride=2), True),
        (conv(9, 3, stride=2), True),
        (conv(8, 2, dilation=2), True),
    ],
)
def test_a_border_is_filled_where_a_window_reaches_over_the_edge(graph: SubGraph, wanted: bool) -> None:
    assert pads(graph, graph.operators[0]) is wanted


def test_pad_fills_always_and_other_operations_never() -> None:
    net = Network(0)
    x = net.input((1, 4, 4, 4))
    amount = net.tensor((4, 2), "INT32", np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32), scale=None)
    y = net.op("PAD", [x, amount], (1, 6, 6, 4), version=2, options="PadOptions")
    graph = verify_model(
        net.finish(net.op("LOGISTIC", [y], (1, 6, 6, 4), version=2, scale=1 / 256, zero_point=-128))
    ).main
    assert [pads(graph, op) for op in graph.operators] == [True, False]


def stream(*zeros: int, length: int = 12) -> bytearray:
    """Return a stream with a word that fills with each of these, at words 2, 4, 6…"""
    made = bytearray(16 * length)
    for place, zero in enumerate(zeros):
        word = 2 + 2 * place
        write_bits(made, word * WORD + 88, 32, zero * 0x01010101)
        write_bits(made, word * WORD + 87, 1, 1)
    return made


def test_words_are_found_by_their_whole_pattern() -> None:
    made = stream(7, 9, 7)
    assert fill_words(made, 7) == [2, 6]
    assert fill_words(made, 9) == [4]
    write_bits(made, 4 * WORD, 1, 1)  # anything else in the word, and it is another instruction
    assert fill_words(made, 9) == []
    write_bits(made, 6 * WORD + 87, 1, 0)
    assert fill_words(made, 7) == [2]


def pair_of(graph: SubGraph) -> Any:
    return SimpleNamespace(graph=graph, mapped=tuple(op.index for op in graph.operators))


def test_a_new_zero_point_goes_into_every_copy() -> None:
    made = stream(5 + 128, 9, 5 + 128)
    rewrite_padding(pair_of(conv(8, 3, zero=5)), conv(8, 3, zero=-30), made)
    assert made == stream(-30 + 128, 9, -30 + 128)


def test_the_same_zero_point_changes_nothing_and_needs_no_words() -> None:
    made = stream()
    rewrite_padding(pair_of(conv(8, 3, zero=5)), conv(8, 3, zero=5), made)
    assert made == stream()


def test_missing_words_are_refused() -> None:
    with pytest.raises(
        ReweightRefused, match="a map with zero point 133 is padded, and where its new one belongs"
    ):
        rewrite_padding(pair_of(conv(8, 3, zero=5)), conv(8, 3, zero=6), stream(9))


def two(zeros: tuple[int, int]) -> SubGraph:
    net = Network(0)
    outs = [net.conv(net.input((1, 8, 8, 4), zero_point=z), 4, 3) for z in zeros]
    return verify_model(net.finish(*outs)).main


def test_borders_of_one_zero_point_that_part_are_refused() -> None:
    """Two maps padded with 133 would need different words, and which is whose is not known."""
    rewrite_padding(pair_of(two((5, 5))), two((6, 6)), stream(133, 133))
    with pytest.raises(ReweightRefused, match="is not clear"):
        rewrite_padding(pair_of(two((5, 5))), two((6, 7)), stream(133, 133))


def test_in_real_files_they_stand_where_a_map_is_padded(pairs: Any) -> None:
    """In exactly those files that pad a map whose zero point is not 0 in the chip's form."""
    with_words = set()
    wanted = set()
    for pair in pairs:
        if pair.original is None:
            continue
        known = study(pair.original.read_bytes(), pair.compiled.read_bytes())
        running = known.compiled.running.stream.of(known.compiled.data)
        zeros = {
            chip_zero(data)
            for i in known.mapped
            if pads(known.graph, known.graph.operators[i])
            and (data := known.graph.data_in(known.graph.operators[i])) is not None
        }
        wanted |= {pair.compiled.name for zero in zeros if zero}
        with_words |= {pair.compiled.name for zero in zeros if zero and fill_words(running, zero)}
    assert with_words == wanted
    assert wanted
