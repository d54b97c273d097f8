"""The little of FlexBuffers that a compiled custom operation needs: a map of numbers, strings and byte blobs.

Layout: https://google.github.io/flatbuffers/flatbuffers_internals.html (FlexBuffers). The root is described by
the last two bytes; offsets point backwards; a map keeps its keys in a separate vector.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgetpu_models.format.flatbuffer import damaged

_INT, _UINT, _KEY, _STRING, _INDIRECT_INT, _INDIRECT_UINT, _MAP, _BLOB, _BOOL = 1, 2, 4, 5, 6, 7, 9, 25, 26
_FLOAT = 3
_VECTOR, _VECTOR_INT, _VECTOR_UINT = 10, 11, 12
_MAX_ENTRIES = 64  # the compiler writes six

Value = int | bytes | memoryview | list[int] | None


@dataclass(frozen=True)
class _Flex:
    data: memoryview

    def uint(self, position: int, width: int) -> int:
        if position < 0 or position + width > len(self.data):
            raise damaged("its custom data points outside itself")
        return int.from_bytes(self.data[position : position + width], "little")

    def back(self, position: int, width: int) -> int:
        """Follow an offset; it counts backwards from where it is stored."""
        target = position - self.uint(position, width)
        if target < 0:
            raise damaged("its custom data points before its start")
        return target

    def slice(self, position: int, size: int) -> memoryview:
        if position < 0 or position + size > len(self.data):
            raise damaged("its custom data is cut off")
        return self.data[position : position + size]

    def key(self, position: int) -> str:
        end = position
        while end < len(self.data) and end - position < 64 and self.data[end]:
            end += 1
        return bytes(self.data[position:end]).decode("ascii", errors="replace")


def read_map(data: memoryview) -> dict[str, Value]:
    """Return the root map. Values of types that nobody needs are `None`.

    Args:
        data: The whole FlexBuffer.

    Raises:
        ModelInvalid: The root is no map, or something points outside.
    """
    flex = _Flex(data)
    if len(data) < 3:
        raise damaged("its custom data is empty")
    width, packed = data[-1], data[-2]
    if width not in (1, 2, 4, 8) or packed >> 2 != _MAP:
        raise damaged("its custom data is not a FlexBuffer map")
    root = flex.back(len(data) - 2 - width, width)
    width = 1 << (packed & 3)
    count = flex.uint(root - width, width)
    if count > _MAX_ENTRIES:
        raise damaged(f"its custom data has {count} entries")
    keys = flex.back(root - 3 * width, width)
    key_width = flex.uint(root - 2 * width, width)
    if key_width not in (1, 2, 4, 8):
        raise damaged("its custom data has keys of an impossible width")
    types = flex.slice(root + count * width, count)
    return {
        flex.key(flex.back(keys + i * key_width, key_width)): _value(flex, root + i * width, width, types[i])
        for i in range(count)
    }


def _value(flex: _Flex, position: int, width: int, packed: int) -> Value:
    kind, inner = packed >> 2, 1 << (packed & 3)
    if kind in (_INT, _UINT, _BOOL):
        raw = flex.uint(position, width)
        return raw - (1 << 8 * width) if kind == _INT and raw >> (8 * width - 1) else raw
    if kind in (0, _FLOAT) or kind > _BOOL:
        return None
    at = flex.back(position, width)
    if kind in (_INDIRECT_INT, _INDIRECT_UINT):
        return flex.uint(at, inner)
    if kind in (_STRING, _BLOB):
        return flex.slice(at, flex.uint(at - inner, inner))
    if kind == _KEY:
        return flex.key(at).encode()
    if kind in (_VECTOR, _VECTOR_INT, _VECTOR_UINT):
        count = flex.uint(at - inner, inner)
        if count > _MAX_ENTRIES:
            raise damaged(f"its custom data has a list of {count} entries")
        return [flex.uint(at + i * inner, inner) for i in range(count)]
    return None
