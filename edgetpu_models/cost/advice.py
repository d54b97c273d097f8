"""When a network does not fit: the smallest edit that would make it fit."""

from __future__ import annotations

from collections.abc import Sequence

from edgetpu_models.cost.layout import Stored
from edgetpu_models.cost.row import Row
from edgetpu_models.cost.sram import TILE_LIMIT, ParameterMemory

MOST = 3  # streamed layers that are looked at in detail


def edits(rows: Sequence[Row]) -> list[str]:
    """Return one line per thing to change, the most telling first; empty where everything fits."""
    streamed = [i for i, row in enumerate(rows) if row.cacheable and not row.on_chip]
    lines = [_streamed(rows, i) for i in streamed[:MOST]]
    if len(streamed) > MOST:
        lines.append(f"and {len(streamed) - MOST} more layers are streamed")
    blocked = [r for r in rows if r.target == "cpu" and r.effect not in ("border", "")]
    lines += [f"{r.name} {r.index} leaves the Edge TPU: {r.reason}" for r in blocked]
    return lines


def _streamed(rows: Sequence[Row], which: int) -> str:
    row = rows[which]
    where = f"{row.name} {row.index} ({row.parameter_bytes:,} bytes) is streamed"
    if row.block * row.lane_bytes > TILE_LIMIT:
        inputs = TILE_LIMIT // row.block - 16
        return (
            f"{where}: {row.block} of its outputs must share a tile; give it at most about {inputs:,} inputs"
        )
    outputs = _largest(rows, which)
    if outputs:
        return f"{where}: {outputs} outputs instead of {row.outputs} would fit"
    return (
        f"{where}: nothing is left for it; make the layers before it smaller by {row.parameter_bytes:,} bytes"
    )


def _largest(rows: Sequence[Row], which: int) -> int:
    """Return how many outputs of layer `which` would still fit behind the layers before it."""
    low, high = 0, rows[which].outputs
    while low < high:
        middle = (low + high + 1) // 2
        memory = ParameterMemory()
        for row in rows[:which]:
            if row.on_chip:
                memory.place(Stored(row.outputs, row.outputs, row.lane_bytes, row.block or 16))
        row = rows[which]
        if memory.place(Stored(middle, middle, row.lane_bytes, row.block)):
            low = middle
        else:
            high = middle - 1
    return low
