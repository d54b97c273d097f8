"""From bytes to a `Model`: structure is checked on the way, meaning afterwards (`edgetpu_models.verify`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgetpu_models.format.flatbuffer import Flat, Table, damaged
from edgetpu_models.format.model import Model, Operator, Quantization, SubGraph, Tensor
from edgetpu_models.format.names import OPERATORS, TENSOR_TYPES
from edgetpu_models.format.options import read_options
from firmware_bridge.base.errors import ModelInvalid

MAX_FILE_BYTES = 512 * 2**20  # far above anything that fits a board; keeps memory bounded


def load(source: Path | str | bytes | memoryview) -> memoryview:
    """Return the bytes of a model file.

    Raises:
        ModelInvalid: No such file, or one that is too large to be a model for a board.
    """
    if isinstance(source, bytes | memoryview):
        return memoryview(source)
    path = Path(source)
    if not path.is_file():
        raise ModelInvalid(f"no model file at {path}", "give the path of a .tflite file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ModelInvalid(f"{path} has {path.stat().st_size} bytes", f"the limit is {MAX_FILE_BYTES} bytes")
    return memoryview(path.read_bytes())


def parse(data: memoryview) -> Model:
    """Read a `.tflite` file into plain data.

    Args:
        data: The whole file.

    Raises:
        ModelInvalid: The structure is broken.
    """
    flat = Flat(data)
    root = flat.root(b"TFL3")
    version = root.integer(0, "I")
    if version != 3:
        raise damaged(f"schema version {version}, and only 3 is known")
    codes = [_operator_code(table) for table in root.children(1)]
    buffers = [_buffer(table, data) for table in root.children(4)]
    subgraphs = tuple(_subgraph(table, codes, buffers, data) for table in root.children(2))
    if not subgraphs:
        raise damaged("it has no subgraph")
    metadata: dict[str, memoryview] = {}
    for entry in root.children(6):
        index = entry.integer(1, "I")
        if index >= len(buffers):
            raise damaged(f"metadata names buffer {index} of {len(buffers)}")
        metadata[entry.text(0)] = buffers[index] or memoryview(b"")
    return Model(
        subgraphs, version, root.text(3), len(data), metadata, len(buffers), tuple(flat.budget.unaligned)
    )


def _operator_code(table: Table) -> tuple[str, int, bool]:
    """Return (name, version, custom). Old files use the 8-bit field, new ones the larger of both."""
    code = max(table.integer(0, "b"), table.integer(3))
    if not 0 <= code < len(OPERATORS):
        raise damaged(f"builtin operator {code} does not exist (0 to {len(OPERATORS) - 1} do)")
    name = OPERATORS[code]
    version = table.integer(2, default=1)
    if name != "CUSTOM":
        return name, version, False
    custom = table.text(1)
    if not custom:
        raise damaged("a custom operation has no name")
    return custom, version, True


def _outside(data: memoryview, offset: int, size: int, what: str) -> memoryview:
    """Return bytes that are stored behind the FlatBuffer (files above 2 GB do so)."""
    if offset + size > len(data):
        raise damaged(f"{what} ends at byte {offset + size} of {len(data)}")
    return data[offset : offset + size]


def _buffer(table: Table, data: memoryview) -> memoryview | None:
    inside = table.blob(0)
    if inside is not None and len(inside):
        return inside
    offset, size = table.integer(1, "Q"), table.integer(2, "Q")
    return _outside(data, offset, size, "a buffer") if offset > 1 and size else None


def _subgraph(
    table: Table, codes: list[tuple[str, int, bool]], buffers: list[memoryview | None], data: memoryview
) -> SubGraph:
    tensors = tuple(_tensor(i, t, buffers) for i, t in enumerate(table.children(0)))
    operators = tuple(_operator(i, t, codes, data) for i, t in enumerate(table.children(3)))
    return SubGraph(table.text(4), tensors, table.integers(1), table.integers(2), operators)


def _tensor(index: int, table: Table, buffers: list[memoryview | None]) -> Tensor:
    kind = table.integer(1, "b")
    if not 0 <= kind < len(TENSOR_TYPES):
        raise damaged(f"tensor {index} has the unknown type {kind}")
    buffer = table.integer(2, "I")
    if buffer >= len(buffers) and buffer:
        raise damaged(f"tensor {index} names buffer {buffer} of {len(buffers)}")
    return Tensor(
        index=index,
        name=table.text(3),
        type=TENSOR_TYPES[kind],
        shape=table.integers(0),
        signature=table.integers(7),
        buffer=buffer,
        data=buffers[buffer] if buffer < len(buffers) else None,
        quantization=_quantization(table.child(4)),
        variable=table.flag(5),
        sparse=table.find(6) != 0,
    )


def _quantization(table: Table | None) -> Quantization:
    if table is None:
        return Quantization()
    scales = table.array(2, np.float32)
    return Quantization(
        scales=tuple(float(s) for s in scales.tolist()) if scales is not None else (),
        zero_points=table.integers(3, np.int64),
        axis=table.integer(6),
    )


def _operator(index: int, table: Table, codes: list[tuple[str, int, bool]], data: memoryview) -> Operator:
    code = table.integer(0, "I")
    if code >= len(codes):
        raise damaged(f"operation {index} names operator code {code} of {len(codes)}")
    name, version, custom = codes[code]
    blob = table.blob(5)
    offset, size = table.integer(9, "Q"), table.integer(10, "Q")
    if offset > 1 and size:
        blob = _outside(data, offset, size, f"the custom data of operation {index}")
    return Operator(
        index=index,
        op=name,
        version=version,
        inputs=table.integers(1),
        outputs=table.integers(2),
        options={} if custom else read_options(name, table.integer(3, "B"), table.child(4)),
        custom=custom,
        custom_options=blob,
        intermediates=table.integers(8),
    )
