"""Which layers stay on the chip: 16 tiles of parameter memory, filled in execution order.

A layer is taken whole or not at all. Its output channels are dealt out in blocks (16 for convolutions, 64 for
fully connected layers), each to the least full tile; a layer that would push a tile over its limit is streamed
on every inference instead. Networks compiled together share the tiles, in the order of the command line.

Fitted on 203 compiler logs of 3x3 convolutions and dense stacks (all within 2 %, the limit was tuned on them);
checked on 122 real files (120 right). Not known: depthwise layers under pressure, room that activations take.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from edgetpu_models.cost.layout import Stored, up

TILES = 16
TILE_BYTES = 512 * 1024
TILE_LIMIT = 522_500  # what parameters may take of a tile


@dataclass
class ParameterMemory:
    """The state of the tiles.

    Attributes:
        fill: Bytes taken in each tile.
    """

    fill: list[int] = field(default_factory=lambda: [0] * TILES)

    def place(self, layer: Stored) -> bool:
        """Take a layer in if all of its blocks find room; returns whether it stays on the chip."""
        size = layer.block * layer.lane_bytes
        blocks = -(-layer.outputs // layer.block)
        if size == 0 or blocks == 0:
            return True
        if not layer.cacheable:
            return False
        if blocks * size > TILES * TILE_LIMIT:
            return False  # too large in any order; this also bounds the loop below
        tiles = [(taken, tile) for tile, taken in enumerate(self.fill)]
        heapq.heapify(tiles)
        for _ in range(blocks):
            taken, tile = tiles[0]
            if taken + size > TILE_LIMIT:
                return False
            heapq.heapreplace(tiles, (taken + size, tile))
        for taken, tile in tiles:
            self.fill[tile] = taken
        return True

    @property
    def used(self) -> int:
        """Bytes taken in all tiles."""
        return sum(self.fill)

    @property
    def free(self) -> int:
        """Bytes left below the limit in all tiles."""
        return TILES * TILE_LIMIT - self.used


def reported_bytes(layer: Stored) -> int:
    """Return what the compiler's log counts for a layer on the chip: output channels padded to 64."""
    return up(layer.outputs, 64) * layer.lane_bytes
