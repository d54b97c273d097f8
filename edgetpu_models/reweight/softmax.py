"""Where a SOFTMAX keeps its input scale: in a record, in a table beside the weights, or as a scalar immediate."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from edgetpu_models.program.constants import chip_zero, step
from edgetpu_models.program.container import Span
from edgetpu_models.program.stream import WORD, read_bits
from edgetpu_models.provenance.check import Study

_MASK = 1 << 30  # set, with the lowest bit cleared, in the lanes that a table switches off
_IMMEDIATE = 0x800  # low bits of a word that loads a scalar; the value stands at bit 70
_AT = 70


@dataclass(frozen=True)
class Slot:
    """One stored copy of the scale.

    Attributes:
        at: Byte of the file (tables) or bit of the running stream (immediates).
        kind: `table`, `masked`, `scale` or `zero`; the last two are immediates.
    """

    at: int
    kind: str


def bits_of(value: float) -> int:
    """Return the 32 bits of a float32."""
    return int.from_bytes(struct.pack("<f", value), "little")


def slots(pair: Study, index: int) -> list[Slot]:
    """Return the copies of the input scale of the SOFTMAX `index` that stand outside records."""
    data = pair.graph.data_in(pair.graph.operators[index])
    if data is None:
        return []
    scale = bits_of(float(step(data)))
    tags = {tag for e in pair.matching.explained for i, tag in e.owners if i == index}
    if "softmax exponent, scaled before" in tags:
        return [slot for span in pair.placement.rest for slot in _table(pair.compiled.data, span, scale)]
    if not tags:
        stream = pair.compiled.running.stream.of(pair.compiled.data)
        return list(_immediates(stream, scale, chip_zero(data)))
    return []


def _table(data: bytes, span: Span, scale: int) -> Iterator[Slot]:
    for at in range(span.start, span.end - 3, 4):
        value = int.from_bytes(data[at : at + 4], "little")
        if value == scale:
            yield Slot(at, "table")
        elif value == (scale | _MASK) & ~1:
            yield Slot(at, "masked")


def _immediates(stream: bytes, scale: int, zero: int) -> Iterator[Slot]:
    """Old builds compute the softmax step by step: minus the zero point, two words on times the scale."""
    for word in range(2, len(stream) // 16 - 1):
        at = word * WORD
        if read_bits(stream, at, 29) == _IMMEDIATE and read_bits(stream, at + _AT, 32) == scale:
            yield Slot(at + _AT, "scale")
            before = at - 2 * WORD
            if read_bits(stream, before, 29) == _IMMEDIATE and read_bits(stream, before + _AT, 32) == zero:
                yield Slot(before + _AT, "zero")


def masked(scale: int) -> int:
    """Return a scale's bits as they stand in a lane that is switched off."""
    return (scale | _MASK) & ~1
