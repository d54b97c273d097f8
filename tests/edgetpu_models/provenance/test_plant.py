"""Planted changes: of every kind, each one change, and the program that counts them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgetpu_models.program.container import open_compiled
from edgetpu_models.provenance.check import Study, study
from edgetpu_models.provenance.plant import Plant, caught, main, plants


@pytest.fixture(scope="module")
def known(data_root: Path) -> tuple[bytes, Study]:
    folder = data_root / "edgetpu_same_architecture"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    original = (folder / "color_red_64x64.tflite").read_bytes()
    return original, study(original, (folder / "color_red_64x64_edgetpu.tflite").read_bytes())


def test_the_same_seed_plants_the_same_changes(known: tuple[bytes, Study]) -> None:
    first, second, other = (list(plants(known[1], 20, seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other
    assert len(first) == 20


def test_each_change_is_small_and_of_its_kind(known: tuple[bytes, Study]) -> None:
    _, pair = known
    streams = [p.stream for p in open_compiled(pair.compiled.data).programs]
    kinds: Counter[str] = Counter()
    for plant in plants(pair, 60, 3):
        before = pair.compiled.data
        assert len(plant.data) == len(before)
        places = [i for i, (a, b) in enumerate(zip(before, plant.data, strict=True)) if a != b]
        inside = [any(s.start <= i < s.end for s in streams) for i in places]
        assert all(inside) if plant.kind == "record" else not any(inside)
        if plant.kind != "swap":
            assert len(places) <= 5
        kinds[plant.kind] += 1
    assert {"weight", "record"} <= set(kinds)


def test_a_file_without_a_change_is_not_caught(known: tuple[bytes, Study]) -> None:
    original, pair = known
    assert caught(pair, original, Plant("none", frozenset([1]), pair.compiled.data)) == (False, False)


def test_the_wrong_layer_is_told_from_the_right_one(known: tuple[bytes, Study]) -> None:
    original, pair = known
    plant = next(p for p in plants(pair, 10, 5) if p.kind == "weight")
    assert caught(pair, original, plant) == (True, True)
    assert caught(pair, original, Plant(plant.kind, frozenset([99]), plant.data)) == (True, False)


def test_the_program_prints_counts_and_leaves_out_what_is_not_proved(
    data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data_root / "edgetpu_pairs"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    names: list[Any] = [
        next(folder.glob(f"{start}*")) for start in ("a3db3175", "bde341b1", "5bb128c7", "8e3eaee8")
    ]
    assert main(["20", "7", *map(str, names)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pairs not proved"] == 1
    assert sum(n for what, n in found.items() if what.endswith(": planted")) == 10
    assert not any(n for what, n in found.items() if what.endswith(("missed", "wrong layer")))
