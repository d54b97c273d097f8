"""Packages and executables, built field by field with the numbers of libedgetpu's schema."""

from __future__ import annotations

from collections.abc import Sequence

import flatbuffers
import pytest
from flatbuffers import flexbuffers

from edgetpu_models.format.executable import DATA_TYPES, MAX_EXECUTABLES, ExecutableType, read_package
from firmware_bridge.base.errors import ModelInvalid


def _offsets(b: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return int(b.EndVector())


def layer(
    b: flatbuffers.Builder, name: str, shape: tuple[int, int, int], kind: int = 8, executions: int = 1
) -> int:
    text = b.CreateString(name)
    b.StartObject(2)
    b.PrependInt32Slot(0, -7, 0)
    b.PrependFloat32Slot(1, 0.25, 0.0)
    numerics = b.EndObject()
    b.StartObject(12)
    b.PrependUOffsetTRelativeSlot(0, text, 0)
    b.PrependInt32Slot(1, 1000, 0)
    for slot, value in enumerate(shape, 2):
        b.PrependInt32Slot(slot, value, 0)
    b.PrependUOffsetTRelativeSlot(5, numerics, 0)
    b.PrependInt16Slot(6, kind, 0)
    b.PrependInt32Slot(9, executions, 1)
    return int(b.EndObject())


def executable(
    kind: int = 2,
    parameters: int = 10,
    chunks: Sequence[int] = (100,),
    cycles: tuple[int, int] = (0, 0),
    **extra: int,
) -> bytes:
    b = flatbuffers.Builder(256)
    streams = []
    for size in chunks:
        code = b.CreateByteVector(bytes(size))
        b.StartObject(2)
        b.PrependUOffsetTRelativeSlot(0, code, 0)
        streams.append(b.EndObject())
    bitstreams = _offsets(b, streams)
    hints = []
    for _ in range(extra.get("hints", 3)):
        b.StartObject(2)
        hints.append(b.EndObject())
    hint_vector = _offsets(b, hints)
    b.StartObject(2)
    b.PrependUOffsetTRelativeSlot(0, hint_vector, 0)
    b.PrependBoolSlot(1, bool(extra.get("deterministic", 1)), False)
    dma = b.EndObject()
    inputs = _offsets(b, [layer(b, "in", (4, 3, 2))])
    outputs = _offsets(b, [layer(b, "out", (1, 1, 5), 0, 2)])
    weights, chip, name = (
        b.CreateByteVector(bytes(parameters)),
        b.CreateString("beagle"),
        b.CreateString("net"),
    )
    b.StartObject(17)
    b.PrependInt32Slot(0, 1, 0)
    b.PrependUOffsetTRelativeSlot(1, name, 0)
    b.PrependInt32Slot(3, 1, 0)
    b.PrependInt32Slot(4, extra.get("scratch", 0), 0)
    b.PrependUOffsetTRelativeSlot(5, bitstreams, 0)
    b.PrependUOffsetTRelativeSlot(6, weights, 0)
    b.PrependUOffsetTRelativeSlot(7, dma, 0)
    b.PrependUOffsetTRelativeSlot(8, inputs, 0)
    b.PrependUOffsetTRelativeSlot(9, outputs, 0)
    b.PrependUOffsetTRelativeSlot(10, chip, 0)
    b.PrependInt32Slot(11, cycles[0], 0)
    b.PrependInt32Slot(12, 5000, 0)
    b.PrependInt16Slot(13, kind, 0)
    b.PrependUint64Slot(14, 2**63 + 5, 0)
    b.PrependBoolSlot(15, bool(extra.get("dram", 0)), False)
    b.PrependInt64Slot(16, cycles[1], 0)
    b.Finish(b.EndObject())
    return bytes(b.Output())


def multi(programs: Sequence[bytes]) -> bytes:
    b = flatbuffers.Builder(256)
    vector = _offsets(b, [b.CreateByteVector(p + b"\0") for p in programs])
    b.StartObject(1)
    b.PrependUOffsetTRelativeSlot(0, vector, 0)
    b.Finish(b.EndObject())
    return bytes(b.Output())


def package(programs: Sequence[bytes] | None, identifier: bytes = b"DWN1") -> bytes:
    content = multi(programs) if programs is not None else None
    b = flatbuffers.Builder(256)
    blob = b.CreateByteVector(content) if content is not None else 0
    signature = b.CreateByteVector(b"sign")
    version, model = b.CreateString("cl/384591198"), b.CreateString("my model")
    b.StartObject(8)
    b.PrependInt32Slot(0, 14, 0)
    if blob:
        b.PrependUOffsetTRelativeSlot(1, blob, 0)
    b.PrependUOffsetTRelativeSlot(2, signature, 0)
    b.PrependInt32Slot(3, 0, 0)
    b.PrependUOffsetTRelativeSlot(4, version, 0)
    b.PrependInt32Slot(5, 3, 0)
    b.PrependUOffsetTRelativeSlot(7, model, 0)
    b.Finish(b.EndObject(), identifier)
    return bytes(b.Output())


def options(program: bytes | None, caching: bytes | None = None) -> memoryview:
    b = flexbuffers.Builder()
    with b.Map():
        b.Key("1")
        b.Int(0)
        if caching is not None:
            b.Key("3")
            b.Blob(caching)
        if program is not None:
            b.Key("4")
            b.Blob(program)
        b.Key("5")
        b.Int(1)
        b.Key("6")
        b.TypedVectorFromElements([17, 18])
    return memoryview(bytes(b.Finish()))


def test_a_package_in_every_field() -> None:
    found = read_package(options(package([executable(2), executable(1)])))
    assert found.min_runtime_version == 14
    assert found.compiler_version == "cl/384591198"
    assert found.model_identifier == "my model"
    assert found.virtual_chip_id == 3
    assert found.signature == 4
    assert found.chip_ids == (17, 18)
    assert found.preference == 1
    assert [e.type for e in found.executables] == [
        ExecutableType.EXECUTION_ONLY,
        ExecutableType.PARAMETER_CACHING,
    ]


def test_an_executable_in_every_field() -> None:
    program = executable(0, 70, (100, 30), (5, 0), scratch=9, hints=6, dram=1, deterministic=0)
    found = read_package(options(package([program]))).executables[0]
    assert found.type is ExecutableType.STAND_ALONE
    assert (found.version, found.name, found.batch, found.chip) == (1, "net", 1, "beagle")
    assert found.parameters == 70
    assert found.instructions == (100, 30)
    assert found.scratch == 9
    assert found.narrow_memory == 5000
    assert found.token == 2**63 + 5
    assert found.dma_hints == 6
    assert found.dram_parameters
    assert not found.deterministic


@pytest.mark.parametrize(("cycles", "expected"), [((5, 0), 5), ((5, 2**40), 2**40), ((0, 0), 0)])
def test_the_wide_cycle_count_wins(cycles: tuple[int, int], expected: int) -> None:
    assert read_package(options(package([executable(cycles=cycles)]))).executables[0].cycles == expected


def test_layers() -> None:
    found = read_package(options(package([executable()]))).executables[0]
    (first,), (last,) = found.inputs, found.outputs
    assert (first.name, first.size_bytes, first.shape) == ("in", 1000, (4, 3, 2))
    assert (first.zero_point, first.scale, first.executions) == (-7, 0.25, 1)
    assert first.data_type == DATA_TYPES[8] == "SIGNED_FIXED_POINT8"
    assert (last.shape, last.executions, last.data_type) == ((1, 1, 5), 2, "FIXED_POINT8")


def test_files_of_2018_hold_two_bare_executables() -> None:
    found = read_package(options(executable(2, 11), executable(1, 22)))
    assert [e.parameters for e in found.executables] == [11, 22]
    assert found.min_runtime_version == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (options(None), "holds no program"),
        (options(b""), "holds no program"),
        (options(package([executable()], b"XXXX")), "identifier DWN1"),
        (options(package(None)), "package is empty"),
        (options(package([])), "holds 0 executables"),
        (
            options(package([executable()] * (MAX_EXECUTABLES + 1))),
            f"holds {MAX_EXECUTABLES + 1} executables",
        ),
        (options(package([executable(9)])), "unknown type 9"),
        (options(package([b"abc"])), "too few|points to byte"),
    ],
    ids=["none", "empty", "identifier", "no multi", "no programs", "too many", "type", "short"],
)
def test_what_is_damaged_is_named(content: memoryview, says: str) -> None:
    with pytest.raises(ModelInvalid, match=says):
        read_package(content)


def test_nothing_at_all_is_an_error_too() -> None:
    with pytest.raises(ModelInvalid, match="empty"):
        read_package(None)


def test_every_cut_is_a_typed_error_or_data() -> None:
    whole = bytes(options(package([executable(2), executable(1)])))
    refused = 0
    for size in range(0, len(whole), 7):
        try:
            read_package(memoryview(whole[:size]))
        except ModelInvalid:
            refused += 1
    assert refused > len(whole) // 7 * 0.9
