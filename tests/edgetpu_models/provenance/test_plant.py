"""Planted changes: of every kind, each one change, and the program that counts them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from edgetpu_models.program.container import open_compiled
from edgetpu_models.provenance import plant as plant_module
from edgetpu_models.provenance.check import Study, Verdict, provenance_of, study
from edgetpu_models.provenance.plant import Harvest, Plant, caught, harvest, plants
from firmware_bridge.base.errors import InvalidSetting


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


@pytest.fixture(scope="module")
def pairs(data_root: Path) -> list[tuple[bytes, bytes]]:
    """One pair that is proved and one that is not."""
    folder = data_root / "edgetpu_pairs"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    starts = ("a3db3175", "bde341b1", "5bb128c7", "8e3eaee8")
    data = [next(folder.glob(f"{start}*")).read_bytes() for start in starts]
    return [(data[0], data[1]), (data[2], data[3])]


def test_what_is_not_proved_is_left_out(pairs: list[tuple[bytes, bytes]]) -> None:
    found = harvest(pairs, 20, 7)
    assert found.not_proved == 1
    assert found.planted.total() == 10
    assert found.good
    assert set(found.as_dict()) == {"planted", "missed", "wrong_layer", "pairs_not_proved"}


def test_a_check_that_sees_nothing_is_found_out(
    pairs: list[tuple[bytes, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    proved = [pair for pair in pairs if not _unproved(pair)]
    monkeypatch.setattr(plant_module, "caught", lambda *_: (False, False))
    blind = harvest(proved, 4, 7)
    assert blind.missed.total() == 4 and not blind.good
    monkeypatch.setattr(plant_module, "caught", lambda *_: (True, False))
    astray = harvest(proved, 4, 7)
    assert (astray.missed.total(), astray.wrong_layer.total()) == (0, 4)
    assert not astray.good


def _unproved(pair: tuple[bytes, bytes]) -> bool:
    return provenance_of(study(*pair)).verdict is not Verdict.PROVED


def test_nothing_planted_is_no_success(pairs: list[tuple[bytes, bytes]]) -> None:
    """An empty count has no misses in it: it must not look like a clean one."""
    with pytest.raises(InvalidSetting, match="no pairs"):
        harvest([], 10, 1)
    unproved = [pair for pair in pairs if _unproved(pair)]
    with pytest.raises(InvalidSetting, match="1 of 1 pairs are not proved") as caught_error:
        harvest(unproved, 10, 1)
    assert "undertone provenance" in caught_error.value.remedy
    assert Harvest().good, "which is why"
