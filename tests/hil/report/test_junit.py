"""JUnit XML: one case per promise and per segment, whatever stands in names."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from hil.budgets import Status
from hil.report import HilReport
from hil.report.junit import write_junit
from tests.support.observations import observations
from tests.support.reports import report_of


def suites(report: HilReport, folder: Path) -> dict[str, ET.Element]:
    write_junit(report, folder / "junit.xml")
    root = ET.fromstring((folder / "junit.xml").read_bytes())
    return {str(suite.get("name")): suite for suite in root.iter("testsuite")}


def case(suite: ET.Element, name: str) -> ET.Element:
    return next(one for one in suite.iter("testcase") if one.get("name") == name)


def test_every_promise_and_every_segment_is_a_case(tmp_path: Path) -> None:
    report = report_of()
    found = suites(report, tmp_path)
    assert [one.get("name") for one in found["budgets"].iter("testcase")] == [v.name for v in report.verdicts]
    assert [one.get("name") for one in found["segments"].iter("testcase")] == list(report.seen.names)
    assert found["budgets"].get("failures") == found["segments"].get("failures") == "0"


def test_a_kept_promise_carries_its_figure_and_where_it_comes_from(tmp_path: Path) -> None:
    one = case(suites(report_of(), tmp_path)["budgets"], "model_bytes")
    said = one.findtext("system-out") or ""
    assert "1,200,100 bytes (measured)" in said
    assert "the Edge TPU compiler was not here for acoustic" in said
    assert one.find("failure") is None


def test_a_broken_promise_says_by_how_much_and_what_to_change(tmp_path: Path) -> None:
    lsb = np.zeros(24, np.int64)
    lsb[5] = 3
    report = report_of(observations(features_lsb=lsb))
    found = suites(report, tmp_path)
    failure = case(found["budgets"], "alignment_lsb").find("failure")
    assert failure is not None
    assert failure.get("type") == "BrokenPromise"
    verdict = next(one for one in report.verdicts if one.name == "alignment_lsb")
    assert verdict.detail in (failure.get("message") or "")
    assert verdict.budget.remedy in (failure.get("message") or "")
    segment = case(found["segments"], "s5").find("failure")
    assert segment is not None
    assert segment.get("message") == "features differ by 3 LSB, scores by 0 LSB from the host's"
    assert found["segments"].get("failures") == "1"


def test_scores_that_differ_fail_their_segment_too(tmp_path: Path) -> None:
    lsb = np.zeros(24, np.int64)
    lsb[0] = 2
    segment = case(suites(report_of(observations(scores_lsb=lsb)), tmp_path)["segments"], "s0").find(
        "failure"
    )
    assert segment is not None and "scores by 2 LSB" in (segment.get("message") or "")


def test_what_was_not_measured_is_skipped_with_its_reason(tmp_path: Path) -> None:
    report = report_of(observations(speech="synthetic", figures={}))
    budgets = suites(report, tmp_path)["budgets"]
    skipped = {str(one.get("name")) for one in budgets.iter("testcase") if one.find("skipped") is not None}
    wanted = {v.name for v in report.verdicts if v.status in (Status.NOT_ASKED, Status.NOT_MEASURED)}
    assert skipped == wanted
    assert "macro_f1_fused" in skipped
    reason = case(budgets, "int8_agreement").find("skipped")
    assert reason is not None and reason.get("message")


@pytest.mark.parametrize("name", ["nul \0 inside", "bell \x07", "half \ud800 a pair", "\ufffe"])
def test_characters_that_xml_cannot_carry_are_replaced(tmp_path: Path, name: str) -> None:
    seen = observations(names=(name, *observations().names[1:]))
    first = next(suites(report_of(seen), tmp_path)["segments"].iter("testcase"))
    assert "?" in (first.get("name") or "")


@pytest.mark.parametrize("name", ["<b>&\"'", "größer", "日本語", "a/b c.wav", "😀"])
def test_all_other_characters_come_back(tmp_path: Path, name: str) -> None:
    seen = observations(names=(name, *observations().names[1:]))
    first = next(suites(report_of(seen), tmp_path)["segments"].iter("testcase"))
    assert first.get("name") == name


def test_properties_say_what_ran(tmp_path: Path) -> None:
    report = report_of()
    budgets = suites(report, tmp_path)["budgets"]
    assert {one.get("name"): one.get("value") for one in budgets.iter("property")} == {
        "device": "made-up",
        "bundle": "b" * 64,
        "channel": "bench",
        "scores_sha256": report.scores_sha256,
    }


def test_times_are_those_of_the_segments(tmp_path: Path) -> None:
    seen = observations(wall_s=np.linspace(0.1, 2.4, 24))
    cases = list(suites(report_of(seen), tmp_path)["segments"].iter("testcase"))
    assert [float(one.get("time") or 0) for one in cases] == pytest.approx(
        np.linspace(0.1, 2.4, 24).round(4).tolist()
    )
