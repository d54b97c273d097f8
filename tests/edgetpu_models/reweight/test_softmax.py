"""Where a softmax keeps its scale, in the three ways that real files show."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgetpu_models.program.container import Span
from edgetpu_models.program.stream import WORD, write_bits
from edgetpu_models.provenance.check import study
from edgetpu_models.reweight.softmax import Slot, bits_of, masked, slots
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model

SCALE, ZERO = 0.1, 17  # the zero point in the chip's form is 145


def pair_of(tags: tuple[str, ...], data: bytes, stream: bytes = b"", rest: tuple[Span, ...] = ()) -> Any:
    net = Network(0)
    graph = verify_model(net.finish(net.softmax(net.input((1, 4), scale=SCALE, zero_point=ZERO)))).main
    explained = [SimpleNamespace(owners=((0, tag),)) for tag in tags]
    return SimpleNamespace(
        graph=graph,
        matching=SimpleNamespace(explained=explained),
        placement=SimpleNamespace(rest=rest),
        compiled=SimpleNamespace(
            data=data, running=SimpleNamespace(stream=SimpleNamespace(of=lambda _: stream))
        ),
    )


def test_bits_are_those_of_float32() -> None:
    assert bits_of(1.0) == 0x3F800000
    assert bits_of(0.1) == 0x3DCCCCCD


def test_a_masked_lane_has_two_bits_changed() -> None:
    assert masked(0x3DCCCCCD) == 0x7DCCCCCC
    assert masked(0x3F800000) == 0x7F800000


def test_a_scale_in_a_record_stands_nowhere_else() -> None:
    assert slots(pair_of(("softmax exponent",), struct.pack("<f", SCALE) * 4), 0) == []


def test_a_table_beside_the_weights_is_searched_in_what_belongs_to_no_layer() -> None:
    scale = struct.pack("<I", bits_of(SCALE))
    switched_off = struct.pack("<I", masked(bits_of(SCALE)))
    data = scale + b"\1\2\3\4" + scale + switched_off + scale
    pair = pair_of(("softmax exponent, scaled before",), data, rest=(Span(4, 12),))
    assert slots(pair, 0) == [Slot(8, "table"), Slot(12, "masked")], (
        "the first and last copy belong to layers"
    )


def immediates(scale_word: int, with_zero: bool, length: int = 12) -> bytes:
    stream = bytearray(16 * length)
    for word, value in ((scale_word, bits_of(SCALE)), (scale_word - 2, ZERO + 128)):
        if word == scale_word or with_zero:
            write_bits(stream, word * WORD, 29, 0x800)
            write_bits(stream, word * WORD + 70, 32, value)
    return bytes(stream)


@pytest.mark.parametrize("with_zero", [True, False])
def test_old_builds_load_it_as_a_number(with_zero: bool) -> None:
    found = slots(pair_of((), b"", immediates(6, with_zero)), 0)
    wanted = [Slot(6 * WORD + 70, "scale")]
    if with_zero:
        wanted.append(Slot(4 * WORD + 70, "zero"))
    assert found == wanted


def test_the_same_number_elsewhere_is_not_taken() -> None:
    stream = bytearray(immediates(6, True))
    write_bits(stream, 6 * WORD, 29, 0x801)  # another instruction
    assert slots(pair_of((), b"", bytes(stream)), 0) == []


def test_real_files_keep_it_in_one_of_the_three_ways(pairs: Any, data_root: Path) -> None:
    ways: dict[str, int] = {}
    names = [(p.original, p.compiled) for p in pairs if p.original]
    seven = data_root / "edgetpu_same_architecture"
    names += [(p, p.with_name(f"{p.stem}_edgetpu.tflite")) for p in seven.glob("*64.tflite")]
    for original, compiled in names:
        pair = study(original.read_bytes(), compiled.read_bytes())
        for index in pair.mapped:
            if pair.graph.operators[index].op != "SOFTMAX":
                continue
            tags = {tag for e in pair.matching.explained for i, tag in e.owners if i == index}
            kinds = sorted({slot.kind for slot in slots(pair, index)})
            way = "record" if "softmax exponent" in tags else "+".join(kinds) or "unknown"
            ways[way] = ways.get(way, 0) + 1
    assert "unknown" not in ways, ways
    assert sum(ways.values()) >= 15
