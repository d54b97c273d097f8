"""`undertone bench`: what is measured is shown, and what cannot be is refused before it takes any time."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import UnknownName
from firmware_bridge.ports.twin import bench as twin_bench
from firmware_bridge.ports.twin.bench import Speed
from tools.lab import bench_frontend
from tools.lab.bench_frontend import Contender, Race
from train.foundation.extraction import bench as extract_bench
from train.foundation.extraction.bench import Listening

Answer = Callable[..., tuple[int, dict[str, Any]]]
Shown = Callable[..., tuple[int, str, str]]
OURS = Contender("ours, C core", 900, 11.1, None, None)
RACE = Race(
    clips="3 clips",
    machine="x86_64",
    missing=["tensorflow-cpu: left out"],
    versions={},
    whole_clips={"yamnet": [OURS]},
    second_clips={"yamnet": [OURS]},
    cortex_m7={},
    memory={"yamnet": {"tables": 4000, "state_on_host": 5000}},
)
SPEED = Speed(0.5, 1000, 6.0, 2.0, 1.0, 9000, {"ut_spectrum": 7500, "ut_levels": 2500})
HEARD = Listening(
    "whisper", "hidden_2", 2.0, 0.5, 900, 2, 36.0, 310_000_000, 500_000_000, 24, 3_000_000, "ab"
)


class TestFrontend:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
        calls: list[tuple[int, int]] = []

        def hold(limit: int, rounds: int) -> Race:
            calls.append((limit, rounds))
            return RACE

        monkeypatch.setattr(bench_frontend, "hold", hold)
        return calls

    def test_it_is_shown_with_those_that_could_not_take_part(
        self, asked: list[Any], shown: Shown, tmp_path: Path
    ) -> None:
        out = tmp_path / "race.json"
        status, told, said = shown("bench", "frontend", "--clips", "3", "--rounds", "2", "--out", str(out))
        assert (status, asked) == (0, [(3, 2)])
        assert "3 clips; x86_64; best of 2 rounds" in told
        assert "yamnet, 1 s clips" in told
        assert "on the chip" not in told, "nothing was emulated"
        assert "not raced: tensorflow-cpu: left out" in said
        assert json.loads(out.read_text()) == RACE.as_dict()

    def test_the_chip_where_it_was_emulated(self, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
        chip = {
            "instructions_per_frame": 41000,
            "code_bytes": 9000,
            "table_bytes": 4000,
            "state_bytes": 5000,
            "evidence": "emulated",
        }
        monkeypatch.setattr(
            bench_frontend, "hold", lambda *_: dataclasses.replace(RACE, cortex_m7={"yamnet": chip})
        )
        told = shown("bench", "frontend")[1]
        assert "on the chip" in told and "41000" in told and "emulated" in told

    @pytest.mark.parametrize("options", [["--rounds", "0"], ["--clips", "-1"]])
    def test_no_round_is_no_race(self, asked: list[Any], answer: Answer, options: list[str]) -> None:
        assert answer("bench", "frontend", *options)[0] == 2
        assert asked == []


class TestEdgeTpu:
    def test_files_are_timed(self, answer: Answer, shown: Shown, tmp_path: Path) -> None:
        (tmp_path / "a.tflite").write_bytes(small_network())
        (tmp_path / "a_edgetpu.tflite").write_bytes(compiled())
        status, found = answer("bench", "edgetpu", str(tmp_path))
        assert status == 0
        assert [(one["file"], one["verb"]) for one in found["timings"]] == [
            ("a.tflite", "analyse"),
            ("a_edgetpu.tflite", "inspect"),
        ]
        assert "a_edgetpu.tflite" in shown("bench", "edgetpu", str(tmp_path))[1]

    @pytest.mark.parametrize("name", ["broken.tflite", "nowhere.tflite", ""])
    def test_what_cannot_be_read_is_told(self, answer: Answer, tmp_path: Path, name: str) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "broken.tflite").write_bytes(b"nothing")
        status, found = answer("bench", "edgetpu", str(tmp_path / (name or "empty")))
        assert status == 2
        assert found["remedy"]

    def test_nothing_to_time(self, answer: Answer) -> None:
        status, found = answer("bench", "edgetpu")
        assert status == 2
        assert "MODELS" in found["what"]


class TestTwin:
    def test_times_and_instructions(
        self, shown: Shown, answer: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(twin_bench, "measure", lambda bundle, seconds: SPEED)
        status, told, _ = shown("bench", "twin", "--seconds", "6")
        assert status == 0
        assert "2.0 times real time on one core, 6 s of audio" in told
        assert [line.split()[-1] for line in told.splitlines() if line.lstrip().startswith("ut_")] == [
            "75.0",
            "25.0",
        ]
        found = answer("bench", "twin")[1]
        assert (found["realtime_factor"], found["instructions"]) == (2.0, 9000)

    @pytest.mark.parametrize("seconds", ["5", "61"])
    def test_a_segment_has_its_bounds(self, answer: Answer, seconds: str) -> None:
        status, found = answer("bench", "twin", "--seconds", seconds)
        assert status == 2
        assert "6<=x<=60" in found["what"]

    def test_no_bundle(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("bench", "twin", "--bundle", str(tmp_path))
        assert (status, found["error"]) == (2, "BundleInvalid")


class TestExtract:
    def test_what_was_heard_and_what_follows(
        self, shown: Shown, answer: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(extract_bench, "listen", lambda *_: HEARD)
        status, told, _ = shown("bench", "extract", "--encoder", "whisper")
        assert status == 0
        assert "36 s on 2 workers; 0.50 h were there" in told
        assert "measured: 36 worker-seconds per hour" in told
        assert "238 h take" in told
        assert answer("bench", "extract")[1]["worker_seconds_per_hour"] == 36.0

    def test_where_all_was_there_nothing_is_extrapolated(
        self, shown: Shown, answer: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(extract_bench, "listen", lambda *_: dataclasses.replace(HEARD, hours=0.0))
        told = shown("bench", "extract")[1]
        assert "measured" not in told and "extrapolated" not in told
        assert answer("bench", "extract")[1]["worker_seconds_per_hour"] is None

    def test_no_hours_are_no_bench(self, answer: Answer) -> None:
        assert answer("bench", "extract", "--hours", "0")[0] == 2

    def test_an_unknown_encoder_lists_the_known_ones(
        self, answer: Answer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(extract_bench, "make_corpus", lambda hours, folder: {})
        monkeypatch.setattr(extract_bench, "PLACE", tmp_path)
        status, found = answer("bench", "extract", "--encoder", "gramophone")
        assert (status, found["error"]) == (2, UnknownName.__name__)
        assert "whisper-tiny-en" in found["remedy"]
