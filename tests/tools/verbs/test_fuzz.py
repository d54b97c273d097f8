"""`undertone fuzz`: what was damaged is counted, a failure is status 1, and nothing tested is no success."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetpu_models import fuzz
from edgetpu_models.provenance import plant
from edgetpu_models.provenance.plant import Harvest
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.ports.fuzz import build
from firmware_bridge.ports.fuzz.build import FuzzResult

Answer = Callable[..., tuple[int, dict[str, Any]]]
Shown = Callable[..., tuple[int, str, str]]
RESULT = FuzzResult(1000, 54321, 900, 880, 3.5, 4000, {"ack": 870, "error": 10}, {"no_segment": 10})


@pytest.fixture
def fuzzer(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int, int]]:
    """Stand in for the program under sanitizers; return what it was run with."""
    calls: list[tuple[Path, int, int]] = []

    def run_fuzzer(program: Path, inputs: int, seed: int) -> FuzzResult:
        calls.append((program, inputs, seed))
        return RESULT

    monkeypatch.setattr(build, "build_fuzzer", lambda folder: folder / "fuzz")
    monkeypatch.setattr(build, "run_fuzzer", run_fuzzer)
    return calls


class TestProtocol:
    def test_options_reach_the_program(self, fuzzer: list[Any], answer: Answer, tmp_path: Path) -> None:
        status, found = answer(
            "fuzz", "protocol", "--count", "1000", "--seed", "7", "--folder", str(tmp_path)
        )
        assert status == 0
        assert fuzzer == [(tmp_path / "fuzz", 1000, 7)]
        assert found == {
            **vars(RESULT),
            "kinds": {"ack": 870, "error": 10},
            "errors": {"no_segment": 10},
        }

    def test_people_read_how_many_and_that_there_are_stand_ins(
        self, fuzzer: list[Any], shown: Shown, tmp_path: Path
    ) -> None:
        status, told, _ = shown("fuzz", "protocol", "--count", "1000", "--folder", str(tmp_path))
        assert status == 0
        assert told.startswith("1,000 inputs (54,321 bytes, 900 frames): no crash, no over-read")
        assert "errors: no_segment 10" in told
        assert "stand-ins" in told.splitlines()[-1]
        assert fuzzer[0][1:] == (1000, 1)

    def test_a_crash_is_a_failed_check(
        self, fuzzer: list[Any], shown: Shown, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_: object) -> FuzzResult:
            raise CheckFailed("the fuzzer stopped with status 1: heap-buffer-overflow", "run it again")

        monkeypatch.setattr(build, "run_fuzzer", crash)
        status, told, error = shown("fuzz", "protocol")
        assert (status, told) == (1, "")
        assert "heap-buffer-overflow" in error and "remedy: run it again" in error


class TestEdgeTpu:
    def test_the_models_of_a_folder_are_damaged(self, answer: Answer, tmp_path: Path) -> None:
        (tmp_path / "a.tflite").write_bytes(compiled())
        status, found = answer("fuzz", "edgetpu", str(tmp_path), "--count", "6", "--seed", "1")
        assert (status, found["files"], found["failures"]) == (0, 6, [])
        assert sum(found["answers"].values()) == 6 * len(fuzz.TOOLS)
        assert (
            answer("fuzz", "edgetpu", str(tmp_path), "--count", "6", "--seed", "1")[1]["answers"]
            == (found["answers"])
        )

    def test_without_a_folder_it_says_what_it_damages(self, shown: Shown) -> None:
        status, told, said = shown("fuzz", "edgetpu", "--count", "4")
        assert status == 0
        assert "small made-up models" in said
        assert "4 damaged files" in told and told.rstrip().endswith("0 failures")

    def test_a_folder_without_models_is_refused(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("fuzz", "edgetpu", str(tmp_path))
        assert (status, found["error"]) == (2, "InvalidSetting")
        assert "no .tflite" in found["what"] and found["remedy"]

    def test_a_folder_that_is_not_there_is_refused(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("fuzz", "edgetpu", str(tmp_path / "nowhere"))
        assert status == 2
        assert "nowhere" in found["what"]

    def test_an_untyped_error_fails_and_says_which_file(
        self, shown: Shown, answer: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(data: bytes) -> None:
            raise IndexError("oops")

        monkeypatch.setattr(fuzz, "TOOLS", {"lint": broken})
        status, told, _ = shown("fuzz", "edgetpu", "--count", "2", "--seed", "9")
        assert status == 1
        assert "FAILED: lint on file 1 of seed 9: IndexError: oops" in told
        assert answer("fuzz", "edgetpu", "--count", "2")[0] == 1

    @pytest.mark.parametrize("count", ["0", "-3", "many"])
    def test_a_count_that_is_none(self, answer: Answer, count: str) -> None:
        status, found = answer("fuzz", "edgetpu", "--count", count)
        assert status == 2
        assert "--count" in found["what"]


class TestReweight:
    def test_a_folder_without_pairs_is_refused(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("fuzz", "reweight", str(tmp_path))
        assert status == 2
        assert "PAIRS.csv" in found["what"] and "PAIRS.csv" in found["remedy"]

    def test_without_pairs_there_is_nothing_to_damage(self, answer: Answer) -> None:
        status, found = answer("fuzz", "reweight")
        assert status == 2
        assert "no compiled models" in found["what"]


class TestProvenance:
    @pytest.fixture
    def two(self, tmp_path: Path) -> list[str]:
        files = [tmp_path / "a.tflite", tmp_path / "a_edgetpu.tflite"]
        for file, data in zip(files, (small_network(), compiled()), strict=True):
            file.write_bytes(data)
        return [str(file) for file in files]

    def harvested(self, monkeypatch: pytest.MonkeyPatch, found: Harvest) -> list[Any]:
        seen: list[Any] = []

        def harvest(pairs: Any, count: int, seed: int) -> Harvest:
            seen.append((pairs, count, seed))
            return found

        monkeypatch.setattr(plant, "harvest", harvest)
        return seen

    def test_an_odd_file_is_no_pair(self, answer: Answer, two: list[str]) -> None:
        status, found = answer("fuzz", "provenance", *two, two[0])
        assert status == 2
        assert found["what"] == "3 files are no pairs"

    def test_a_file_that_is_no_model(self, answer: Answer, two: list[str]) -> None:
        Path(two[1]).unlink()
        status, found = answer("fuzz", "provenance", *two)
        assert (status, found["error"]) == (2, "ModelInvalid")

    def test_all_found(
        self, shown: Shown, answer: Answer, two: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = self.harvested(monkeypatch, Harvest(Counter(weight=3, bias=1), not_proved=2))
        status, told, _ = shown("fuzz", "provenance", *two, "--count", "4", "--seed", "5")
        assert status == 0
        assert "2 pairs are not proved" in told
        assert seen == [([(small_network(), compiled())], 4, 5)]
        assert answer("fuzz", "provenance", *two)[1]["planted"] == {"bias": 1, "weight": 3}

    @pytest.mark.parametrize("fault", ["missed", "wrong_layer"])
    def test_one_that_was_not_found_fails(
        self, shown: Shown, answer: Answer, two: list[str], monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        self.harvested(monkeypatch, Harvest(Counter(weight=3), **{fault: Counter(weight=1)}))
        assert shown("fuzz", "provenance", *two)[0] == 1
        status, found = answer("fuzz", "provenance", *two)
        assert (status, found[fault]) == (1, {"weight": 1})
