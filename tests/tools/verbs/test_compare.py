"""`undertone compare` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.report import write_report
from tests.support.observations import TRUTH, observations, scores_for
from tests.support.pairs import Pair, make_pair
from tests.support.reports import report_of
from tools.cli import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("pair"))


def line(pair: Pair, second: int, *more: str) -> list[str]:
    """Return the call that compares the good bundle with itself (0) or with the spoilt one (1)."""
    return [
        "compare",
        str(pair.good.directory),
        str(pair[second].directory),
        "--corpus",
        f"ravdess:{pair.root}",
        *more,
    ]


def test_a_bundle_with_itself(pair: Pair, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "same.html"
    assert run(line(pair, 0, "--gate", "--html", str(page))) == 0
    told = capsys.readouterr()
    assert told.out.startswith("No difference.\n")
    assert "+0.0 [+0.0, +0.0]" in told.out
    assert str(page) in told.err
    assert "no difference" in page.read_text()


def test_a_worse_bundle_fits_80_columns(pair: Pair, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "worse.html"
    assert run(line(pair, 1, "--html", str(page))) == 0, "without --gate it is a question, not a check"
    told = capsys.readouterr().out
    assert told.startswith("The second is worse: fused UAR -")
    assert "recipe.student.width" in told
    assert "spoilt" in told
    assert max(len(one) for one in told.splitlines()) <= 80
    assert "data:audio/wav" in page.read_text()


@pytest.mark.parametrize(("second", "status"), [(0, 0), (1, 1)])
def test_the_gate(pair: Pair, capsys: Capture, second: int, status: int) -> None:
    assert run(line(pair, second, "--gate", "--json")) == status
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is (second == 0)
    assert found["accuracy"]["fused"]["verdict"] == ("worse" if second else "same")
    assert found["accuracy"]["fused"]["uar_difference"]["value"] <= 0


def test_two_runs(tmp_path: Path, capsys: Capture) -> None:
    write_report(report_of(), tmp_path / "a")
    write_report(report_of(observations(fused=scores_for((TRUTH + 1) % 3, 3))), tmp_path / "b")
    assert run(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--gate"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("The second is worse: fused UAR -100.0 points")
    assert max(len(one) for one in told.splitlines()) <= 80
    assert run(["compare", str(tmp_path / "a"), str(tmp_path / "a" / "report.json"), "--gate"]) == 0


@pytest.mark.parametrize("missing", ["bundle", "report", "nothing"])
def test_what_cannot_be_compared_is_one_line(
    pair: Pair, tmp_path: Path, capsys: Capture, missing: str
) -> None:
    good = str(pair.good.directory)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "report.json").write_text("{")
    second = {"bundle": tmp_path, "report": tmp_path / "run", "nothing": tmp_path / "nowhere"}[missing]
    first = str(second) if missing == "report" else good
    assert run(["compare", first, str(second)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 2, "what, and a remedy"
    assert "remedy: " in told.err
