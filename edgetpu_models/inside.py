"""What lies inside a compiled file, named as far as it is understood, and the rest counted and shown as such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgetpu_models.format.reader import load
from edgetpu_models.program.container import Compiled, Program, open_compiled
from edgetpu_models.program.stream import FIELDS, WORD, Record, read_bits, records
from edgetpu_models.provenance.check import Study, study

_FILL = 88  # bit of a border's zero point, see reweight/padding.py


@dataclass(frozen=True)
class Stretch:
    """A piece of a parameter blob.

    Attributes:
        start: First byte in the file.
        size: Bytes.
        what: The layer, `padding`, or `not understood`.
    """

    start: int
    size: int
    what: str


@dataclass(frozen=True)
class NamedRecord(Record):
    """A requantisation record with the operations that it can belong to.

    Attributes:
        program: Type of the executable that it stands in.
        owners: Operations and formulas; empty where they are not known.
    """

    program: str = ""
    owners: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready data; the bits that nobody understands in hex."""
        return asdict(self) | {"low": f"{self.low:08x}"}


@dataclass(frozen=True)
class Inside:
    """The inner view of a compiled file.

    Attributes:
        records: Every requantisation record.
        stretches: The parameter blobs, piece by piece (one piece per blob without the original).
        words: 128-bit words of all programs.
        record_words: Words that records take (two each).
        parameter_bytes: Bytes of all blobs.
        unexplained_bytes: Of these, bytes that belong to no layer and are no padding.
    """

    records: tuple[NamedRecord, ...]
    stretches: tuple[Stretch, ...]
    words: int
    record_words: int
    parameter_bytes: int
    unexplained_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the view as JSON-ready data."""
        return asdict(self) | {"records": [record.as_dict() for record in self.records]}


def look_inside(compiled: Path | str | bytes, original: Path | str | bytes | None = None) -> Inside:
    """Take a compiled file apart; with its original, layers and operations have names.

    Raises:
        ModelInvalid: A file is damaged or of a kind that is not understood.
    """
    data = bytes(load(compiled))
    pair = study(bytes(load(original)), data) if original is not None else None
    opened = pair.compiled if pair else open_compiled(data)
    found = tuple(_records(opened, pair))
    stretches = tuple(_stretches(opened, pair))
    return Inside(
        records=found,
        stretches=stretches,
        words=sum(p.stream.size // 16 for p in opened.programs),
        record_words=2 * len(found),
        parameter_bytes=sum(p.parameters.size for p in opened.programs),
        unexplained_bytes=sum(s.size for s in stretches if s.what == "not understood"),
    )


def _records(opened: Compiled, pair: Study | None) -> Iterator[NamedRecord]:
    names: dict[tuple[int, int], tuple[str, ...]] = {}
    if pair:
        for e in pair.matching.explained:
            owners = tuple(f"{pair.graph.operators[i].op} {i}: {tag}" for i, tag in e.owners)
            names[e.program, e.record.word] = owners or ("moved data",)
    for number, program in enumerate(opened.programs):
        for r in records(program.stream.of(opened.data)):
            owners = names.get((number, r.word), ())
            yield NamedRecord(**vars(r), program=program.type.name, owners=owners)


def _stretches(opened: Compiled, pair: Study | None) -> Iterator[Stretch]:
    placed = {p.span: f"{p.layer.kind} {p.layer.op}" for p in pair.placement.placed} if pair else {}
    for program in opened.programs:
        blob = program.parameters
        at = blob.start
        for span in sorted((s for s in placed if blob.start <= s.start < blob.end), key=lambda s: s.start):
            yield from _gap(opened, at, span.start)
            yield Stretch(span.start, span.size, placed[span])
            at = span.end
        yield from _gap(opened, at, blob.end)


def _gap(opened: Compiled, start: int, end: int) -> Iterator[Stretch]:
    if end > start:
        blank = end - start <= 64 and not any(opened.data[start:end])
        yield Stretch(start, end - start, "padding" if blank else "not understood")


def disassembly(compiled: Path | str | bytes, original: Path | str | bytes | None = None) -> Iterator[str]:
    """Yield one line per instruction word: fields by name where they are understood, the word in hex always."""
    data = bytes(load(compiled))
    view = look_inside(data, original)
    opened = open_compiled(data)
    for program in opened.programs:
        stream = program.stream.of(data)
        mine = {r.word: r for r in view.records if r.program == program.type.name}
        yield f"; {program.type.name}: {len(stream) // 16} words, from byte {program.stream.start} of the file"
        for word in range(len(stream) // 16):
            note = _note(stream, word, mine)
            yield f"{word:6d}  {stream[16 * word : 16 * word + 16][::-1].hex()}" + (
                f"  ; {note}" if note else ""
            )


def _note(stream: bytes, word: int, mine: dict[int, NamedRecord]) -> str:
    if word in mine:
        r = mine[word]
        fields = f"m={r.m!r} hi={r.hi!r} lo={r.lo!r} x={r.x} zero={r.zero} weight_zero={r.weight_zero}"
        return f"requantise {fields} input_zero={r.input_zero} [{', '.join(r.owners) or 'owner not known'}]"
    if word - 1 in mine:
        return "requantise, second word (x, output zero point)"
    value = read_bits(stream, word * WORD + _FILL, 32)
    if (
        value
        and value == (value & 0xFF) * 0x01010101
        and read_bits(stream, word * WORD, _FILL) == 1 << (_FILL - 1)
    ):
        return f"fill a border with {value & 0xFF}"
    return ""


def record_changes(before: bytes, after: bytes) -> list[tuple[str, str, str]]:
    """Return what changed inside two compiled files: (where, before, after) for record fields, words and blobs."""
    a, b = open_compiled(before), open_compiled(after)
    changes: list[tuple[str, str, str]] = []
    for one, other in zip(a.programs, b.programs, strict=False):
        if one.type is not other.type or one.stream.size != other.stream.size:
            return [
                (
                    "program",
                    f"{one.type.name}, {one.stream.size} bytes",
                    f"{other.type.name}, {other.stream.size}",
                )
            ]
        changes += _stream_changes(before, after, one, other)
        p, q = one.parameters.of(before), other.parameters.of(after)
        differing = sum(x != y for x, y in zip(p, q, strict=False)) + abs(len(p) - len(q))
        if differing:
            changes.append((f"{one.type.name}.parameters", f"{len(p)} bytes", f"{differing} differ"))
    return changes


def _stream_changes(
    before: bytes, after: bytes, one: Program, other: Program
) -> Iterator[tuple[str, str, str]]:
    streams = one.stream.of(before), other.stream.of(after)
    first, second = ({r.word: r for r in records(s)} for s in streams)
    inside = {w + d for w in first.keys() & second.keys() for d in (-1, 0, 1)}
    for word in sorted(first.keys() & second.keys()):
        for name, x, y in zip(
            [f.name for f in FIELDS], _values(first[word]), _values(second[word]), strict=True
        ):
            if x != y:
                yield f"{one.type.name}.word {word}.{name}", repr(x), repr(y)
    for word in range(len(streams[0]) // 16):
        pieces = [s[16 * word : 16 * word + 16] for s in streams]
        if pieces[0] != pieces[1] and word not in inside:
            yield f"{one.type.name}.word {word}", pieces[0][::-1].hex(), pieces[1][::-1].hex()


def _values(r: Record) -> tuple[float, ...]:
    return (r.m, r.hi, r.lo, r.x, r.zero, r.weight_zero, r.input_zero)
