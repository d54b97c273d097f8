"""Which operation each requantisation record belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.constants import Requant
from edgetpu_models.program.container import Compiled
from edgetpu_models.program.formulas import MOVED, Expected, expected
from edgetpu_models.program.stream import Record, marked, plausible, unmarked

# Operations whose records are known for sure; others may have records that look like a convolution's.
SETTLED = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "QUANTIZE", "CONCATENATION", "SOFTMAX"),
    *("LOGISTIC", "MAX_POOL_2D", "RESHAPE", "SQUEEZE"),
)
FORMULAS = ("ADD", "MUL", "AVERAGE_POOL_2D", "MEAN", "SPLIT", "PAD")
Difference = tuple[str, float, float]
Key = tuple[float, float, float, int, int]


@dataclass(frozen=True)
class Explained:
    """A record and what it can be.

    Attributes:
        program: Number of the executable.
        record: As it stands.
        owners: (operation, formula) that give these bits; several where constants coincide, none for data that
            is only moved.
        moved: Whether it is the record of moved data.
    """

    program: int
    record: Record
    owners: tuple[tuple[int, str], ...]
    moved: bool = False


@dataclass(frozen=True)
class Stray:
    """A record that no formula gives.

    Attributes:
        program: Number of the executable.
        record: As it stands.
        near: The weighted operation whose record it is but for one value, -1 where there is none.
        difference: What differs there: (field, found, expected).
    """

    program: int
    record: Record
    near: int = -1
    difference: Difference = ("", 0.0, 0.0)


@dataclass
class Matching:
    """All records of a compiled file.

    Attributes:
        explained: Those with a formula.
        strays: Those without.
        absent: Operations of which a record is required and none was found.
        table: (operation, formula) to what was expected.
    """

    explained: list[Explained] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    table: dict[tuple[int, str], list[Expected]] = field(default_factory=dict)


def key(r: Requant | Record) -> Key:
    """Return what identifies a record: its five constants (-0 counts as 0)."""
    return (r.m + 0.0, r.hi + 0.0, r.lo + 0.0, r.x, r.zero)


@np.errstate(all="ignore")  # scales of damaged files overflow; what comes of it matches no record
def match(graph: SubGraph, compiled: Compiled, mapped: Sequence[int]) -> Matching:
    """Explain every record by the operations `mapped`."""
    found = Matching()
    owners: dict[Key, list[tuple[int, str]]] = defaultdict(list)
    required: dict[int, Expected] = {}
    for index in mapped:
        for wanted in expected(graph, graph.operators[index]):
            owners[key(wanted.requant)].append((index, wanted.tag))
            found.table.setdefault((index, wanted.tag), []).append(wanted)
            if wanted.required:
                required[index] = wanted
    moved = key(MOVED)
    almost = {blank for wanted_key in owners for blank in _blanked(wanted_key)}
    factors = np.array([m for m, *_ in owners if m != 1.0 and m > 0], np.float32)
    loose: list[tuple[int, Record, list[tuple[int, Difference]]]] = []
    for number, program in enumerate(compiled.programs):
        for record in marked(program.stream.of(compiled.data)):
            mine = tuple(dict.fromkeys(owners.get(key(record), ())))
            if mine or key(record) == moved:
                wrong = _wrong_zeros(record, mine, found)
                if wrong:
                    loose.append((number, record, wrong))
                else:
                    found.explained.append(Explained(number, record, mine, key(record) == moved))
            else:
                near = _nearest(record, required)
                if near or plausible(record) or not almost.isdisjoint(_blanked(key(record))):
                    loose.append((number, record, near))
        loose += [(number, record, []) for record in unmarked(program.stream.of(compiled.data), factors)]
    seen = {index for e in found.explained for index, _ in e.owners}
    found.absent = [index for index in required if index not in seen]
    kinds = {graph.operators[i].op for i in mapped}
    trust = 2 if kinds <= {*SETTLED} else 1 if kinds <= {*SETTLED, *FORMULAS} else 0
    found.strays = [_stray(number, record, near, found, trust) for number, record, near in loose]
    return found


def _blanked(one: Key) -> Iterator[tuple[int, Key]]:
    """Yield a record's five constants with each in turn left out: two records that share one differ in one value."""
    for place in range(len(one)):
        left = list(one)
        left[place] = 0
        yield place, (left[0], left[1], left[2], int(left[3]), int(left[4]))


def _credible(
    candidate: tuple[int, Difference], wanted: Expected | None, around: set[int], trust: int
) -> bool:
    """Whether a stray record is a weighted operation's with one wrong value, and not another operation's own.

    Where every operation's records are known for sure (trust 2), it can be nothing else. Otherwise its factor must be
    the operation's, and where that is 1, which many have, all operations must have formulas (trust 1) and a record of
    this one stand beside it; or the factor is close to the operation's, or stands between records of it alone.
    """
    index, (name, value, right) = candidate
    if trust == 2 or wanted is None:
        return True
    if name != "m":
        return wanted.requant.m != 1.0 or (trust == 1 and index in around)
    return abs(value - right) <= 0.01 * abs(right) or around == {index}


def _stray(
    number: int, record: Record, near: list[tuple[int, Difference]], found: Matching, trust: int
) -> Stray:
    """Choose the operation that a stray record is most likely to belong to: one without any, else the closest."""
    if not near:
        return Stray(number, record)
    words: dict[int, list[int]] = defaultdict(list)
    for e in found.explained:
        for index, _ in e.owners:
            words[index].append(e.record.word)
    mine = [e for e in found.explained if e.program == number and e.owners]
    before = max((e for e in mine if e.record.word < record.word), key=lambda e: e.record.word, default=None)
    behind = min((e for e in mine if e.record.word > record.word), key=lambda e: e.record.word, default=None)
    around = {i for e in (before, behind) if e for i, _ in e.owners}
    wanted = {i: found.table.get((i, "weighted"), [None])[0] for i, _ in near}
    near = [c for c in near if _credible(c, wanted[c[0]], around, trust)]
    if not near:
        return Stray(number, record)

    def distance(candidate: tuple[int, Difference]) -> tuple[bool, int]:
        index = candidate[0]
        far = min((abs(w - record.word) for w in words[index]), default=0)
        return index not in found.absent, far

    index, difference = min(near, key=distance)
    return Stray(number, record, index, difference)


def _wrong_zeros(
    record: Record, owners: Sequence[tuple[int, str]], found: Matching
) -> list[tuple[int, Difference]]:
    """Return operation and field of a zero point beside the record that no owner allows.

    The fields hold the zero point or 0: per-channel layers keep theirs in the blob, layers without padding need none.
    """
    weighted = [(i, e) for i, tag in owners if tag == "weighted" for e in found.table[i, tag]]
    if not weighted or len(weighted) < len(owners):
        return []
    index, first = weighted[0]
    for name, value, wanted, known in (
        ("weight zero point", record.weight_zero, {e.weight_zero for _, e in weighted}, first.weight_zero),
        ("input zero point", record.input_zero, {e.input_zero for _, e in weighted}, first.input_zero),
    ):
        if value and value not in wanted:
            return [(index, (name, value, float(known or 0)))]
    return []


def _nearest(record: Record, required: dict[int, Expected]) -> list[tuple[int, Difference]]:
    """Return the weighted operations of which a record is one value away, and that value."""
    near = []
    for index, wanted in required.items():
        pairs = [
            ("m", record.m, wanted.requant.m),
            ("hi", record.hi, wanted.requant.hi),
            ("lo", record.lo, wanted.requant.lo),
            ("x", record.x, wanted.requant.x),
            ("output zero point", record.zero, wanted.requant.zero),
        ]
        wrong = [(name, float(a), float(b)) for name, a, b in pairs if a != b]
        if len(wrong) == 1:
            near.append((index, wrong[0]))
    return near
