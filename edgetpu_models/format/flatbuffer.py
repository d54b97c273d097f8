"""A FlatBuffer reader that trusts nothing: every offset is checked before it is followed.

A damaged file raises `ModelInvalid`; it never reads outside the buffer, never loops, and stops after
`MAX_TABLES` tables, because tables may be shared and a small file could otherwise be made to cost hours.
By hand, because the `flatbuffers` package follows any offset: it is made for files that one trusts.
Layout: https://flatbuffers.dev/internals/ (offsets are relative, little endian, aligned to their size).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import ModelInvalid

MAX_TABLES = 12_000  # a model of 1,000 operations has about 8,000; keeps every answer within a second
MAX_ELEMENTS = 4_000_000  # elements of short vectors (shapes, indices, scales), all together

_FORMATS = {name: struct.Struct("<" + name) for name in "bBhHiIqQf?"}
_REMEDY = "the file is damaged or is no model: export it again, or compare its SHA-256 with the source"


def damaged(what: str) -> ModelInvalid:
    """Return the error for a file whose structure is broken."""
    return ModelInvalid(f"damaged model file: {what}", _REMEDY)


@dataclass
class Budget:
    """How much work a file may still cause.

    Attributes:
        tables: How many more tables may be opened.
        elements: How many more elements of short vectors may be read.
        unaligned: Where vectors of 8-byte elements begin that are aligned to 4 bytes only.
    """

    tables: int = MAX_TABLES
    elements: int = MAX_ELEMENTS
    unaligned: list[int] = field(default_factory=list)

    def spend_tables(self, count: int) -> None:
        """Take `count` tables off the budget."""
        self.tables -= count
        if self.tables < 0:
            raise damaged(f"more than {MAX_TABLES} tables")

    def spend_elements(self, count: int) -> None:
        """Take `count` elements off the budget."""
        self.elements -= count
        if self.elements < 0:
            raise damaged(f"more than {MAX_ELEMENTS} elements in its lists")


@dataclass
class Flat:
    """The bytes of one FlatBuffer.

    Attributes:
        data: The whole buffer.
        budget: Work that is left; buffers inside one file share it.
    """

    data: memoryview
    budget: Budget = field(default_factory=Budget)

    def unpack(self, kind: str, position: int) -> int | float | bool:
        """Read one scalar of struct format `kind` at a checked and aligned position."""
        reader = _FORMATS[kind]
        if position < 0 or position + reader.size > len(self.data):
            raise damaged(f"a value at byte {position} lies outside the file of {len(self.data)} bytes")
        if position % reader.size:
            raise damaged(f"a {reader.size}-byte value at byte {position} is not aligned")
        value: int | float | bool = reader.unpack_from(self.data, position)[0]
        return value

    def integer(self, kind: str, position: int) -> int:
        """Read one integer scalar."""
        return int(self.unpack(kind, position))

    def follow(self, position: int) -> int:
        """Follow the unsigned 32-bit offset stored at `position`."""
        offset = self.integer("I", position)
        target = position + offset
        if offset < 4 or target >= len(self.data):
            raise damaged(f"the offset at byte {position} points to byte {target} of {len(self.data)}")
        return target

    def table(self, position: int) -> Table:
        """Open the table at `position`."""
        self.budget.spend_tables(1)
        vtable = position - self.integer("i", position)
        size = self.integer("H", vtable) if vtable >= 0 else 0
        if size < 4 or size % 2 or vtable + size > len(self.data):
            raise damaged(f"the table at byte {position} has no valid field list")
        length = self.integer("H", vtable + 2)
        if length < 4 or position + length > len(self.data):
            raise damaged(f"the table at byte {position} is longer than the file")
        return Table(self, position, vtable, size, length)

    def root(self, identifier: bytes | None = None) -> Table:
        """Open the root table.

        Args:
            identifier: The four bytes that the file must carry at offset 4, such as `TFL3`.
        """
        if len(self.data) < 8:
            raise damaged(f"{len(self.data)} bytes are too few")
        if identifier is not None and bytes(self.data[4:8]) != identifier:
            raise damaged(f"identifier {identifier.decode()} expected at byte 4")
        return self.table(self.follow(0))


@dataclass(frozen=True)
class Table:
    """One table: its fields are found by slot number (the order in the schema)."""

    flat: Flat
    position: int
    vtable: int
    vtable_size: int
    length: int

    def find(self, slot: int, size: int = 4) -> int:
        """Return the position of a field of `size` bytes, or 0 where it is absent."""
        entry = 4 + 2 * slot
        if entry + 2 > self.vtable_size:
            return 0
        offset = self.flat.integer("H", self.vtable + entry)
        if offset == 0:
            return 0
        if offset < 4 or offset + size > self.length:
            raise damaged(f"field {slot} of the table at byte {self.position} lies outside the table")
        return self.position + offset

    def integer(self, slot: int, kind: str = "i", default: int = 0) -> int:
        """Read an integer field."""
        position = self.find(slot, _FORMATS[kind].size)
        return self.flat.integer(kind, position) if position else default

    def number(self, slot: int, default: float = 0.0) -> float:
        """Read a float32 field."""
        position = self.find(slot)
        return float(self.flat.unpack("f", position)) if position else default

    def flag(self, slot: int, default: bool = False) -> bool:
        """Read a boolean field; any byte but 0 is true."""
        return bool(self.integer(slot, "B", int(default)))

    def child(self, slot: int) -> Table | None:
        """Open a table field."""
        position = self.find(slot)
        return self.flat.table(self.flat.follow(position)) if position else None

    def _vector(self, slot: int, size: int, align: int) -> tuple[int, int] | None:
        """Return (first byte, length) of a vector whose elements have `size` bytes."""
        position = self.find(slot)
        if not position:
            return None
        start = self.flat.follow(position)
        length = self.flat.integer("I", start)
        if start + 4 + length * size > len(self.flat.data):
            raise damaged(f"the vector at byte {start} ({length} elements) is longer than the file")
        if length and (start + 4) % align:
            # 8-byte elements at 4-byte places are read safely, and the real compiler takes such files: a warning.
            if (start + 4) % min(align, 4):
                raise damaged(f"the vector at byte {start} is not aligned to {align}")
            self.flat.budget.unaligned.append(start)
        return start + 4, length

    def blob(self, slot: int) -> memoryview | None:
        """Return a vector of bytes without copying it."""
        found = self._vector(slot, 1, 1)
        return self.flat.data[found[0] : found[0] + found[1]] if found else None

    def text(self, slot: int) -> str:
        """Return a string; bytes that are not UTF-8 are shown as replacement characters."""
        blob = self.blob(slot)
        if blob is None:
            return ""
        self.flat.budget.spend_elements(len(blob))
        return bytes(blob).decode("utf-8", errors="replace")

    def array(self, slot: int, dtype: npt.DTypeLike) -> npt.NDArray[np.generic] | None:
        """Return a vector of scalars as a read-only array, or `None` where the field is absent."""
        kind = np.dtype(dtype).newbyteorder("<")
        found = self._vector(slot, kind.itemsize, kind.itemsize)
        if found is None:
            return None
        self.flat.budget.spend_elements(found[1])
        return np.frombuffer(self.flat.data, kind, found[1], found[0])

    def integers(self, slot: int, dtype: npt.DTypeLike = np.int32) -> tuple[int, ...]:
        """Return a vector of integers as a tuple, empty where the field is absent."""
        found = self.array(slot, dtype)
        return tuple(int(v) for v in found.tolist()) if found is not None else ()

    def children(self, slot: int) -> list[Table]:
        """Open every table of a vector of tables."""
        found = self._vector(slot, 4, 4)
        if found is None:
            return []
        start, length = found
        if length > self.flat.budget.tables:
            raise damaged(f"more than {MAX_TABLES} tables")
        return [self.flat.table(self.flat.follow(start + 4 * i)) for i in range(length)]

    def blobs(self, slot: int) -> list[memoryview]:
        """Return a vector of strings as byte views (serialised executables are stored so)."""
        found = self._vector(slot, 4, 4)
        if found is None:
            return []
        start, length = found
        self.flat.budget.spend_elements(length)
        views = []
        for i in range(length):
            at = self.flat.follow(start + 4 * i)
            size = self.flat.integer("I", at)
            if at + 4 + size > len(self.flat.data):
                raise damaged(f"the string at byte {at} is longer than the file")
            views.append(self.flat.data[at + 4 : at + 4 + size])
        return views
