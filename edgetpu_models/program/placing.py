"""Where each layer of an original lies in the parameter blobs of a compiled file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.container import Compiled, Span
from edgetpu_models.program.layers import Form, Layer, lay_out, layer_of

GROUPS = (1, 0, 2, 4)  # in order of frequency in real files


@dataclass(frozen=True)
class Placed:
    """A layer that was found, byte for byte.

    Attributes:
        layer: What it is.
        form: The compiler's choices that fit.
        span: Where, in the file.
        sure: Whether no other place or form could be meant.
    """

    layer: Layer
    form: Form
    span: Span
    sure: bool


@dataclass(frozen=True)
class Placement:
    """All layers of an original in a compiled file.

    Attributes:
        placed: Those that were found, in execution order.
        missing: Those that were not, with the place where they should begin (0: unknown).
        rest: Stretches of the blobs that belong to no layer, padding of up to 64 zeros not counted.
    """

    placed: tuple[Placed, ...]
    missing: tuple[tuple[Layer, int], ...]
    rest: tuple[Span, ...]


def forms(layer: Layer) -> Iterator[Form]:
    """Yield the ways in which a layer may be stored, the usual one first; those that change nothing are left out."""
    outputs, blocks = layer.weights.shape[0], -(-layer.weights.shape[3] // 4)
    positions = layer.weights.shape[1] * layer.weights.shape[2]
    groups = (1,) if layer.diagonal or positions == 1 or blocks == 1 else GROUPS
    for keeps in (False,) if layer.has_bias else (False, True):
        for blank in (False, True) if not layer.diagonal and layer.lanes > outputs else (False,):
            for group in groups:
                if group < blocks or group == 1:
                    yield Form(group, keeps, blank)


def place(graph: SubGraph, compiled: Compiled, mapped: Sequence[int]) -> Placement:
    """Find the layers of the operations `mapped` in execution order.

    Args:
        graph: The original.
        compiled: The compiled file.
        mapped: Operations that run on the chip.
    """
    blobs = [p.parameters for p in compiled.programs if p.parameters.size]
    cursors = {blob.start: blob.start for blob in blobs}
    placed: list[Placed] = []
    missing: list[tuple[Layer, int]] = []
    for index in mapped:
        layer = layer_of(graph, graph.operators[index])
        if layer is None:
            continue
        found = _find(layer, compiled.data, blobs, cursors)
        if found is None:
            missing.append((layer, min(cursors.values()) if len(cursors) == 1 else 0))
            continue
        placed.append(found)
        blob = next(b for b in blobs if b.start <= found.span.start < b.end)
        cursors[blob.start] = max(cursors[blob.start], found.span.end)
    return Placement(tuple(placed), tuple(missing), tuple(_rest(compiled.data, blobs, placed)))


def _find(layer: Layer, data: bytes, blobs: Sequence[Span], cursors: dict[int, int]) -> Placed | None:
    hits = []
    for form in forms(layer):
        stored = lay_out(layer, form)
        for blob in blobs:
            cursor = cursors[blob.start]
            at = data.find(stored, cursor, blob.end)
            if at < 0:
                continue
            near = at - cursor <= 64 + (-at) % 64
            alone = near or data.find(stored, at + 1, blob.end) < 0
            hits.append((not near, at, Placed(layer, form, Span(at, len(stored)), alone)))
        if hits and not min(hits, key=lambda h: h[:2])[0]:
            break  # right behind the layer before: no other form is tried
    if hits:
        return min(hits, key=lambda h: h[:2])[2]
    return _out_of_order(layer, data, blobs)


def _out_of_order(layer: Layer, data: bytes, blobs: Sequence[Span]) -> Placed | None:
    """Find a layer before the one that was found last: parallel branches may be stored in another order."""
    for form in forms(layer):
        stored = lay_out(layer, form)
        for blob in blobs:
            at = data.find(stored, blob.start, blob.end)
            if at >= 0:
                return Placed(layer, form, Span(at, len(stored)), data.find(stored, at + 1, blob.end) < 0)
    return None


def _rest(data: bytes, blobs: Sequence[Span], placed: Sequence[Placed]) -> Iterator[Span]:
    for blob in blobs:
        at = blob.start
        inside = sorted(
            (p.span for p in placed if blob.start <= p.span.start < blob.end), key=lambda s: s.start
        )
        for span in [*inside, Span(blob.end, 0)]:
            gap = data[at : span.start]
            if len(gap) > 64 or any(gap):
                yield Span(at, len(gap))
            at = max(at, span.end)
