"""Words that fill the border of a padded map with its zero point: four copies from bit 88 on, bit 87 set.

In real files they stand exactly where an operation pads a map whose zero point is not 0 in the chip's form.
"""

from __future__ import annotations

from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.program.constants import chip_zero
from edgetpu_models.program.stream import WORD, read_bits, write_bits
from edgetpu_models.provenance.check import Study
from firmware_bridge.base.errors import ReweightRefused

_AT, _WIDTH = 88, 32


def pads(graph: SubGraph, op: Operator) -> bool:
    """Whether an operation fills a border of its input."""
    if op.op not in ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D"):
        return op.op == "PAD"
    if op.options.get("padding") != "SAME":
        return False
    data, out, kernel = graph.data_in(op), graph.outs(op)[0], graph.ins(op)[1:2]
    if data is None or len(data.shape) != 4:
        return False
    size = (
        kernel[0].shape[1:3]
        if kernel and kernel[0] is not None
        else (op.number("filter_h"), op.number("filter_w"))
    )
    for side, taps, name in zip((1, 2), size, ("h", "w"), strict=True):
        reach = (taps - 1) * op.number(f"dilation_{name}", 1) + 1
        if (out.shape[side] - 1) * op.number(f"stride_{name}", 1) + reach > data.shape[side]:
            return True
    return False


def fill_words(stream: bytes | bytearray, zero: int) -> list[int]:
    """Return the words that fill with a zero point (not 0)."""
    wanted = zero * 0x01010101
    words = range(len(stream) // 16)
    return [
        w
        for w in words
        if read_bits(stream, w * WORD + _AT, _WIDTH) == wanted
        and read_bits(stream, w * WORD, _AT) == 1 << (_AT - 1)
    ]


def rewrite_padding(pair: Study, other: SubGraph, stream: bytearray) -> None:
    """Write the new zero points into the words that fill borders.

    Raises:
        ReweightRefused: A border's zero point changes and its words are not there, or borders of the same zero
            point would need different ones.
    """
    wanted: dict[int, set[int]] = {}
    for index in pair.mapped:
        op = pair.graph.operators[index]
        before, after = pair.graph.data_in(op), other.data_in(other.operators[index])
        if before is not None and after is not None and pads(pair.graph, op):
            wanted.setdefault(chip_zero(before), set()).add(chip_zero(after))
    places = {old: fill_words(stream, old) for old in wanted if old}
    for old, new in wanted.items():
        if new == {old}:
            continue
        if len(new) > 1 or not places.get(old):
            raise ReweightRefused(
                f"a map with zero point {old} is padded, and where its new one belongs is not clear",
                "compile this network with the real compiler",
            )
        for word in places[old]:
            write_bits(stream, word * WORD + _AT, _WIDTH, next(iter(new)) * 0x01010101)
