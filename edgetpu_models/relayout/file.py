"""A compiled file with other tensor names, level by level from the executables outwards."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from edgetpu_models.format.flatbuffer import Flat, damaged
from edgetpu_models.program.container import open_compiled, place_of
from edgetpu_models.relayout.build import lay_again
from edgetpu_models.relayout.flex import replace_blob
from edgetpu_models.relayout.schema import PROGRAM, outer


def rename(data: bytes, names: Mapping[int, bytes]) -> bytes:
    """Return a compiled file with other strings, laid out as the compiler would.

    Args:
        data: The file.
        names: First byte of a string's length field, in the file, to its new characters.

    Raises:
        ModelInvalid: The file is damaged, or not laid out by the rules that are known.
    """
    whole = memoryview(data)
    opened = open_compiled(data)
    package = opened.package.of(data)
    multi = Flat(memoryview(package)).root(b"DWN1").blob(1)
    custom = next(opened.model.edgetpu_ops()).custom_options
    if multi is None or custom is None:
        raise damaged("its Edge TPU package is empty")
    multi_at = opened.package.start + place_of(multi, memoryview(package))
    left = dict(names)
    programs: dict[int, bytes] = {}
    for blob in Flat(multi).root().blobs(0):
        at = place_of(blob, multi)
        mine = _take(left, multi_at + at, len(blob))
        programs[at - 4] = _string(lay_again(bytes(blob), PROGRAM, "Executable", mine))
    several = lay_again(bytes(multi), PROGRAM, "MultiExecutable", programs)
    place = {multi_at - 4 - opened.package.start: _list(several)}
    packed = replace_blob(bytes(custom), "4", lay_again(package, PROGRAM, "Package", place))
    custom_at = place_of(custom, whole)
    around = {custom_at - 4: _list(packed), **{at: _string(name) for at, name in left.items()}}
    return lay_again(data, outer(opened.old_build), "Model", around)


def _take(names: dict[int, bytes], start: int, size: int) -> dict[int, bytes]:
    """Take the names inside a stretch out of `names`, with places counted from its start."""
    inside = [at for at in names if start <= at < start + size]
    return {at - start: _string(names.pop(at)) for at in inside}


def _string(text: bytes) -> bytes:
    return _list(text) + b"\0"


def _list(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content
