"""A FlatBuffer put together again from its pieces, as its builder does: from its end, each piece where it may begin.

A builder writes from the end to the start; what is written earlier never depends on what comes later. So a string
of another length moves only what stands before it, and by as much as alignment asks for.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from edgetpu_models.format.flatbuffer import damaged
from edgetpu_models.relayout.pieces import Piece, Pieces
from edgetpu_models.relayout.schema import Fields


def lay_again(data: bytes, schema: Mapping[str, Fields], root: str, changes: Mapping[int, bytes]) -> bytes:
    """Return a buffer with other strings and byte lists.

    Args:
        data: The buffer.
        schema: Its tables.
        root: Name of its root table.
        changes: Start of a piece to its new bytes: length, content, and a string's closing zero.

    Raises:
        ModelInvalid: The buffer is damaged or not laid out by the rules that are known: without changes it must come
            out as it is.
    """
    pieces = Pieces(data, schema, root)
    if lost := sorted(changes.keys() - pieces.found.keys()):
        raise damaged(f"no string begins at byte {lost[0]} of its {root}")
    if _build(data, pieces, {}) != data:
        raise damaged("its parts do not lie where the compiler's builder would put them")
    return _build(data, pieces, changes) if changes else data


def _build(data: bytes, pieces: Pieces, changes: Mapping[int, bytes]) -> bytes:
    order = sorted(pieces.found.values(), key=lambda p: -p.start)
    distances: dict[int, int] = {}
    lengths: dict[int, int] = {}  # of tables that hold numbers of 8 bytes, by field list
    taken = 0
    for piece in order:
        before = taken
        taken += len(changes.get(piece.start, b"")) or piece.size
        taken += (piece.rest - taken) % piece.align
        distances[piece.start] = taken
        wide = piece.fields >= 0 and piece.align > 4
        if wide and lengths.setdefault(piece.fields, taken - before) != taken - before:
            raise damaged("tables that share a list of fields would need different ones")
    head = 8 if data[4:8] in (b"TFL3", b"DWN1") else 4
    widest = max(piece.align for piece in order)
    total = taken + head + -(taken + head) % widest
    made = bytearray(total)
    made[4:head] = data[4:head]
    struct.pack_into("<I", made, 0, total - distances[pieces.root])
    for piece in order:
        _put(made, data, piece, changes.get(piece.start), total, distances)
    for fields, length in lengths.items():
        struct.pack_into("<H", made, total - distances[fields] + 2, length)
    return bytes(made)


def _put(
    made: bytearray, data: bytes, piece: Piece, change: bytes | None, total: int, distances: Mapping[int, int]
) -> None:
    start = total - distances[piece.start]
    content = change or data[piece.start : piece.start + piece.size]
    made[start : start + len(content)] = content
    if piece.fields >= 0:
        struct.pack_into("<i", made, start, distances[piece.fields] - distances[piece.start])
    for place, target in piece.offsets.items():
        at = start + place - piece.start
        struct.pack_into("<I", made, at, total - distances[target] - at)
