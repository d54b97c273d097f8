"""The FlexBuffer around a program with a program of another size: its blob, and the offsets that reach across it."""

from __future__ import annotations

from edgetpu_models.format.flatbuffer import damaged
from edgetpu_models.format.flexbuffer import read_map

_KEY, _STRING, _LIST, _BLOB = 4, 5, 10, 25
_INLINE = (0, 1, 2, 3, 26)  # nothing, numbers, truth values: no offset
_NUMBERS = (11, 12, 13, 36)  # lists of numbers or truth values


def _class(size: int) -> int:
    """Return the bytes that the builder takes for a number."""
    return 1 if size < 1 << 8 else 2 if size < 1 << 16 else 4


def replace_blob(data: bytes, key: str, new: bytes) -> bytes:
    """Return the map with another blob.

    Args:
        data: The whole FlexBuffer.
        key: Whose value the blob is.
        new: Its new content.

    Raises:
        ModelInvalid: The map holds what is not understood, or the new size changes the width of its numbers.
    """
    before = read_map(memoryview(data))
    old = before.get(key)
    if not isinstance(old, memoryview):
        raise damaged(f"its custom data has no program at {key}")
    if len(new) == len(old):
        at = data.index(bytes(old))
        return data[:at] + new + data[at + len(old) :]
    grown = len(new) - len(old)
    if (_class(len(new)), _class(len(data) + grown)) != (_class(len(old)), _class(len(data))) or grown % 8:
        raise damaged("with a program of this size its custom data would be stored in another way")
    start, inner, offsets = _map(data, key)
    end = start + len(old)
    made = bytearray(data[:start] + new + data[end:])
    made[start - inner : start] = len(new).to_bytes(inner, "little")
    for place, width in offsets:
        target = place - int.from_bytes(data[place : place + width], "little")
        if target < end <= place:
            moved = place + grown
            made[moved : moved + width] = (moved - target).to_bytes(width, "little")
    after = read_map(memoryview(made))
    plain = {k: bytes(v) if isinstance(v, memoryview) else v for k, v in before.items()}
    if {k: bytes(v) if isinstance(v, memoryview) else v for k, v in after.items()} != {**plain, key: new}:
        raise damaged("its custom data is not stored in the way that is known")
    return bytes(made)


def _map(data: bytes, key: str) -> tuple[int, int, list[tuple[int, int]]]:
    """Return where the blob begins, the width of its size, and (place, width) of every offset of the root map."""
    width = data[-1]
    root = len(data) - 2 - width
    root -= int.from_bytes(data[root : root + width], "little")
    width = 1 << (data[-2] & 3)
    count = int.from_bytes(data[root - width : root], "little")
    offsets = [(len(data) - 2 - data[-1], data[-1]), (root - 3 * width, width)]
    keys = root - 3 * width - int.from_bytes(data[root - 3 * width : root - 2 * width], "little")
    key_width = int.from_bytes(data[root - 2 * width : root - width], "little")
    start = inner = 0
    for i in range(count):
        place = keys + i * key_width
        offsets.append((place, key_width))
        packed = data[root + count * width + i]
        kind, value = packed >> 2, root + i * width
        if kind in _INLINE:
            continue
        offsets.append((value, width))
        at = value - int.from_bytes(data[value : value + width], "little")
        if _text(data, place - int.from_bytes(data[place : place + key_width], "little")) == key:
            start, inner = at, 1 << (packed & 3)
        elif kind not in (_KEY, _STRING, _BLOB, *_NUMBERS) and not _plain(data, at, packed):
            raise damaged(f"its custom data holds an entry of type {kind}")
    return start, inner, offsets


def _plain(data: bytes, at: int, packed: int) -> bool:
    """Whether an entry is a list of values of any type, and holds no offsets."""
    width = 1 << (packed & 3)
    count = int.from_bytes(data[at - width : at], "little")
    types = data[at + count * width : at + count * (width + 1)]
    return packed >> 2 == _LIST and all(t >> 2 in _INLINE for t in types)


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(0, at)].decode("ascii", errors="replace")
