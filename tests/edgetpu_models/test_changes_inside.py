"""Differences inside two compiled files: one planted change, one line, with its place and both values."""

from __future__ import annotations

import pytest

from edgetpu_models.diff import diff
from edgetpu_models.inside import NamedRecord, disassembly, look_inside, record_changes
from edgetpu_models.program.container import Compiled, open_compiled
from edgetpu_models.program.stream import FIELDS, WORD, ZERO, M, read_field, records, write_bits, write_field
from edgetpu_models.testing import compiled


@pytest.fixture(scope="module")
def opened(red_compiled: bytes) -> Compiled:
    return open_compiled(red_compiled)


def with_stream(red_compiled: bytes, opened: Compiled, word: int, at: int, width: int, value: int) -> bytes:
    """Return the file with some bits of the running program changed."""
    span = opened.running.stream
    stream = bytearray(span.of(red_compiled))
    write_bits(stream, word * WORD + at, width, value)
    return red_compiled[: span.start] + bytes(stream) + red_compiled[span.end :]


def test_equal_files_have_no_changes(red_compiled: bytes) -> None:
    assert record_changes(red_compiled, red_compiled) == []
    assert diff(red_compiled, red_compiled) == []


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_a_field_of_a_record_is_named(red_compiled: bytes, opened: Compiled, field: object) -> None:
    span = opened.running.stream
    record = next(r for r in records(span.of(red_compiled)) if 0 < r.m < 1 and r.hi < 1e6)
    stream = bytearray(span.of(red_compiled))
    before = read_field(stream, record.word, field)  # type: ignore[arg-type]
    after = before * 0.5 if field.kind == "f" else int(before) ^ 1  # type: ignore[attr-defined]
    write_field(stream, record.word, field, after)  # type: ignore[arg-type]
    changed = red_compiled[: span.start] + bytes(stream) + red_compiled[span.end :]
    stored = read_field(stream, record.word, field)  # type: ignore[arg-type]
    found = record_changes(red_compiled, changed)
    where = f"{opened.running.type.name}.word {record.word}.{field.name}"  # type: ignore[attr-defined]
    if stored != before:
        assert (where, repr(before), repr(stored)) in found


def test_another_word_is_shown_in_hex(red_compiled: bytes, opened: Compiled) -> None:
    span = opened.running.stream
    near = {w + d for w in (r.word for r in records(span.of(red_compiled))) for d in (-1, 0, 1)}
    word = next(w for w in range(40, span.size // 16) if w not in near)
    changed = with_stream(red_compiled, opened, word, 100, 8, 0x5A)
    ((where, before, after),) = record_changes(red_compiled, changed)
    assert where == f"{opened.running.type.name}.word {word}"
    assert int(before, 16) != int(after, 16)
    assert (int(after, 16) >> 100) & 0xFF == 0x5A


def test_parameters_are_counted(red_compiled: bytes, opened: Compiled) -> None:
    caching = next(p for p in opened.programs if p.parameters.size)
    data = bytearray(red_compiled)
    for at in (0, 5, 999):
        data[caching.parameters.start + at] ^= 0xFF
    assert record_changes(red_compiled, bytes(data)) == [
        (f"{caching.type.name}.parameters", f"{caching.parameters.size} bytes", "3 differ")
    ]


def test_programs_of_another_length_are_not_compared_word_by_word() -> None:
    ((where, before, after),) = record_changes(compiled(instructions=512), compiled(instructions=1024))
    assert where == "program"
    assert "512 bytes" in before
    assert after.endswith("1024")


def test_a_named_record_is_a_record_and_says_where_it_stands(red_compiled: bytes, opened: Compiled) -> None:
    view = look_inside(red_compiled)
    first = view.records[0]
    assert isinstance(first, NamedRecord)
    program = next(p for p in opened.programs if p.type.name == first.program)
    plain = next(r for r in records(program.stream.of(red_compiled)) if r.word == first.word)
    assert {name: getattr(first, name) for name in vars(plain)} == vars(plain)
    told = view.as_dict()["records"][0]
    assert told["low"] == f"{first.low:08x}"
    assert told["zero"] == read_field(program.stream.of(red_compiled), first.word, ZERO)
    assert told["m"] == read_field(program.stream.of(red_compiled), first.word, M)


def test_the_second_word_of_a_record_and_a_filled_border_are_named(
    red_compiled: bytes, opened: Compiled
) -> None:
    lines = [line for line in disassembly(red_compiled) if not line.startswith(";")]
    records_at = [i for i, line in enumerate(lines) if "requantise m=" in line]
    assert records_at
    for at in records_at:
        follows = lines[at + 1]
        assert "second word" in follows or "requantise m=" in follows
    span = opened.running.stream
    near = {w + d for w in (r.word for r in records(span.of(red_compiled))) for d in (-1, 0, 1)}
    word = next(
        w
        for w in range(40, span.size // 16)
        if w not in near and not any(span.of(red_compiled)[16 * w : 16 * w + 16])
    )
    filled = with_stream(red_compiled, opened, word, 0, WORD, 0x07070707 << 88 | 1 << 87)
    named = [line for line in disassembly(filled) if "fill a border with 7" in line]
    assert len(named) == 1
    assert named[0].split()[0] == str(word)


def test_words_are_counted_once(red_compiled: bytes, opened: Compiled) -> None:
    view = look_inside(red_compiled)
    assert view.words == sum(p.stream.size for p in opened.programs) // 16
    assert view.record_words == 2 * len(view.records)
    heads = [line for line in disassembly(red_compiled) if line.startswith(";")]
    assert len(heads) == len(opened.programs)
    assert f"from byte {opened.running.stream.start} of the file" in heads[0]
