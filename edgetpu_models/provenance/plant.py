"""Single changes planted in a compiled file that is known to be right: does the check find each, and where?

`undertone fuzz provenance` counts over many.
"""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgetpu_models.cost.layout import up
from edgetpu_models.program.placing import Placed
from edgetpu_models.program.stream import HI, LO, ZERO, M, X, read_field, write_field
from edgetpu_models.provenance.check import Study, Verdict, provenance_of, study
from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.progress import track


@dataclass(frozen=True)
class Plant:
    """One planted change.

    Attributes:
        kind: `weight`, `bias`, `scale`, `swap` or `record`.
        layers: Operations of which one must be named.
        data: The changed file.
    """

    kind: str
    layers: frozenset[int]
    data: bytes


def plants(pair: Study, count: int, seed: int) -> Iterator[Plant]:
    """Yield up to `count` changes of all kinds that a pair has room for; the same seed yields the same ones."""
    rng = random.Random(seed)
    made = 0
    for _ in range(20 * count):
        if made == count:
            return
        kind = rng.choice(("weight", "bias", "scale", "swap", "record"))
        plant = _record(pair, rng) if kind == "record" else _parameter(pair, rng, kind)
        if plant is not None and plant.data != pair.compiled.data:
            made += 1
            yield plant


def _parameter(pair: Study, rng: random.Random, kind: str) -> Plant | None:
    if not pair.placement.placed:
        return None
    placed = rng.choice(pair.placement.placed)
    layer, changed = placed.layer, bytearray(pair.compiled.data)
    start, width = placed.span.start, min(4 if layer.diagonal else 64, layer.lanes)
    has_bias = layer.has_bias or placed.form.keeps_bias
    heads = 4 * width * ((layer.scales is not None) + has_bias + layer.zeros)
    lane = rng.randrange(min(width, len(layer.bias)))
    if kind == "weight":
        at = _weight(placed, heads, width, lane, rng)
        changed[at] ^= 1 << rng.randrange(8)
    elif kind == "scale":
        if layer.scales is None:
            return None
        changed[start + 4 * lane] ^= 1
    elif kind == "bias":
        if not has_bias:
            return None
        at = start + 4 * width * (layer.scales is not None) + 4 * lane
        value = struct.unpack_from("<i", changed, at)[0]
        struct.pack_into("<i", changed, at, value + 1 if value < 0 else value - 1)
    elif layer.diagonal or len(layer.bias) < 2:
        return None
    else:
        other = (lane + 1) % min(width, len(layer.bias))
        for row in range(start + heads, start + heads + up(layer.weights[0].size, 4) * width, 4 * width):
            a, b = row + 4 * lane, row + 4 * other
            changed[a : a + 4], changed[b : b + 4] = changed[b : b + 4], changed[a : a + 4]
    return Plant(kind, frozenset([layer.op]), bytes(changed))


def _weight(placed: Placed, heads: int, width: int, lane: int, rng: random.Random) -> int:
    """Return the place of a weight of the first group that is a weight, not filling."""
    start = placed.span.start + heads
    if placed.layer.diagonal:
        positions = placed.layer.weights.shape[1] * placed.layer.weights.shape[2]
        return start + 16 * rng.randrange(positions) + 5 * lane
    return start + 4 * lane


def _record(pair: Study, rng: random.Random) -> Plant | None:
    weighted = [e for e in pair.matching.explained if any(tag == "weighted" for _, tag in e.owners)]
    if not weighted:
        return None
    chosen = rng.choice(weighted)
    changed = bytearray(pair.compiled.data)
    span = pair.compiled.programs[chosen.program].stream
    stream = bytearray(span.of(changed))
    field = rng.choice((M, HI, LO, ZERO, X))
    value = read_field(stream, chosen.record.word, field)
    if field.kind == "f":
        value = struct.unpack("<f", struct.pack("<I", _bits(float(value)) ^ (1 << rng.randrange(12))))[0]
    else:
        value = int(value) ^ (1 << rng.randrange(8))
    write_field(stream, chosen.record.word, field, value)
    changed[span.start : span.end] = stream
    return Plant("record", frozenset(i for i, _ in chosen.owners), bytes(changed))


def _bits(value: float) -> int:
    return int.from_bytes(struct.pack("<f", value), "little")


def caught(pair: Study, original: bytes, plant: Plant) -> tuple[bool, bool]:
    """Return whether a planted change was noticed, and whether the right operation was named."""
    found = provenance_of(study(original, plant.data))
    named = {row.index for row in found.layers if row.problem}
    return found.verdict is Verdict.NOT, bool(named & plant.layers)


@dataclass
class Harvest:
    """What became of planted changes.

    Attributes:
        planted: How many of each kind.
        missed: Of those, not noticed.
        wrong_layer: Of those, noticed with none of the right operations named.
        not_proved: Pairs in which nothing was planted: they are not known to be right.
    """

    planted: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong_layer: Counter[str] = field(default_factory=Counter)
    not_proved: int = 0

    @property
    def good(self) -> bool:
        """Whether every change was found at its place."""
        return not self.missed.total() + self.wrong_layer.total()

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-ready data."""
        return {
            "planted": dict(sorted(self.planted.items())),
            "missed": dict(sorted(self.missed.items())),
            "wrong_layer": dict(sorted(self.wrong_layer.items())),
            "pairs_not_proved": self.not_proved,
        }


def harvest(pairs: Sequence[tuple[bytes, bytes]], count: int, seed: int) -> Harvest:
    """Plant single changes in pairs that are proved, and count which of them the check finds.

    Args:
        pairs: Originals and their compiled files.
        count: How many changes, over all pairs.
        seed: Makes them the same every time.

    Raises:
        ModelInvalid: A file is damaged.
        InvalidSetting: No pair, or none that is proved: nothing could be planted.
    """
    if not pairs:
        raise InvalidSetting("no pairs", "name an ORIGINAL and its COMPILED file, or several such pairs")
    result, per = Harvest(), -(-count // len(pairs))
    for original, compiled in track(pairs, "planting changes"):
        pair = study(original, compiled)
        if provenance_of(pair).verdict is not Verdict.PROVED:
            result.not_proved += 1
            continue
        for plant in plants(pair, per, seed):
            noticed, named = caught(pair, original, plant)
            result.planted[plant.kind] += 1
            result.missed[plant.kind] += not noticed
            result.wrong_layer[plant.kind] += noticed and not named
    if not result.planted:
        raise InvalidSetting(
            f"nothing was planted: {result.not_proved} of {len(pairs)} pairs are not proved",
            "name pairs that `undertone provenance` proves",
        )
    return result
