"""The fuzzer itself: it must see a wrong file, an untyped error and a slow answer, and count the rest by kind."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgetpu_models.fuzz import mutate
from edgetpu_models.program.container import open_compiled
from edgetpu_models.program.stream import records
from edgetpu_models.reweight import fuzz
from edgetpu_models.reweight.derive import Derived
from edgetpu_models.reweight.fuzz import Triple, outcome, run, triples, without_token
from firmware_bridge.base.errors import InvalidSetting, ReweightRefused


@pytest.fixture(scope="module")
def folder(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pairs of two colours only."""
    source = data_root / "edgetpu_same_architecture"
    if not source.is_dir():
        pytest.skip("no compiled models at hand")
    made = tmp_path_factory.mktemp("two")
    rows = ["original,compiled,repo,path,licence"]
    for colour in ("red", "blue"):
        names = [f"color_{colour}_64x64{end}.tflite" for end in ("", "_edgetpu")]
        for name in names:
            shutil.copy(source / name, made / name)
        rows.append(f"{names[0]},{names[1]},,,")
    (made / "PAIRS.csv").write_text("\n".join([*rows, ",alone_edgetpu.tflite,,,"]) + "\n")
    return made


@pytest.fixture(scope="module")
def known(folder: Path) -> list[Triple]:
    return list(triples([folder]))


def test_each_pair_is_taken_with_itself_and_with_its_neighbour(folder: Path, known: list[Triple]) -> None:
    assert len(known) == 4
    red, blue = ((folder / f"color_{c}_64x64.tflite").read_bytes() for c in ("red", "blue"))
    assert [(t.original == red, t.retrained == red) for t in known] == [
        (True, True),
        (True, False),
        (False, False),
        (False, True),
    ]
    real = (folder / "color_blue_64x64_edgetpu.tflite").read_bytes()
    assert without_token(known[1].honest) == without_token(real)
    assert known[1].retrained == blue


def test_tokens_are_blanked_and_nothing_else(known: list[Triple]) -> None:
    data = known[0].compiled
    blank = without_token(data)
    places = {p.token_at + i for p in open_compiled(data).programs for i in range(8) if p.token_at}
    assert {i for i, (a, b) in enumerate(zip(data, blank, strict=True)) if a != b} <= places
    assert {p.token for p in open_compiled(blank).programs} == {0}


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_undamaged_file_gives_the_honest_result(known: list[Triple], which: int) -> None:
    triple = known[1]
    files = (triple.original, triple.compiled, triple.retrained)
    assert outcome(triple, which, files[which]) == "unchanged"


def test_a_refusal_is_counted_by_its_class(known: list[Triple]) -> None:
    triple = known[1]
    assert outcome(triple, 1, triple.compiled[:1000]) == "ModelInvalid"
    damaged = bytearray(triple.compiled)
    damaged[open_compiled(triple.compiled).programs[1].parameters.start + 3] ^= 1
    assert outcome(triple, 1, bytes(damaged)) == "ReweightRefused"


def test_damage_that_nobody_understands_is_carried_to_its_place(known: list[Triple]) -> None:
    triple = known[1]
    span = open_compiled(triple.compiled).running.stream
    quiet = next(
        at for at in range(span.start + 640, span.end, 16) if not any(triple.compiled[at : at + 16])
    )  # a word of zeros: no record, no border
    damaged = bytearray(triple.compiled)
    damaged[quiet + 1] ^= 0x04
    assert outcome(triple, 1, bytes(damaged)) == "carried"


def test_a_retrained_network_with_another_weight_agrees_both_ways(known: list[Triple]) -> None:
    triple = known[1]
    answers = set()
    for at in range(len(triple.retrained) - 3000, 500, -97):
        damaged = bytearray(triple.retrained)
        damaged[at] ^= 1
        answers.add(outcome(triple, 2, bytes(damaged)))
    assert "valid network, two ways agree" in answers
    assert answers <= {"valid network, two ways agree", "ModelInvalid", "ReweightRefused", "honest"}


def lying(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let `reweight` answer wrongly, as a bug would."""
    honest = fuzz.reweight

    def wrong(*files: bytes) -> Derived:
        return change(honest(*files))

    monkeypatch.setattr(fuzz, "reweight", wrong)


def test_a_wrong_file_is_seen(known: list[Triple], monkeypatch: pytest.MonkeyPatch) -> None:
    def flipped(found: Derived) -> Derived:
        data = bytearray(found.data)
        data[open_compiled(found.data).running.stream.start + 100] ^= 1
        return replace(found, data=bytes(data))

    lying(monkeypatch, flipped)
    triple = known[1]
    assert outcome(triple, 1, triple.compiled) == "WRONG"
    assert outcome(triple, 0, triple.original) == "WRONG"
    monkeypatch.setattr(fuzz, "mutate", lambda data, rng: data)
    found = run(known[1:2], 3, 1)
    assert len(found.failures) == 3
    assert all(kind.endswith(": WRONG") for kind in found.answers)


def test_an_untyped_error_is_a_failure(known: list[Triple], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(found: Derived) -> Derived:
        raise IndexError("list index out of range")

    lying(monkeypatch, broken)
    monkeypatch.setattr(fuzz, "mutate", lambda data, rng: data)
    found = run(known, 4, 1)
    assert len(found.failures) == 4
    assert "IndexError: list index out of range" in found.failures[0]
    assert "of seed 1" in found.failures[0]


def test_a_slow_answer_is_a_failure(known: list[Triple], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "LIMIT_S", 0.0)
    monkeypatch.setattr(fuzz, "mutate", lambda data, rng: data[:200])
    assert len(run(known, 2, 1).failures) == 2


def test_a_refusal_is_no_failure(known: list[Triple], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(found: Derived) -> Derived:
        raise ReweightRefused("no", "")

    lying(monkeypatch, refused)
    monkeypatch.setattr(fuzz, "mutate", lambda data, rng: data)
    found = run(known, 5, 1)
    assert not found.failures
    assert found.answers.total() == found.files == 5


def test_the_same_seed_damages_the_same_files(known: list[Triple]) -> None:
    first, second = (run(known, 12, 9).answers for _ in range(2))
    assert first == second
    assert mutate(known[0].original, random.Random(3)) == mutate(known[0].original, random.Random(3))
    # Of the whole process, which holds more than this when other tests have run in it.
    assert run(known, 2, 9).peak_mib > 0


def test_the_outcome_as_data(known: list[Triple]) -> None:
    found = run(known, 6, 4)
    data = found.as_dict()
    assert (data["files"], data["failure_count"]) == (6, 0)
    assert list(data["answers"]) == sorted(found.answers)
    assert all(kind.split(":")[0] in ("original", "compiled", "retrained") for kind in data["answers"])


def test_without_triples_nothing_is_claimed(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"holds no PAIRS\.csv") as caught:
        list(triples([tmp_path]))
    assert "PAIRS.csv lists" in caught.value.remedy
    with pytest.raises(InvalidSetting, match="no compiled models to damage") as caught:
        run([], 10, 1)
    assert "edgetpu_pairs" in caught.value.remedy


def test_a_record_that_was_copied_elsewhere_counts_by_itself(known: list[Triple]) -> None:
    """Nothing tells the copy from a record, so it is written anew like the others."""
    triple = known[3]
    opened = open_compiled(triple.compiled)
    span = opened.running.stream
    words = [r.word for r in records(span.of(triple.compiled))]
    changing = next(
        w
        for w in words
        if triple.honest[span.start + 16 * w : span.start + 16 * w + 16]
        != triple.compiled[span.start + 16 * w : span.start + 16 * w + 16]
    )
    free = next(w for w in range(40, span.size // 16) if not {w + d for d in range(-2, 4)} & set(words))
    damaged = bytearray(triple.compiled)
    source, target = span.start + 16 * (changing - 1), span.start + 16 * (free - 1)
    damaged[target : target + 48] = triple.compiled[source : source + 48]
    assert outcome(triple, 1, bytes(damaged)) == "carried in its words"


def test_a_wrong_value_outside_a_copied_record_is_still_wrong(
    known: list[Triple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def flipped(found: Derived) -> Derived:
        data = bytearray(found.data)
        data[open_compiled(found.data).running.stream.end - 3] ^= 1
        return replace(found, data=bytes(data))

    lying(monkeypatch, flipped)
    triple = known[1]
    damaged = bytearray(triple.compiled)
    damaged[open_compiled(triple.compiled).running.stream.start + 641] ^= 4
    assert outcome(triple, 1, bytes(damaged)) == "WRONG"


def test_a_transfer_whose_name_was_damaged_is_refused(known: list[Triple]) -> None:
    """Seed 20251121, file 14193: the template's name would have stayed in one place of the retrained file."""
    triple = known[1]
    opened = open_compiled(triple.compiled)
    port = opened.running.ports[0]
    for span in opened.running.names:
        if span.of(triple.compiled) != port.name.encode() or span == port.name_at:
            continue
        damaged = bytearray(triple.compiled)
        damaged[span.start + 4] ^= 0x40
        assert outcome(triple, 1, bytes(damaged)) == "ReweightRefused"


def test_a_record_that_was_unmade_keeps_its_remains_and_nothing_more(known: list[Triple]) -> None:
    """Seed 20251123, file 9847: overwritten by a moved piece, one of several equal records is none any more."""
    triple = known[3]
    span = open_compiled(triple.compiled).running.stream
    answers = set()
    for record in records(span.of(triple.compiled)):
        damaged = bytearray(triple.compiled)
        at = span.start + 16 * record.word
        damaged[at : at + 14] = bytes(14)
        answers.add(outcome(triple, 1, bytes(damaged)))
    assert answers <= {"ReweightRefused", "carried", "carried in its words", "honest"}
    assert "ReweightRefused" in answers, "where it was an operation's only record, that is noticed"
