"""Two runs of the rig, read from their reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from hil.compare import compare
from hil.compare.comparison import Comparison
from hil.compare.run_side import are_runs, run_side
from hil.report import HilReport, write_report
from hil.rig.observations import NO_KEYWORD
from tests.support.observations import TRUTH, observations, scores_for
from tests.support.reports import report_of

Run = Callable[..., Path]
MADE_FROM = {"recipe": {"student": {"width": 64}}, "code": "a" * 40}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write the report of a run; return its folder."""

    def write(name: str, report: HilReport | None = None, **changes: Any) -> Path:
        report = report or report_of(made_from=MADE_FROM)
        write_report(replace(report, **changes), tmp_path / name)
        return tmp_path / name

    return write


def compared(first: Path, second: Path) -> Comparison:
    return compare(run_side(first), run_side(second))


def test_a_run_with_itself(run: Run) -> None:
    found = compared(run("a"), run("b") / "report.json")
    assert found.verdict == "No difference."
    assert set(found.outputs) == {"acoustic", "fused", "keyword"}
    assert {one.difference for rows in found.changes.values() for one in rows} == {0}
    assert found.outputs["acoustic"].uar == (0.75, 0.75)


def test_a_run_that_hears_worse(run: Run) -> None:
    wrong = np.where(np.arange(24) < 12, (TRUTH + 1) % 3, TRUTH)
    worse = report_of(observations(fused=scores_for(wrong, 3)), made_from=MADE_FROM)
    found = compared(run("a"), run("b", worse))
    fused = found.outputs["fused"]
    assert fused.uar == (1.0, 0.5)
    assert len(fused.flips) == 12
    assert fused.flips[0].clip == "s0"
    assert found.worse
    assert found.verdict == (
        "The second is worse: fused UAR -50.0 points [-50.0, -50.0] over 4 speakers, 12 of 24 clips flipped; "
        "the same bundle."
    )
    broken = {one.name: one.difference for one in found.changes["promises"] if one.differs}
    assert broken["macro_f1_fused"] == pytest.approx(-0.5)


def test_what_the_bundle_was_made_from_is_in_the_report(run: Run) -> None:
    other = {"recipe": {"student": {"width": 48}}, "code": "b" * 40}
    found = compared(run("a"), run("b", made_from=other, bundle={"id": "c" * 64, "name": "tiny"}))
    assert found.verdict.endswith("changed: recipe.student.width, other code.")


def test_other_conditions_are_said(run: Run) -> None:
    found = compared(run("a"), run("b", channel={"name": "harsh"}, device={"device": "twin"}))
    told = " ".join(found.notes)
    assert "device is made-up on the first side, twin on the second" in told
    assert "channel is {'name': 'bench'} on the first side" in told


def test_fewer_segments_are_paired_by_name(run: Run) -> None:
    seen = observations()
    keep = np.arange(24) % 2 == 0
    fields = ("truth", "keyword_truth", "acoustic", "keyword", "fused", "vote", "features_lsb", "scores_lsb")
    half = replace(
        seen,
        names=seen.names[::2],
        speakers=seen.speakers[::2],
        audio_s=seen.audio_s[keep],
        wall_s=seen.wall_s[keep],
        modelled="not run",
        **{name: getattr(seen, name)[keep] for name in fields},
    )
    found = compared(run("a"), run("b", report_of(half, made_from=MADE_FROM)))
    assert found.outputs["fused"].clips == 12
    assert "fused: 12 clips are on one side only and are left out." in found.notes


def test_a_speaker_that_was_heard_takes_the_accuracy_away(run: Run) -> None:
    leaked = report_of(observations(heard=("speaker1",)), made_from=MADE_FROM)
    found = compared(run("a"), run("b", leaked))
    assert found.outputs == {}
    assert "was heard in training" in found.verdict


def test_a_run_without_keywords(run: Run) -> None:
    mute = report_of(observations(keyword_truth=np.full(24, NO_KEYWORD)), made_from=MADE_FROM)
    found = compared(run("a"), run("b", mute))
    assert set(found.outputs) == {"acoustic", "fused"}
    assert any(line.startswith("keyword is not compared") for line in found.notes)


def test_other_speakers_under_the_same_names_are_refused(run: Run) -> None:
    others = report_of(
        observations(speakers=tuple(f"speaker{i % 3}" for i in range(24))), made_from=MADE_FROM
    )
    with pytest.raises(InvalidSetting, match="cannot be paired"):
        compared(run("a"), run("b", others))


def test_synthetic_speech_is_said(run: Run) -> None:
    made = report_of(observations(speech="synthetic"), made_from=MADE_FROM)
    assert any("synthetic" in line for line in compared(run("a"), run("b", made)).notes)


class TestWhatIsARun:
    def test_a_folder_with_a_report_or_the_report(self, run: Run, tmp_path: Path) -> None:
        folder = run("a")
        assert are_runs(folder, folder / "report.json")
        assert not are_runs(tmp_path, tmp_path)

    def test_a_run_and_a_bundle_are_refused(self, run: Run, tmp_path: Path) -> None:
        for pair in ((run("a"), tmp_path), (tmp_path, run("a"))):
            with pytest.raises(InvalidSetting, match=r"a is a run of the rig, .* is none"):
                are_runs(*pair)

    def test_a_corpus_for_runs_is_refused(self, run: Run) -> None:
        with pytest.raises(InvalidSetting, match="answered to their clips already"):
            are_runs(run("a"), run("b"), "ravdess")

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("{", "is damaged"),
            ("[]", "is of format none"),
            ("{}", "before formats were counted"),
            ('{"format": 99}', "is of format 99; this program reads 1"),
            ('{"format": 1}', "verdict"),
        ],
    )
    def test_a_damaged_report_is_one_line(self, tmp_path: Path, content: str, told: str) -> None:
        (tmp_path / "report.json").write_text(content)
        with pytest.raises(InvalidSetting, match=told) as caught:
            run_side(tmp_path)
        assert "undertone hil" in caught.value.remedy
        assert "\n" not in caught.value.what

    def test_an_unknown_key_is_named(self, run: Run) -> None:
        file = run("a") / "report.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"beauty": 1}))
        with pytest.raises(InvalidSetting, match="unknown key 'beauty'"):
            run_side(file)

    def test_no_report(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidSetting, match="no report at"):
            run_side(tmp_path)
