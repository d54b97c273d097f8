"""The container that the Edge TPU compiler writes, made on the spot.

Its instructions are zeros: good for readers, useless on a chip.
"""

from __future__ import annotations

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers

from edgetpu_models.format.names import EDGETPU_OP
from edgetpu_models.testing.network import Network


def _executable(kind: int, parameters: int, instructions: int, token: int) -> bytes:
    b = flatbuffers.Builder(1024)
    code = b.CreateByteVector(bytes(instructions))
    b.StartObject(2)
    b.PrependUOffsetTRelativeSlot(0, code, 0)
    bitstream = b.EndObject()
    b.StartVector(4, 1, 4)
    b.PrependUOffsetTRelative(bitstream)
    bitstreams = b.EndVector()
    weights = b.CreateByteVector(bytes(parameters))
    chip = b.CreateString("beagle")
    b.StartObject(17)
    b.PrependInt32Slot(3, 1, 0)
    b.PrependUOffsetTRelativeSlot(5, bitstreams, 0)
    b.PrependUOffsetTRelativeSlot(6, weights, 0)
    b.PrependUOffsetTRelativeSlot(10, chip, 0)
    b.PrependInt32Slot(12, 4096, 0)
    b.PrependInt16Slot(13, kind, 0)
    b.PrependUint64Slot(14, token, 0)
    b.Finish(b.EndObject(), b"DWN1")
    return bytes(b.Output())


def _package(cached: int, streamed: int, instructions: int, token: int, runtime: int) -> bytes:
    programs = [_executable(2 if cached else 0, streamed, instructions, token)]
    if cached:
        programs.append(_executable(1, cached, 512, token))
    b = flatbuffers.Builder(1024)
    offsets = [b.CreateByteVector(p + b"\0") for p in programs]
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    vector = b.EndVector()
    b.StartObject(1)
    b.PrependUOffsetTRelativeSlot(0, vector, 0)
    b.Finish(b.EndObject())
    multi = bytes(b.Output())
    b = flatbuffers.Builder(1024)
    blob = b.CreateByteVector(multi)
    b.StartObject(8)
    b.PrependInt32Slot(0, runtime, 0)
    b.PrependUOffsetTRelativeSlot(1, blob, 0)
    b.Finish(b.EndObject(), b"DWN1")
    return bytes(b.Output())


def compiled(
    cached: int = 4096,
    streamed: int = 0,
    instructions: int = 2048,
    token: int = 7,
    runtime: int = 14,
    old: bool = False,
) -> bytes:
    """Return a file in the compiler's container: 16x8 map to 4 classes, one Edge TPU operation.

    Args:
        cached: Parameter bytes on the chip; 0 makes a stand-alone program.
        streamed: Parameter bytes that are sent each time.
        instructions: Instruction bytes.
        token: Parameter caching token.
        runtime: Lowest runtime version.
        old: As builds of 2019 wrote it, without the list of further packages.
    """
    flex = flexbuffers.Builder()
    with flex.Map():
        flex.Key("1")
        flex.Int(0)
        flex.Key("4")
        flex.Blob(_package(cached, streamed, instructions, token, runtime))
        flex.Key("5")
        flex.Int(-1)
        if not old:
            flex.Key("6")
            flex.TypedVectorFromElements([18])
            flex.Key("7")
            flex.VectorFromElements([])
    net = Network()
    data = net.input((1, 16, 8, 1))
    out = net.op(EDGETPU_OP, [data], (1, 4))
    net.graph.operators[0].customOptions = np.frombuffer(bytes(flex.Finish()), np.uint8)
    return net.finish(out)
