"""A layer that is not where it should be: the first value that differs, with both values."""

from __future__ import annotations

import struct

import numpy as np

from edgetpu_models.cost.layout import up
from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.layers import Form, Layer, lay_out
from edgetpu_models.program.placing import forms


def describe(graph: SubGraph, layer: Layer, data: bytes, at: int) -> str:
    """Say what differs first between a layer and the bytes at the place where it should be.

    Args:
        graph: The original.
        layer: The layer that was not found.
        data: The compiled file.
        at: End of what was found before it (the layer begins within the next 64 bytes), 0 where that is unknown.
    """
    best: tuple[int, int, Form, bytes] | None = None
    if at:
        for form in forms(layer):
            stored = lay_out(layer, form)
            wanted = np.frombuffer(stored, np.uint8)
            for start in range(at, min(at + 80, len(data) - len(stored)) + 1, 4):
                differing = int(np.count_nonzero(np.frombuffer(data, np.uint8, len(stored), start) != wanted))
                if best is None or differing < best[0]:
                    best = (differing, start, form, stored)
    if best is None or best[0] > len(best[3]) // 4:
        return f"its {len(lay_out(layer, Form()))} parameter bytes are not in the file"
    differing, start, form, stored = best
    if not differing:
        return f"its {len(stored)} parameter bytes reach beyond the program's parameters"
    first = next(i for i, byte in enumerate(stored) if data[start + i] != byte)
    what = _name(layer, form, first, stored, data[start : start + len(stored)])
    return f"{what}; {differing} of {len(stored)} bytes differ, byte {start + first} of the file the first"


def _name(layer: Layer, form: Form, position: int, wanted: bytes, found: bytes) -> str:
    """Name the value at a byte of a stored layer, with both values."""
    width = 4 if layer.diagonal else 64
    heads = (layer.scales is not None, layer.has_bias or form.keeps_bias, layer.zeros)
    names = [n for n, there in zip(("scale", "bias", "zero point"), heads, strict=True) if there]
    _, height, kernel, inputs = layer.weights.shape
    per_lane = 4 * height * kernel if layer.diagonal else up(inputs, 4) * height * kernel
    start = 0
    for first in range(0, layer.lanes, width):
        size = min(width, layer.lanes - first)
        for name in names:
            if position < start + 4 * size:
                lane = (position - start) // 4
                at = start + 4 * lane
                kind = "<f" if name == "scale" else "<i"
                got, want = (struct.unpack_from(kind, b, at)[0] for b in (found, wanted))
                return f"{name} of channel {first + lane} is {got!r}, the original gives {want!r}"
            start += 4 * size
        if position < start + per_lane * size:
            lane = first + (position - start) // 4 % size
            return f"a weight of channel {lane} is {found[position] - 128}, the original gives {wanted[position] - 128}"
        start += per_lane * size
    return "padding differs"
