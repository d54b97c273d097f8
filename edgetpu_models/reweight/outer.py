"""What a compiled file shows of its network outside the instructions: names, scales, zero points, constants."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgetpu_models.cost.layout import up
from edgetpu_models.format.flatbuffer import Flat, Table
from edgetpu_models.format.model import SubGraph, Tensor
from edgetpu_models.program.constants import chip_zero
from edgetpu_models.program.container import Program, Span
from edgetpu_models.provenance.check import Study
from edgetpu_models.relayout.file import rename
from firmware_bridge.base.errors import ModelInvalid, ReweightRefused

_NAMES = "name the input and output tensors as in the template's original"
_REMEDY = "compile this network with the real compiler"


@dataclass(frozen=True)
class Rename:
    """A name that becomes another one; `at` is where its characters stand."""

    at: Span
    new: bytes


def rewrite_outer(pair: Study, other: SubGraph, data: bytearray) -> list[Rename]:
    """Write the quantisation of `other` into the outer tensors and the programs' ports, in place.

    Returns:
        The names that change; `rename_all` writes them.

    Raises:
        ReweightRefused: A tensor's place does not fit.
    """
    twins = _twins(pair, other)
    renames = list(_tensors(pair, twins, data))
    for program in pair.compiled.programs:
        for port in program.ports:
            suffix = "_variable_output" if port.name.endswith("_variable_output") else ""
            new = twins[port.name.removesuffix(suffix)]
            if new.quantization.scales:
                _write(data, port.zero_point_at, "<i", chip_zero(new), port.zero_point, port.name)
                _write(data, port.scale_at, "<f", new.quantization.scale, port.scale, port.name)
        renames += _renames(pair, program, twins)
    return renames


def _renames(pair: Study, program: Program, twins: dict[str, Tensor]) -> Iterator[Rename]:
    """Yield the names in a program that change; in a proved file each is a tensor's."""
    for at in dict.fromkeys(program.names):
        old = at.of(pair.compiled.data).decode("utf-8", errors="replace")
        suffix = "_variable_output" if old.endswith("_variable_output") else ""
        new = twins.get(old.removesuffix(suffix))
        if new is None:
            raise ReweightRefused(f"the program names {old}, which is no tensor", _REMEDY)
        if new.name + suffix != old:
            yield Rename(at, (new.name + suffix).encode())


def _twins(pair: Study, other: SubGraph) -> dict[str, Tensor]:
    """Return the retrained network's tensor for each name of the template's original."""
    twins: dict[str, Tensor] = {}
    outer = {t.name for t in pair.compiled.model.main.tensors}
    for old, new in zip(pair.graph.tensors, other.tensors, strict=True):
        if old.name in outer and old.name in twins:
            raise ReweightRefused(f"two tensors are named {old.name}", _REMEDY)
        twins[old.name] = new
    return twins


def _write(data: bytearray, at: int, kind: str, new: float, old: float, name: str) -> None:
    if new == old:
        return
    if not at or new == 0:
        raise ReweightRefused(
            f"the program's {name} changes a value into or out of 0, which is not stored", _REMEDY
        )
    struct.pack_into(kind, data, at, new)


def _tensors(pair: Study, twins: dict[str, Tensor], data: bytearray) -> Iterator[Rename]:
    whole = memoryview(pair.compiled.data)
    root = Flat(whole).root(b"TFL3")
    buffers = [table.blob(0) for table in root.children(4)]
    for table, tensor in zip(root.children(2)[0].children(0), pair.compiled.model.main.tensors, strict=True):
        new = twins[tensor.name]
        name = table.blob(3)
        if name is not None and new.name != tensor.name:
            yield Rename(Span(_at(np.frombuffer(name, np.uint8), whole), len(name)), new.name.encode())
        _quantization(table, new, whole, data)
        content = buffers[tensor.buffer] if tensor.buffer < len(buffers) else None
        if content is not None and len(content) and new.data is not None:
            if len(content) != len(new.data):
                raise ReweightRefused(f"the constant {tensor.name} has another size", _REMEDY)
            start = _at(np.frombuffer(content, np.uint8), whole)
            data[start : start + len(content)] = new.data


def _quantization(table: Table, new: Tensor, whole: memoryview, data: bytearray) -> None:
    quantization = table.child(4)
    if quantization is None:
        return
    for slot, kind, values in (
        (2, "<f4", new.quantization.scales),
        (3, "<i8", new.quantization.zero_points),
    ):
        stored = quantization.array(slot, kind)
        if stored is None or not len(stored):
            continue
        if len(stored) != len(values):
            raise ReweightRefused(f"tensor {new.name} stores {len(stored)} values for {len(values)}", _REMEDY)
        start = _at(stored, whole)
        fresh = np.array(values, kind).tobytes()
        data[start : start + len(fresh)] = fresh
    for slot in (0, 1):
        limits = quantization.array(slot, "<f4")
        if limits is not None and len(limits):
            raise ReweightRefused(f"tensor {new.name} stores its range of values", _REMEDY)


def _at(view: np.ndarray, whole: memoryview) -> int:  # type: ignore[type-arg]
    base = int(np.frombuffer(whole, np.uint8).__array_interface__["data"][0])
    return int(view.__array_interface__["data"][0]) - base


def rename_all(data: bytes, changes: Sequence[Rename]) -> bytes:
    """Return the file with other names.

    Strings end with a zero and are filled to 4 bytes; where a new name needs another room, the file is laid out
    again.

    Raises:
        ReweightRefused: An old name stands where nobody looked, or the file is not laid out by the rules that are
            known.
    """
    for name in {change.at.of(data) for change in changes}:
        stored, places = struct.pack("<I", len(name)) + name + b"\0", {c.at.start - 4 for c in changes}
        at = data.find(stored)
        while at >= 0:
            if at not in places:
                raise ReweightRefused(
                    f"the name {name.decode(errors='replace')} also stands at byte {at}, in a place that is not known",
                    _NAMES,
                )
            at = data.find(stored, at + 1)
    if all(up(c.at.size + 1, 4) == up(len(c.new) + 1, 4) for c in changes):
        return _in_place(data, changes)
    try:
        return rename(data, {c.at.start - 4: c.new for c in changes})
    except ModelInvalid as error:
        longest = max(changes, key=lambda c: abs(len(c.new) - c.at.size))
        raise ReweightRefused(
            f"the name {longest.new.decode()[:60]} needs another room in the file than {longest.at.size} characters, "
            f"and the file cannot be laid out again ({error.what})",
            _NAMES,
        ) from error


def _in_place(data: bytes, changes: Sequence[Rename]) -> bytes:
    made = bytearray(data)
    for change in changes:
        struct.pack_into("<I", made, change.at.start - 4, len(change.new))
        room = up(change.at.size + 1, 4)
        made[change.at.start : change.at.start + room] = change.new.ljust(room, b"\0")
    return bytes(made)
