"""A FlatBuffer taken apart into the pieces that its builder put down one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgetpu_models.format.flatbuffer import Flat, Table, damaged
from edgetpu_models.relayout.schema import UNIONS, Fields


@dataclass
class Piece:
    """A table, a table's field list, a list or a string.

    Attributes:
        start: First byte in the buffer.
        size: Bytes, padding not counted (a string's closing zero is).
        align: Its distance from the buffer's end is, divided by this, `rest`; a power of two.
        rest: See `align`.
        offsets: Place of each offset in it to the start of the piece that it points to.
        fields: A table's field list, which also says how long the table is, the padding behind it included.
    """

    start: int
    size: int
    align: int
    rest: int = 0
    offsets: dict[int, int] = field(default_factory=dict)
    fields: int = -1


class Pieces:
    """All pieces of a buffer, found from its root.

    Args:
        data: The buffer.
        schema: Its tables.
        root: Name of its root table.

    Raises:
        ModelInvalid: It is damaged, or holds what the schema does not know.
    """

    def __init__(self, data: bytes, schema: Mapping[str, Fields], root: str) -> None:
        self.found: dict[int, Piece] = {}
        self._flat = Flat(memoryview(data))
        self._schema = schema
        table = self._flat.root()
        self.root = table.position
        self._table(table, root)

    def _table(self, table: Table, name: str) -> None:
        if table.position in self.found:
            return
        fields = self._schema[name]
        slots = [s for s in range((table.vtable_size - 4) // 2) if table.find(s, 1)]
        wide = [s for s in slots if fields.get(s) == ".8"]
        size, align = table.length, 8 if wide else 4
        if (
            wide
        ):  # what is widest is put down first, so that it stands last; padding behind it is no part of it
            size = max(table.find(s, 8) for s in wide) + 8 - table.position
        rest = (len(self._flat.data) - table.position) % align
        piece = Piece(table.position, size, align, rest, fields=table.vtable)
        self.found[table.position] = piece
        self.found.setdefault(table.vtable, Piece(table.vtable, table.vtable_size, 2))
        for slot in slots:
            kind = fields.get(slot, "")
            if kind.startswith("?"):
                kind = UNIONS[kind].get(table.integer(slot - 1, "B"), "")
            if not kind:
                raise damaged(f"field {slot} of a table {name} is not known")
            if kind[0] != ".":
                place = table.find(slot)
                piece.offsets[place] = self._target(place, kind)

    def _target(self, place: int, kind: str) -> int:
        """Take apart what the offset at `place` points to and return where it starts."""
        start = self._flat.follow(place)
        if kind[0].isupper():
            self._table(self._flat.table(start), kind)
        elif start not in self.found:
            self._list(start, kind)
        return start

    def _list(self, start: int, kind: str) -> None:
        """A string, bytes, or a list of numbers, tables or strings."""
        count = self._flat.integer("I", start)
        inner = kind[1:-1] if kind[0] == "[" else ""
        unit, _, stored = inner.partition(":")
        size = int(stored or unit) if unit.isdigit() else 4 if inner else 1
        align = int(unit) if unit.isdigit() else 4 if inner else int(kind.partition("@")[2] or 4)
        text = not inner and kind.startswith("string")
        if start + 4 + count * size + text > len(self._flat.data):
            raise damaged(f"the list at byte {start} is longer than the file")
        align = max(4, align)
        piece = self.found[start] = Piece(start, 4 + count * size + text, align, 4 % align)
        if inner and not unit.isdigit():
            self._flat.budget.spend_elements(count)
            for place in range(start + 4, start + 4 + 4 * count, 4):
                piece.offsets[place] = self._target(place, inner)
