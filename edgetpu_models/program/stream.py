"""Bit fields of an instruction stream: 128-bit words, little endian, bit 0 the lowest.

Fields reach across the end of a word, so a place is a bit number from the start of the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WORD = 128
LARGEST = 1e6  # bounds of a real record are far smaller; other words read as floats are not
SMALLEST = 1e-12


@dataclass(frozen=True)
class Field:
    """A field of a requantisation record: bits from the start of the record's word."""

    name: str
    offset: int
    width: int
    kind: str  # f float32, i int32, u unsigned


M = Field("m", 29, 32, "f")
HI = Field("hi", 61, 32, "f")
LO = Field("lo", 93, 32, "f")
X = Field("x", 125, 32, "i")
ZERO = Field("output zero point", 157, 8, "u")
WEIGHT_ZERO = Field("weight zero point", 62 - WORD, 8, "u")
INPUT_ZERO = Field("input zero point", 78 - WORD, 8, "u")
FIELDS = (M, HI, LO, X, ZERO, WEIGHT_ZERO, INPUT_ZERO)


@dataclass(frozen=True)
class Record:
    """One requantisation record as it stands in a stream.

    Attributes:
        word: Number of its word.
        low: Its lowest 29 bits, whose meaning is not known.
        m: float32, `hi`, `lo` likewise; `x` int32; the zero points as the chip holds them.
    """

    word: int
    low: int
    m: float
    hi: float
    lo: float
    x: int
    zero: int
    weight_zero: int
    input_zero: int


def read_bits(stream: bytes | bytearray, at: int, width: int) -> int:
    """Return `width` bits from bit `at` on."""
    first, last = at >> 3, (at + width + 7) >> 3
    return (int.from_bytes(stream[first:last], "little") >> (at & 7)) & ((1 << width) - 1)


def write_bits(stream: bytearray, at: int, width: int, value: int) -> None:
    """Put `value` into `width` bits from bit `at` on."""
    first, last = at >> 3, (at + width + 7) >> 3
    mask = ((1 << width) - 1) << (at & 7)
    old = int.from_bytes(stream[first:last], "little")
    new = (old & ~mask) | ((value << (at & 7)) & mask)
    stream[first:last] = new.to_bytes(last - first, "little")


def read_field(stream: bytes | bytearray, word: int, field: Field) -> float | int:
    """Return a field of the record at `word`."""
    raw = read_bits(stream, word * WORD + field.offset, field.width)
    if field.kind == "f":
        return float(struct.unpack("<f", raw.to_bytes(4, "little"))[0])
    return raw - (1 << 32) if field.kind == "i" and raw >> 31 else raw


def write_field(stream: bytearray, word: int, field: Field, value: float | int) -> None:
    """Change a field of the record at `word`."""
    if field.kind == "f":
        raw = int.from_bytes(struct.pack("<f", value), "little")
    else:
        raw = int(value) & ((1 << field.width) - 1)
    write_bits(stream, word * WORD + field.offset, field.width, raw)


def marked(stream: bytes | bytearray) -> Iterator[Record]:
    """Yield what stands at every word with the marker of a record; not all of these are records."""
    lows = np.frombuffer(bytes(stream[: len(stream) // 16 * 16]), "<u4").reshape(-1, 4)[:, 0]
    for word in np.flatnonzero((lows & 0x30C000) == 0x30C000).tolist():
        if 1 <= word < len(lows) - 1:
            yield _record(stream, word, int(lows[word]) & 0x1FFFFFFF)


def _record(stream: bytes | bytearray, word: int, low: int) -> Record:
    m, hi, lo, *whole = (read_field(stream, word, f) for f in FIELDS)
    return Record(word, low, float(m), float(hi), float(lo), *(int(v) for v in whole))


def unmarked(stream: bytes | bytearray, factors: npt.NDArray[np.float32]) -> Iterator[Record]:
    """Yield words that hold one of these factors where a record would, without its marker: damage, as far as seen."""
    halves = np.frombuffer(bytes(stream[: len(stream) // 16 * 16]), "<u8").reshape(-1, 2)[:, 0]
    bits = ((halves >> np.uint64(29)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    held = np.isin(bits, factors.view(np.uint32))
    plain = (halves & np.uint64(0x30C000)) != np.uint64(0x30C000)
    for word in np.flatnonzero(held & plain).tolist():
        if 1 <= word < len(halves) - 1:
            yield _record(stream, word, int(halves[word]) & 0x1FFFFFFF)


def plausible(record: Record) -> bool:
    """Whether marked words can be a record: a sensible factor, ordered bounds."""
    unbounded = record.hi == float("inf") and record.lo == -float("inf")
    bounded = -LARGEST < record.lo <= record.hi < LARGEST
    return SMALLEST < record.m < LARGEST and (unbounded or bounded)


def records(stream: bytes | bytearray) -> Iterator[Record]:
    """Yield the requantisation records of a stream."""
    return (record for record in marked(stream) if plausible(record))
