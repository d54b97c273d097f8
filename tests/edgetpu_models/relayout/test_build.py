"""FlatBuffers laid out again: against real files, and against the public builder with other strings."""

from __future__ import annotations

import struct
from pathlib import Path

import flatbuffers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_models.format.flatbuffer import Flat
from edgetpu_models.program.container import open_compiled
from edgetpu_models.relayout.build import lay_again
from edgetpu_models.relayout.pieces import Pieces
from edgetpu_models.relayout.schema import PROGRAM, outer
from firmware_bridge.base.errors import ModelInvalid


def _bytes(b: flatbuffers.Builder, content: bytes, align: int) -> int:
    """What C++ does for bytes with a forced alignment; the Python builder has no call for it."""
    b.StartVector(1, len(content), align)
    b.head = b.Head() - len(content)
    b.Bytes[b.Head() : b.Head() + len(content)] = content
    return int(b.EndVector())


def _tables(b: flatbuffers.Builder, tables: list[int]) -> int:
    b.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        b.PrependUOffsetTRelative(table)
    return int(b.EndVector())


def executable(names: list[str], parameters: int, stream: int, cycles: int, token: int = 77) -> bytes:
    """Return an executable as the compiler builds it: stream, address patches, parameters, layers, the table."""
    b = flatbuffers.Builder(1024)
    code = _bytes(b, bytes(range(16)) * stream, 16)
    patches = []
    for name in names:
        text = b.CreateString(name)
        b.StartObject(4)
        b.PrependInt32Slot(1, 1, 0)
        b.PrependUOffsetTRelativeSlot(2, text, 0)
        b.PrependInt16Slot(0, 1, 0)
        meta = b.EndObject()
        b.StartObject(2)
        b.PrependInt32Slot(1, 29, 0)
        b.PrependUOffsetTRelativeSlot(0, meta, 0)
        patches.append(b.EndObject())
    listed = _tables(b, patches)
    b.StartObject(2)
    b.PrependUOffsetTRelativeSlot(1, listed, 0)
    b.PrependUOffsetTRelativeSlot(0, code, 0)
    streams = _tables(b, [b.EndObject()])
    weights = _bytes(b, b"\x81" * parameters, 4096)
    layers = []
    for name in names:
        text = b.CreateString(name)
        b.StartObject(2)
        b.PrependFloat32Slot(1, 0.5, 0.0)
        b.PrependInt32Slot(0, 128, 0)
        numbers = b.EndObject()
        b.StartObject(12)
        b.PrependUOffsetTRelativeSlot(5, numbers, 0)
        b.PrependInt32Slot(1, 64, 0)
        b.PrependUOffsetTRelativeSlot(0, text, 0)
        b.PrependInt16Slot(6, 8, 0)
        layers.append(b.EndObject())
    ports = _tables(b, layers)
    chip = b.CreateString("beagle")
    b.StartObject(17)
    b.PrependInt64Slot(16, cycles, 0)
    b.PrependUint64Slot(14, token, 0)
    b.PrependUOffsetTRelativeSlot(10, chip, 0)
    b.PrependUOffsetTRelativeSlot(8, ports, 0)
    b.PrependUOffsetTRelativeSlot(6, weights, 0)
    b.PrependUOffsetTRelativeSlot(5, streams, 0)
    b.PrependInt32Slot(3, 1, 0)
    b.PrependInt16Slot(13, 2, 0)
    b.Finish(b.EndObject())
    return bytes(b.Output())


def strings_of(data: bytes) -> list[int]:
    """Return where the strings that hold names begin, in the order of `executable`: patches, then layers."""
    table = Flat(memoryview(data)).root()
    texts = [f.child(0).blob(2) for f in table.children(5)[0].children(1)]  # type: ignore[union-attr]
    texts += [layer.blob(0) for layer in table.children(8)]
    found = []
    for text in texts:
        assert text is not None
        first = len(data) - len(bytes(memoryview(data)[data.index(bytes(text)) :]))
        found.append(first)
    return found


def stored(text: str) -> bytes:
    return struct.pack("<I", len(text.encode())) + text.encode() + b"\0"


letters = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(letters, min_size=1, max_size=4),
    after=st.lists(letters, min_size=4, max_size=4),
    parameters=st.integers(0, 9000),
    stream=st.integers(0, 40),
    cycles=st.sampled_from([0, 1 << 40]),
)
def test_other_strings_give_what_the_public_builder_makes_of_them(
    before: list[str], after: list[str], parameters: int, stream: int, cycles: int
) -> None:
    # Names that stand once in the buffer, so that their places are known without the code under test.
    old = [f"<{i}{name}>" for i, name in enumerate(before)]
    new = [f"<{i}{name}>" for i, name in enumerate(after[: len(old)])]
    first = executable(old, parameters, stream, cycles)
    wanted = executable(new, parameters, stream, cycles)
    changes = {}
    for a, b in zip(old, new, strict=True):
        at = first.find(stored(a))
        while at >= 0:
            changes[at] = stored(b)
            at = first.find(stored(a), at + 1)
    assert len(changes) == 2 * len(old)
    assert lay_again(first, PROGRAM, "Executable", changes) == wanted


def _parts(path: Path) -> dict[str, tuple[bytes, str, object]]:
    data = path.read_bytes()
    opened = open_compiled(data)
    package = opened.package.of(data)
    multi = Flat(memoryview(package)).root(b"DWN1").blob(1)
    assert multi is not None
    parts: dict[str, tuple[bytes, str, object]] = {
        "outer": (data, "Model", outer(opened.old_build)),
        "package": (package, "Package", PROGRAM),
        "multi": (bytes(multi), "MultiExecutable", PROGRAM),
    }
    for number, blob in enumerate(Flat(multi).root().blobs(0)):
        parts[f"executable {number}"] = (bytes(blob), "Executable", PROGRAM)
    return parts


def test_every_buffer_of_the_real_compiler_comes_out_as_it_is(data_root: Path) -> None:
    """Padding is computed, not copied: so a rule of alignment that is wrong would show."""
    files = sorted(data_root.glob("edgetpu_*/*_edgetpu.tflite"))
    if not files:
        pytest.skip("no compiled models at hand")
    same, other = 0, []
    for path in files:
        for name, (data, root, schema) in _parts(path).items():
            try:
                assert lay_again(data, schema, root, {}) == data  # type: ignore[arg-type]
                same += 1
            except ModelInvalid:
                other.append((path.name[:8], name))
    assert other == [("3531e222", "outer")]  # labels were appended to it after it was compiled, as a zip
    assert same == 4 * len(files) + sum("executable 1" in _parts(p) for p in files) - 1


def test_padding_that_is_not_zero_is_refused() -> None:
    data = bytearray(executable(["abc"], 100, 2, 0))
    assert not any(data[4:8])
    data[5] = 1
    with pytest.raises(ModelInvalid, match="do not lie where"):
        lay_again(bytes(data), PROGRAM, "Executable", {})


def test_a_field_that_the_schema_does_not_have_is_refused() -> None:
    b = flatbuffers.Builder(64)
    b.StartObject(20)
    b.PrependInt32Slot(19, 5, 0)
    b.Finish(b.EndObject())
    with pytest.raises(ModelInvalid, match="field 19 of a table Executable is not known"):
        Pieces(bytes(b.Output()), PROGRAM, "Executable")


def test_a_list_that_reaches_beyond_the_buffer_is_refused() -> None:
    data = bytearray(executable(["abc"], 100, 2, 0))
    at = data.index(stored("abc"))
    struct.pack_into("<I", data, at, 1 << 20)
    with pytest.raises(ModelInvalid, match="is longer than the file"):
        lay_again(bytes(data), PROGRAM, "Executable", {})


def test_pieces_do_not_overlap_and_cover_everything_but_padding() -> None:
    data = executable(["input", "output"], 5000, 3, 9)
    found = sorted(Pieces(data, PROGRAM, "Executable").found.values(), key=lambda p: p.start)
    at = 4  # behind the root's offset
    for piece in found:
        assert not any(data[at : piece.start])
        assert piece.start >= at
        at = piece.start + piece.size
    assert not any(data[at:])
