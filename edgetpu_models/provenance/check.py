"""The verdict: every layer, bias, scale and record of a compiled file held against its original.

`proved`: every weighted layer lies in the file byte for byte, and every record follows from the original's scales.
`consistent`: nothing contradicts, but something is not understood; it is named. `not from this file`: something
contradicts; the first is named, with both values.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from edgetpu_models.format.model import Model, SubGraph
from edgetpu_models.format.reader import load
from edgetpu_models.program.boundary import boundary_problems, mapped_operations
from edgetpu_models.program.container import Compiled, open_compiled
from edgetpu_models.program.layers import WEIGHTED
from edgetpu_models.program.matching import Matching, match
from edgetpu_models.program.placing import Placement, place
from edgetpu_models.provenance.missing import describe
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid

# Operations whose stored constants or inner arithmetic are not understood: nothing about them can be proved.
OPAQUE = ("UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "PRELU", "TRANSPOSE_CONV", "L2_NORMALIZATION", "TANH")


class Verdict(StrEnum):
    """What was found."""

    PROVED = "proved"
    CONSISTENT = "consistent"
    NOT = "not from this file"


@dataclass(frozen=True)
class LayerRow:
    """One operation of the original.

    Attributes:
        index: Its place.
        op: Its operation.
        where: `chip` or `cpu`.
        parameters: `exact`, `missing`, or empty where it has none.
        offset: Where its parameters lie in the file, -1 where they do not.
        size: Their bytes.
        records: How many records it explains (shared ones count for each).
        problem: What contradicts, or empty.
    """

    index: int
    op: str
    where: str
    parameters: str
    offset: int
    size: int
    records: int
    problem: str = ""


@dataclass(frozen=True)
class Provenance:
    """The result.

    Attributes:
        verdict: See the module.
        reason: The first contradiction, or what is not understood, in one line; empty when proved.
        layers: One row per operation.
        contradictions: All of them.
        not_understood: What keeps a `consistent` file from being `proved`.
        exact_layers: Weighted layers found byte for byte, of `weighted_layers` on the chip.
        explained_records: Records that a formula gives, of `records`.
        unexplained_bytes: Parameter bytes that belong to no weighted layer.
    """

    verdict: Verdict
    reason: str
    layers: tuple[LayerRow, ...]
    contradictions: tuple[str, ...]
    not_understood: tuple[str, ...]
    exact_layers: int
    weighted_layers: int
    explained_records: int
    records: int
    parameter_bytes: int
    unexplained_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return asdict(self) | {"verdict": self.verdict.value, "layers": [asdict(row) for row in self.layers]}


@dataclass(frozen=True)
class Study:
    """A pair with everything that was read from it; reweighting starts here."""

    original: Model
    compiled: Compiled
    mapped: tuple[int, ...]
    placement: Placement
    matching: Matching

    @property
    def graph(self) -> SubGraph:
        """The original's graph."""
        return self.original.main


def study(original: bytes, compiled: bytes) -> Study:
    """Read a pair.

    Raises:
        ModelInvalid: One is damaged, the original is compiled already, or the compiled one is of a kind that is
            not understood.
    """
    source = verify_model(original)
    if source.compiled:
        raise ModelInvalid("the original was compiled already", "give the int8 model that it was made of")
    opened = open_compiled(compiled)
    mapped = mapped_operations(source.main, opened.model)
    return Study(
        source, opened, mapped, place(source.main, opened, mapped), match(source.main, opened, mapped)
    )


def check(original: Path | str | bytes, compiled: Path | str | bytes) -> Provenance:
    """Hold a compiled file against an original.

    Args:
        original: The int8 or uint8 `.tflite`.
        compiled: The `_edgetpu.tflite`.

    Raises:
        ModelInvalid: See `study`.
    """
    return provenance_of(study(bytes(load(original)), bytes(load(compiled))))


def provenance_of(pair: Study) -> Provenance:
    """Return the verdict on a pair that was read."""
    graph = pair.graph
    problems: dict[int, str] = {}
    for layer, at in pair.placement.missing:
        problems[layer.op] = describe(graph, layer, pair.compiled.data, at)
    for stray in pair.matching.strays:
        if stray.near >= 0:
            name, found, wanted = stray.difference
            problems.setdefault(
                stray.near,
                f"record at word {stray.record.word}: {name} is {found!r}, the original gives {wanted!r}",
            )
    for index in pair.matching.absent:
        problems.setdefault(index, f"{_wanted(pair, index)}: no such record")
    boundary = list(boundary_problems(graph, pair.compiled))
    contradictions = [
        f"operation {i} ({graph.operators[i].op}): {text}" for i, text in sorted(problems.items())
    ]
    contradictions = [*boundary, *contradictions] if not problems else [*contradictions, *boundary]
    doubts = [] if contradictions else list(_doubts(pair))
    verdict = Verdict.NOT if contradictions else Verdict.CONSISTENT if doubts else Verdict.PROVED
    weighted = len(pair.placement.placed) + len(pair.placement.missing)
    return Provenance(
        verdict=verdict,
        reason=(contradictions or doubts or [""])[0],
        layers=tuple(_rows(pair, problems)),
        contradictions=tuple(contradictions),
        not_understood=tuple(doubts),
        exact_layers=len(pair.placement.placed),
        weighted_layers=weighted,
        explained_records=len(pair.matching.explained),
        records=len(pair.matching.explained) + len(pair.matching.strays),
        parameter_bytes=sum(p.parameters.size for p in pair.compiled.programs),
        unexplained_bytes=sum(span.size for span in pair.placement.rest),
    )


def _wanted(pair: Study, index: int) -> str:
    r = pair.matching.table[index, "weighted"][0].requant
    return f"m {r.m!r}, bounds {r.lo!r} to {r.hi!r}, zero point {r.zero} expected"


def _doubts(pair: Study) -> list[str]:
    graph = pair.graph
    doubts = []
    ops = [graph.operators[i] for i in pair.mapped]
    for op in ops:
        if op.op in OPAQUE:
            doubts.append(f"operation {op.index} ({op.op}) is not understood")
        elif op.op in ("MUL", "ADD", "SUB") and graph.constants(op):
            doubts.append(f"operation {op.index} ({op.op}) has constants, whose storage is not understood")
    stored = {p.layer.op for p in pair.placement.placed}
    for op in ops:
        if op.op in WEIGHTED and op.index not in stored:
            doubts.append(f"operation {op.index} ({op.op}) has weights of a kind that is not understood")
    strays = Counter(
        f"record m {s.record.m!r}, {s.record.lo!r} to {s.record.hi!r}" for s in pair.matching.strays
    )
    doubts += [f"{text} ({n} times) follows from no operation" for text, n in strays.items()]
    if not pair.placement.placed and not doubts:
        doubts.append("no weighted layer is on the chip: nothing ties the file to these weights")
    return doubts


def _rows(pair: Study, problems: dict[int, str]) -> list[LayerRow]:
    placed = {p.layer.op: p for p in pair.placement.placed}
    missing = {layer.op for layer, _ in pair.placement.missing}
    records = Counter(i for e in pair.matching.explained for i in {i for i, _ in e.owners})
    chip = set(pair.mapped)
    return [
        LayerRow(
            index=op.index,
            op=op.op,
            where="chip" if op.index in chip else "cpu",
            parameters="exact" if op.index in placed else "missing" if op.index in missing else "",
            offset=placed[op.index].span.start if op.index in placed else -1,
            size=placed[op.index].span.size if op.index in placed else 0,
            records=records[op.index],
            problem=problems.get(op.index, ""),
        )
        for op in pair.graph.operators
    ]
