"""Where everything lies in a compiled file: instruction streams, parameters, tokens, names, as absolute positions.

The executables are FlatBuffers in FlatBuffers, stored as they are; so every part has one place in the file, and
changing it there changes the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgetpu_models.format.executable import DATA_TYPES, ExecutableType
from edgetpu_models.format.flatbuffer import Flat, Table, damaged
from edgetpu_models.format.flexbuffer import read_map
from edgetpu_models.format.model import Model
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid


@dataclass(frozen=True)
class Span:
    """A stretch of bytes: first byte and length, counted from the start of the file."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.start + self.size

    def of(self, data: bytes | bytearray) -> bytes:
        """Return the bytes of a file at this place."""
        return bytes(data[self.start : self.end])


NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class PortLayer:
    """An input or output of an executable, with the places of what depends on quantisation.

    Attributes:
        name: Tensor name.
        name_at: Its characters.
        zero_point: As the chip holds it (int8 + 128), `zero_point_at` its int32 (0: not stored).
        scale: float32, `scale_at` its place (0: not stored).
    """

    name: str
    name_at: Span
    zero_point: int
    zero_point_at: int
    scale: float
    scale_at: int
    data_type: str


@dataclass(frozen=True)
class Program:
    """One executable.

    Attributes:
        type: What it is for.
        stream: Instructions, 128-bit words.
        parameters: The parameter blob.
        token_at: Place of the 8-byte parameter caching token, 0 where none is stored.
        token: Its value.
        ports: Inputs, then outputs.
        names: Places of every tensor name in it: of ports, of address patches, of transfers.
    """

    type: ExecutableType
    stream: Span
    parameters: Span
    token_at: int
    token: int
    ports: tuple[PortLayer, ...]
    names: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Compiled:
    """A compiled file with one Edge TPU operation.

    Attributes:
        data: The file.
        model: The outer model.
        programs: Its executables, in their order in the file.
        old_build: Builds of 2019/20.
        runtime: Oldest runtime that runs it.
        package: The package's place, inside the custom data.
    """

    data: bytes
    model: Model
    programs: tuple[Program, ...]
    old_build: bool
    runtime: int
    package: Span

    @property
    def running(self) -> Program:
        """The program of one inference."""
        return next(p for p in self.programs if p.type is not ExecutableType.PARAMETER_CACHING)


def place_of(view: memoryview, whole: memoryview) -> int:
    """Return where a view begins in the buffer that it was cut from."""
    if not len(view):
        return 0
    first, base = (int(np.frombuffer(v, np.uint8).__array_interface__["data"][0]) for v in (view, whole))
    return first - base


def open_compiled(data: bytes) -> Compiled:
    """Find every part of a compiled file.

    Args:
        data: The file.

    Raises:
        ModelInvalid: Damaged, not compiled, several Edge TPU operations, or files of 2018 without a package.
    """
    model = verify_model(data)
    ops = list(model.edgetpu_ops())
    if len(ops) != 1:
        raise ModelInvalid(
            f"the file holds {len(ops)} Edge TPU operations; only files with exactly one are understood",
            "compile without -a, or give a compiled file",
        )
    whole = memoryview(data)
    options = ops[0].custom_options
    entries = read_map(options if options is not None else memoryview(b""))
    package = entries.get("4")
    if not isinstance(package, memoryview) or not len(package):
        raise damaged("its Edge TPU operation holds no program")
    if entries.get("3") is not None:
        raise ModelInvalid("a file of 2018/19 without a package is not understood", "compile it again")
    table = Flat(package).root(b"DWN1")
    multi = table.blob(1)
    if multi is None:
        raise damaged("its Edge TPU package is empty")
    budget = table.flat.budget
    blobs = Flat(multi, budget).root().blobs(0)
    if not 0 < len(blobs) <= 2:
        raise ModelInvalid(
            f"its package holds {len(blobs)} executables; one or two are understood", "compile it again"
        )
    programs = tuple(_program(Flat(blob, budget), whole) for blob in blobs)
    if sum(p.type is not ExecutableType.PARAMETER_CACHING for p in programs) != 1:
        raise ModelInvalid("its package does not hold exactly one program that runs", "compile it again")
    return Compiled(
        data,
        model,
        programs,
        old_build="7" not in entries,
        runtime=table.integer(0),
        package=Span(place_of(package, whole), len(package)),
    )


def _program(flat: Flat, whole: memoryview) -> Program:
    base = place_of(flat.data, whole)
    table = flat.root()
    kind = table.integer(13, "h")
    if kind not in (0, 1, 2):
        raise damaged(f"an executable has the unknown type {kind}")
    chunks = [chunk.blob(0) for chunk in table.children(5)]
    if len(chunks) != 1 or chunks[0] is None or len(chunks[0]) % 16:
        raise ModelInvalid(
            "a program's instructions are not one stream of 128-bit words", "only such files are understood"
        )
    parameters = table.blob(6)
    at = table.find(14, 8)
    return Program(
        type=ExecutableType(kind),
        stream=Span(place_of(chunks[0], whole), len(chunks[0])),
        parameters=Span(place_of(parameters, whole), len(parameters)) if parameters else NOWHERE,
        token_at=base + at if at else 0,
        token=table.integer(14, "Q"),
        ports=tuple(_port(t, base, whole) for slot in (8, 9) for t in table.children(slot)),
        names=tuple(_names(table, whole)),
    )


_DESCRIPTOR = 1  # union member of a transfer that names its tensor


def _names(table: Table, whole: memoryview) -> Iterator[Span]:
    metas = [f.child(0) for chunk in table.children(5) for f in chunk.children(1)]
    hints = table.child(7)
    for hint in hints.children(0) if hints else []:
        detail = hint.child(1) if hint.integer(0, "B") == _DESCRIPTOR else None
        metas.append(detail.child(0) if detail else None)
    texts = [meta.blob(2) for meta in metas if meta]
    texts += [t.blob(0) for slot in (8, 9) for t in table.children(slot)]
    for text in texts:
        if text is not None and len(text):
            yield Span(place_of(text, whole), len(text))


def _port(table: Table, base: int, whole: memoryview) -> PortLayer:
    numerics = table.child(5)
    zero_at = numerics.find(0) if numerics else 0
    scale_at = numerics.find(1) if numerics else 0
    name = table.blob(0) or memoryview(b"")
    kind = table.integer(6, "h")
    return PortLayer(
        name=table.text(0),
        name_at=Span(place_of(name, whole), len(name)),
        zero_point=numerics.integer(0) if numerics else 0,
        zero_point_at=base + zero_at if zero_at else 0,
        scale=numerics.number(1) if numerics else 0.0,
        scale_at=base + scale_at if scale_at else 0,
        data_type=DATA_TYPES.get(kind, str(kind)),
    )
