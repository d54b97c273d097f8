"""Figures next to each other, and what was changed."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.base.paths import ROOT
from firmware_bridge.base.version import files_between
from hil.compare.comparison import compare
from hil.compare.figures import STAGES, SUM, Change, changes
from hil.compare.origins import ABSENT, key_changes, origins
from hil.compare.sides import Side
from hil.compare.tables import change_table, difference, figure_table, number
from hil.report.origin import flat


def quantity(value: float, *interval: float, unit: str = "ms") -> Quantity:
    ends = (interval[0], interval[1]) if interval else None
    return Quantity(value, unit, Evidence.ESTIMATED, interval=ends)


def side(**changes: Any) -> Side:
    fields: dict[str, Any] = {
        "kind": "bundle",
        "place": "somewhere",
        "bundle": "0" * 64,
        "figures": {},
        "made_from": {"recipe.width": 64},
        "code": "a" * 40,
        "why_not": "there are no clips",
    }
    return Side(**fields | changes)


class TestChange:
    def test_a_difference(self) -> None:
        change = Change("x", quantity(3), quantity(5))
        assert change.difference == 2
        assert change.differs
        assert not change.within_intervals
        assert change.unit == "ms"
        assert not Change("x", quantity(3), quantity(3)).differs

    @pytest.mark.parametrize(("first", "second"), [(quantity(3), None), (None, quantity(3))])
    def test_a_figure_of_one_side_only(self, first: Quantity | None, second: Quantity | None) -> None:
        change = Change("x", first, second)
        assert change.difference is None
        assert change.differs
        assert difference(change) == ("only first" if first else "only second")
        assert change.unit == "ms"

    @pytest.mark.parametrize(
        ("second", "within"), [((5, 4, 6), True), ((9, 8, 10), False), ((0, -2, 1.9), False)]
    )
    def test_overlapping_intervals_prove_nothing(self, second: tuple[float, ...], within: bool) -> None:
        change = Change("x", quantity(3, 2, 4), quantity(*second))
        assert change.within_intervals is within
        assert difference(change).startswith("~") is within

    def test_how_figures_are_written(self) -> None:
        assert number(None) == "-"
        assert number(quantity(1234567)) == "1,234,567"
        assert number(quantity(12.34567)) == "12.35"
        assert difference(Change("x", quantity(10), quantity(1010))) == "+1,000"
        assert difference(Change("x", quantity(1.5), quantity(1.25))) == "-0.25"


def test_groups_are_the_union_of_both_sides() -> None:
    found = changes(
        {"bytes": {"a": quantity(1), "b": quantity(2)}}, {"bytes": {"c": quantity(3)}, "more": {}}
    )
    assert [one.name for one in found["bytes"]] == ["a", "b", "c"]
    assert found["more"] == []


def test_stages_have_a_sum() -> None:
    stages = {"features": quantity(1, 0.5, 2), "network": quantity(10)}
    total = next(one for one in changes({STAGES: stages}, {})[STAGES] if one.name == SUM).first
    assert total is not None
    assert total.value == 11
    assert total.interval == (10.5, 12)


def test_only_what_differs_has_a_row_and_the_unit_is_in_the_title() -> None:
    one = {"bytes": {"a": quantity(1, unit="bytes"), "b": quantity(2, unit="bytes")}}
    two = {"bytes": {"a": quantity(1, unit="bytes"), "b": quantity(4, unit="bytes")}}
    table = figure_table(compare(side(figures=one), side(figures=two)), "bytes")
    assert table.title == "Bytes, bytes"
    assert table.rows == (("b", "2", "4", "+2"),)


def test_the_cost_is_in_the_verdict() -> None:
    slow = {STAGES: {"network": quantity(12, 11, 13)}, "bytes": {"a.tflite": quantity(100)}}
    fast = {STAGES: {"network": quantity(10, 9, 10.5)}, "bytes": {"a.tflite": quantity(50)}}
    found = compare(side(figures=slow), side(figures=fast, bundle="1" * 64, made_from={"recipe.width": 32}))
    assert found.verdict == (
        "Accuracy was not compared: there are no clips; -50 bytes; -2 ms a decision; changed: recipe.width."
    )
    near = {STAGES: {"network": quantity(11.5, 10, 12.5)}, "bytes": {"a.tflite": quantity(100)}}
    assert (
        "-0.5 ms a decision, within the intervals" in compare(side(figures=slow), side(figures=near)).verdict
    )


class TestOrigins:
    def test_nested_settings_by_dotted_key(self) -> None:
        assert flat({"a": {"b": 1, "c": {"d": [1, {"e": 2}]}}, "f": None, "g": {}}) == {
            "a.b": 1,
            "a.c.d": [1, {"e": 2}],
            "f": None,
            "g": {},
        }

    def test_changed_new_and_lost_keys(self) -> None:
        found = key_changes({"a": 1, "b": 2, "c": None}, {"a": 1, "b": 3, "d": 4})
        assert [(one.key, one.first, one.second) for one in found] == [
            ("b", 2, 3),
            ("c", None, ABSENT),
            ("d", ABSENT, 4),
        ]

    def test_a_report_that_tells_nothing_is_not_taken_for_equal(self) -> None:
        found = origins(side(made_from={}), side())
        assert found.keys == ()
        assert "does not say" in found.unknown

    def test_the_same_code(self) -> None:
        assert origins(side(), side()).same_code
        assert not origins(side(code="a+changes"), side(code="a+changes")).same_code
        assert not origins(side(), side(code="b" * 40)).same_code

    def test_long_values_are_cut_in_the_table_alone(self) -> None:
        found = compare(side(), side(made_from={"recipe.width": list(range(100))}))
        assert len(change_table(found).rows[0][2]) == 26
        assert found.origins.keys[0].as_dict()["second"] == list(range(100))


class TestCode:
    def test_files_between_two_revisions(self) -> None:
        def git(*line: str) -> list[str]:
            done = subprocess.run(["git", "-C", ROOT, *line], capture_output=True, text=True, check=False)
            return done.stdout.split()

        ends = git("log", "-2", "--first-parent", "--format=%H")
        if len(ends) < 2:
            pytest.skip("not a checkout with a history")
        found = files_between(ends[1], f"{ends[0]}+changes")
        assert found is not None
        assert sorted(found) == sorted(git("diff", "--name-only", ends[1], ends[0]))
        assert files_between(ends[0], ends[0]) == ()

    @pytest.mark.parametrize("revision", ["unknown", "none", "", "--output=x", "0" * 40])
    def test_revisions_that_nobody_knows(self, revision: str) -> None:
        assert files_between(revision, revision) is None
