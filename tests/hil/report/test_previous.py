"""A promise that was measured last time and is not now is said loudly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware_bridge.base.evidence import Evidence, Quantity
from hil.budgets import Budget, Verdict, verdict_on
from hil.report.previous import no_longer_measured

SIZE = Budget(what="size", unit="bytes", at_most=10, remedy="shrink")
FIGURE = Quantity(3, "bytes", Evidence.MEASURED)


def verdicts(first: Quantity | None, second: Quantity | None) -> list[Verdict]:
    return [
        verdict_on("a", SIZE, first, "no file", "real"),
        verdict_on("b", SIZE, second, "no board", "real"),
    ]


def earlier(path: Path, first: Quantity | None, second: Quantity | None) -> Path:
    path.write_text(json.dumps({"budgets": [one.as_dict() for one in verdicts(first, second)]}))
    return path


def test_only_what_is_lost_is_said(tmp_path: Path) -> None:
    report = earlier(tmp_path / "report.json", FIGURE, None)
    (said,) = no_longer_measured(report, verdicts(None, None))
    assert said == "a WAS MEASURED LAST TIME AND IS NOT NOW: no file."
    assert no_longer_measured(report, verdicts(FIGURE, None)) == []


def test_a_promise_that_is_gone_from_the_file_is_said(tmp_path: Path) -> None:
    report = earlier(tmp_path / "report.json", FIGURE, FIGURE)
    (said,) = no_longer_measured(report, verdicts(FIGURE, None)[:1])
    assert said == "b WAS MEASURED LAST TIME AND IS NOT NOW: it is no longer promised."


def test_without_an_earlier_report_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert no_longer_measured(tmp_path / "report.json", verdicts(None, None)) == []
    assert caplog.text == ""


@pytest.mark.parametrize("content", ["", "[]", "{", '{"budgets": [1]}'])
def test_a_damaged_report_is_said_to_be(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = tmp_path / "report.json"
    report.write_text(content)
    assert no_longer_measured(report, verdicts(None, None)) == []
    assert "report.json is damaged" in caplog.text
