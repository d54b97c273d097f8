"""Inspection of compiled files: made-up ones exactly, real ones in every recorded field."""

from __future__ import annotations

import json

import pytest

from edgetpu_models.inspect import inspect
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import ModelInvalid


def test_every_number_of_a_made_up_file() -> None:
    found = inspect(compiled(cached=8192, streamed=640, instructions=3000, token=0xBEEF, runtime=13))
    assert found.on_chip_bytes == 8192
    assert found.off_chip_bytes == 640
    assert found.instruction_bytes == 3000
    assert found.caching_instruction_bytes == 512
    assert found.executables == "EXECUTION_ONLY+PARAMETER_CACHING"
    assert found.min_runtime_version == 13
    assert found.token == "000000000000beef"
    assert found.ops_on_cpu == {}
    assert found.n_ops is None
    assert found.subgraphs == 1


def test_old_builds_are_told_from_new_ones() -> None:
    assert inspect(compiled()).build == "16.0"
    assert inspect(compiled(old=True)).build == "1.0"


def test_a_program_without_cache_stands_alone() -> None:
    found = inspect(compiled(cached=0, streamed=640))
    assert (found.executables, found.on_chip_bytes, found.off_chip_bytes) == ("STAND_ALONE", 0, 640)


def test_the_original_adds_what_only_it_knows() -> None:
    found = inspect(compiled(), original=small_network())
    assert found.n_ops == found.n_mapped == 11
    assert found.macs > 10_000


def test_it_prints_as_json() -> None:
    text = json.dumps(inspect(compiled()).as_dict())
    assert {"on_chip_bytes", "off_chip_bytes", "instruction_bytes", "executables", "ops_on_cpu"} <= set(
        json.loads(text)
    )


def test_a_model_that_was_not_compiled_is_told_so() -> None:
    with pytest.raises(ModelInvalid, match="not compiled for the Edge TPU") as caught:
        inspect(small_network())
    assert "analyse" in caught.value.remedy


def test_a_damaged_program_is_told_so() -> None:
    data = bytearray(compiled())
    at = bytes(data).index(b"DWN1")
    data[at : at + 4] = b"XXXX"
    with pytest.raises(ModelInvalid, match="DWN1"):
        inspect(bytes(data))


@pytest.mark.corpus
def test_equals_the_recorded_truth_in_every_field(pairs: list) -> None:
    assert len(pairs) >= 27
    for pair in pairs:
        found = inspect(pair.compiled, pair.original).as_dict()
        found["ops_on_cpu"] = " ".join(f"{op}:{n}" for op, n in found["ops_on_cpu"].items())
        for field, expected in pair.truth.items():
            got = "" if found[field] is None else str(found[field])
            assert got == expected, f"{pair.compiled.name}: {field}"
