"""New constants for the requantisation records of a template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgetpu_models.format.model import SubGraph
from edgetpu_models.program.constants import Requant
from edgetpu_models.program.formulas import MOVED, Expected, expected
from edgetpu_models.program.matching import Explained, key
from edgetpu_models.program.stream import (
    HI,
    INPUT_ZERO,
    LARGEST,
    LO,
    WEIGHT_ZERO,
    ZERO,
    M,
    Record,
    X,
    write_field,
)
from edgetpu_models.provenance.check import Study
from edgetpu_models.reweight.template import settled
from firmware_bridge.base.errors import ReweightRefused

_REMEDY = "compile this network with the real compiler"


@dataclass(frozen=True)
class Constants:
    """What a record must hold.

    Attributes:
        requant: Factor, bounds, shift, output zero point.
        weight_zero: Of the field beside it, `input_zero` likewise.
    """

    requant: Requant
    weight_zero: int
    input_zero: int


@np.errstate(all="ignore")  # what overflows is refused below
def rewrite_records(pair: Study, other: SubGraph, streams: list[bytearray]) -> None:
    """Write the constants of `other` into every record of the template's streams.

    Args:
        pair: The template.
        other: The retrained network's graph.
        streams: The instruction streams, changed in place, one per program.

    Raises:
        ReweightRefused: A record could belong to several operations that want different values, or a formula is
            not settled, or a value is one that no real file shows.
    """
    table: dict[tuple[int, str], list[Expected]] = {}
    for index in pair.mapped:
        for wanted in expected(other, other.operators[index]):
            table.setdefault((index, wanted.tag), []).append(wanted)
    ordered = _in_order(pair.matching.explained)
    for place, explained in enumerate(pair.matching.explained):
        new = _wanted(pair, explained, table, place, ordered)
        stream, word = streams[explained.program], explained.record.word
        values = (new.requant.m, new.requant.hi, new.requant.lo, new.requant.x, new.requant.zero)
        for field, value in zip((M, HI, LO, X, ZERO), values, strict=True):
            write_field(stream, word, field, value)
        write_field(stream, word, WEIGHT_ZERO, new.weight_zero)
        write_field(stream, word, INPUT_ZERO, new.input_zero)


def _in_order(explained: list[Explained]) -> bool:
    """Whether the records that can belong to one operation only follow the order of execution."""
    single = [e.owners[0][0] for e in explained if len({i for i, _ in e.owners}) == 1 and not e.moved]
    return single == sorted(single)


def _wanted(
    pair: Study,
    explained: Explained,
    table: dict[tuple[int, str], list[Expected]],
    place: int,
    ordered: bool,
) -> Constants:
    record = explained.record
    old = Constants(
        Requant(record.m, record.hi, record.lo, record.x, record.zero), record.weight_zero, record.input_zero
    )
    answers: dict[int, set[Constants]] = {}
    for index, tag in explained.owners:
        answers.setdefault(index, set()).update(_answers(pair, (index, tag), table, record))
    if explained.moved:
        answers[-1] = {Constants(MOVED, record.weight_zero, record.input_zero)}
    options: set[Constants] = set().union(*answers.values())
    if len(options) > 1 and ordered and not explained.moved:
        low, high = _between(pair.matching.explained, place)
        near = {i: a for i, a in answers.items() if low <= i <= high}
        options = set().union(*near.values()) if near else options
    if not options or len(options) > 1:
        names = ", ".join(f"{i} ({pair.graph.operators[i].op})" for i in sorted(answers) if i >= 0)
        raise ReweightRefused(
            f"the record at word {record.word} could belong to operations {names}, which want different values",
            _REMEDY,
        )
    (new,) = options
    doubtful = [
        (i, tag) for i, tag in explained.owners if not settled(pair.graph, pair.graph.operators[i], tag)
    ]
    if new != old and doubtful:
        index, tag = doubtful[0]
        raise ReweightRefused(
            f"operation {index} ({pair.graph.operators[index].op}): its constants change, and the formula ({tag}) is "
            "not settled for every file",
            _REMEDY,
        )
    return new


def _answers(
    pair: Study, owner: tuple[int, str], table: dict[tuple[int, str], list[Expected]], record: Record
) -> set[Constants]:
    """Return what one owner wants: the formula's twin of the one that gave the template's record."""
    before, after = pair.matching.table[owner], table.get(owner, [])
    if len(before) != len(after):
        return set()
    found = set()
    for a, b in zip(before, after, strict=True):
        if key(a.requant) == key(record):
            zeros = [
                _zero(pair, owner[0], value, x, y)
                for value, x, y in (
                    (record.weight_zero, a.weight_zero, b.weight_zero),
                    (record.input_zero, a.input_zero, b.input_zero),
                )
            ]
            _sane(pair, owner[0], b.requant)
            found.add(Constants(b.requant, *zeros))
    return found


def _zero(pair: Study, index: int, value: int, before: int | None, after: int | None) -> int:
    """Return the new value of a zero point field; a field that holds something else must not have to change."""
    if before is None or after is None or before == after:
        return value
    if value == before:
        return after
    raise ReweightRefused(
        f"operation {index} ({pair.graph.operators[index].op}): a zero point changes from {before} to {after}, and "
        "its record does not hold it",
        _REMEDY,
    )


def _sane(pair: Study, index: int, requant: Requant) -> None:
    bounded = requant.hi == float("inf") or (abs(requant.hi) < LARGEST and abs(requant.lo) < LARGEST)
    if not (1e-12 < requant.m < LARGEST and bounded and requant.lo <= requant.hi and abs(requant.x) < 2**31):
        raise ReweightRefused(
            f"operation {index} ({pair.graph.operators[index].op}) would have the constants {requant}, which no real "
            "file shows",
            _REMEDY,
        )


def _between(explained: list[Explained], place: int) -> tuple[int, int]:
    """Return the operations of the nearest records, before and behind, that belong to one operation only."""

    def single(e: Explained) -> bool:
        return len({i for i, _ in e.owners}) == 1 and not e.moved

    here = explained[place].program
    before = [e.owners[0][0] for e in explained[:place] if single(e) and e.program == here]
    behind = [e.owners[0][0] for e in explained[place + 1 :] if single(e) and e.program == here]
    return (before[-1] if before else 0), (behind[0] if behind else 2**31)
