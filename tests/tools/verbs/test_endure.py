"""`undertone endure`: how many of how many came through, the seeds of those that did not, and status 1 for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.twin import schedules
from firmware_bridge.ports.twin.schedules import Outcome, Tally
from hil.endurance import powercut, soak
from hil.endurance.powercut import Summary
from hil.endurance.soak import Soak

Answer = Callable[..., tuple[int, dict[str, Any]]]
Shown = Callable[..., tuple[int, str, str]]


class TestPowercut:
    def test_every_cut_of_a_real_bundle_is_survived(self, tiny_bundle: Bundle, shown: Shown) -> None:
        line = ["endure", "powercut", "--bundle", str(tiny_bundle.directory), "--seeds", "1", "--every", "40"]
        status, told, said = shown(*line)
        assert status == 0
        survived, _, cases = told.removeprefix("host: ").split()[:3]
        assert survived == cases
        assert "cutting the power" in said
        assert "sending the bundle" not in said, "one line for each of hundreds of updates"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--device", "toaster"], "host, twin"),
            (["--seeds", "0"], "x>=1"),
            (["--every", "0"], "x>=1"),
        ],
    )
    def test_what_cannot_be_asked_for(
        self, tiny_bundle: Bundle, answer: Answer, options: list[str], words: str
    ) -> None:
        status, found = answer("endure", "powercut", "--bundle", str(tiny_bundle.directory), *options)
        assert status == 2
        assert words in found["what"] + found["remedy"]

    def test_no_bundle(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("endure", "powercut", "--bundle", str(tmp_path))
        assert (status, found["error"]) == (2, "BundleInvalid")
        assert found["remedy"]

    def test_a_device_that_was_broken_is_status_1(
        self, shown: Shown, answer: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lost = Summary(10, 5, 6, 3, ("Case(earlier=1): neither bundle answers",))
        monkeypatch.setattr(powercut, "sweep_bundle", lambda *_: lost)
        status, told, _ = shown("endure", "powercut", "--device", "twin")
        assert status == 1
        assert told.startswith("twin: 9 of 10 survived")
        assert "neither bundle answers" in told
        status, found = answer("endure", "powercut")
        assert (status, found["survived"], found["cases"], found["device"]) == (1, 9, 10, "host")


class TestSchedules:
    @pytest.fixture
    def tally(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[Outcome, ...]], None]:
        """Stand in for the emulated firmware: these schedules are lost, the others come back."""

        def install(lost: tuple[Outcome, ...]) -> None:
            class Rows:
                def __init__(self, bundle: Path) -> None:
                    self.bundle = bundle

                def run_all(self, count: int, first: int) -> Tally:
                    return Tally(first, count, 12, {"tpu": count}, lost, 1.5)

            monkeypatch.setattr(schedules, "Schedules", Rows)

        return install

    def test_all_came_back(self, tally: Callable[..., None], shown: Shown) -> None:
        tally(())
        status, told, _ = shown("endure", "schedules", "--count", "20", "--first", "5")
        assert status == 0
        assert told == ("seeds 5 to 24: 20 of 20 came back; 12 restarts; last starts: {'tpu': 20}; 2 s\n")

    def test_one_did_not(self, tally: Callable[..., None], shown: Shown, answer: Answer) -> None:
        tally((Outcome(8, "does not answer", -1, ""),))
        status, told, _ = shown("endure", "schedules", "--count", "3", "--first", "7")
        assert status == 1
        assert "2 of 3 came back" in told and "seed 8: does not answer" in told
        status, found = answer("endure", "schedules", "--count", "3", "--first", "7")
        assert (status, found["came_back"]) == (1, 2)
        assert found["lost"][0]["seed"] == 8

    def test_no_bundle(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("endure", "schedules", "--bundle", str(tmp_path), "--count", "1")
        assert (status, found["error"]) == (2, "BundleInvalid")


class TestLink:
    def test_faults_of_a_line_end_well(self, shown: Shown, answer: Answer) -> None:
        status, told, _ = shown("endure", "link", "--count", "30")
        assert status == 0
        assert told.startswith("30 segments: ") and told.endswith("0 wrong, 0 late\n")
        _, found = answer("endure", "link", "--count", "30")
        assert found["right"] + found["typed"] == 30
        assert answer("endure", "link", "--count", "30")[1] == found

    def test_the_seed_decides(self, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[int, int]] = []

        def note_it(count: int, seed: int) -> Soak:
            asked.append((count, seed))
            return Soak(count, 0, [], [])

        monkeypatch.setattr(soak, "soak", note_it)
        assert answer("endure", "link", "--count", "5", "--seed", "40")[0] == 0
        assert asked == [(5, 40)]

    @pytest.mark.parametrize(
        ("found", "words"), [(Soak(1, 0, [17], []), "wrong data"), (Soak(1, 0, [], [17]), "late")]
    )
    def test_a_wrong_or_late_answer_fails_and_names_its_seed(
        self, shown: Shown, answer: Answer, monkeypatch: pytest.MonkeyPatch, found: Soak, words: str
    ) -> None:
        monkeypatch.setattr(soak, "soak", lambda *_: found)
        status, told, _ = shown("endure", "link", "--count", "2")
        assert status == 1
        assert f"seed 17: {words}" in told
        assert answer("endure", "link", "--count", "2")[0] == 1
