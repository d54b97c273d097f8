"""Promises: read strictly, judged by the right end of an interval, explained when broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Evidence, Quantity
from hil.budgets import UNITS, Budget, Status, load_budgets, verdict_on

GOOD = '[model_bytes]\nunit = "bytes"\nwhat = "size"\nat_most = 10\nremedy = "shrink"\n'


def quantity(value: float, interval: tuple[float, float] | None = None) -> Quantity:
    return Quantity(value, "ms", Evidence.ESTIMATED, interval=interval)


def budget(**limits: object) -> Budget:
    return Budget.model_validate({"what": "w", "unit": "ms", "remedy": "r", **limits})


@pytest.mark.parametrize(
    ("limits", "value", "kept"),
    [
        ({"at_most": 10}, 10, True),
        ({"at_most": 10}, 10.001, False),
        ({"at_least": 0.5}, 0.5, True),
        ({"at_least": 0.5}, 0.499, False),
        ({"exactly": 0}, 0, True),
        ({"exactly": 0}, 1, False),
        ({"exactly": 0}, -1, False),
    ],
)
def test_values_are_compared_exactly(limits: dict[str, float], value: float, kept: bool) -> None:
    assert budget(**limits).keeps(quantity(value)) is kept


@pytest.mark.parametrize(
    ("limits", "interval", "kept"),
    [
        ({"at_most": 10}, (9, 14), True),
        ({"at_most": 10}, (10.5, 14), False),
        ({"at_least": 10}, (4, 11), True),
        ({"at_least": 10}, (4, 9.5), False),
        ({"exactly": 10}, (9, 11), True),
        ({"exactly": 10}, (10.5, 11), False),
    ],
)
def test_noisy_figures_break_only_outside_their_own_spread(
    limits: dict[str, float], interval: tuple[float, float], kept: bool
) -> None:
    middle = sum(interval) / 2
    assert budget(gate="interval", **limits).keeps(quantity(middle, interval)) is kept
    value_gate = budget(**limits)
    assert value_gate.keeps(quantity(middle, interval)) is value_gate.keeps(quantity(middle))


def test_a_broken_promise_says_by_how_much() -> None:
    verdict = verdict_on("latency", budget(at_most=20), quantity(25), "", "real")
    assert verdict.status is Status.BROKEN
    assert verdict.detail == "5 ms too much (25.0% of the limit)"
    assert verdict.as_dict()["remedy"] == "r"
    assert verdict.as_dict()["limit"] == 20
    large = verdict_on("size", budget(at_most=1_800_000), quantity(3_034_567), "", "real")
    assert large.detail.startswith("1,234,567 ms too much (68.6%")
    less = verdict_on("f1", budget(at_least=0.5, gate="interval"), quantity(0.4, (0.3, 0.45)), "", "real")
    assert "too little" in less.detail
    assert "0.3 to 0.45" in less.detail


def test_what_was_not_measured_is_not_kept() -> None:
    verdict = verdict_on("x", budget(at_most=1), None, "no keyword", "real")
    assert (verdict.status, verdict.detail) == (Status.NOT_MEASURED, "no keyword")
    assert verdict.as_dict()["figure"] is None


def test_synthetic_speech_is_not_asked_for_what_people_promise() -> None:
    promise = budget(at_least=0.5, speech="real")
    assert verdict_on("x", promise, quantity(0.1), "", "synthetic").status is Status.NOT_ASKED
    assert verdict_on("x", promise, quantity(0.1), "", "real").status is Status.BROKEN


def test_the_checked_in_file_is_read_and_every_promise_has_a_remedy() -> None:
    budgets = load_budgets()
    assert budgets["alignment_lsb"].limit == 0
    assert budgets["latency_p50_ms"].limit == 22
    strict = [budgets[name].limit for name in ("model_bytes", "board_ram_bytes", "on_chip_ram_bytes")]
    assert strict == [1_800_000] * 3, "the published 1.8 MB, whichever way it was meant"
    assert all(len(one.remedy) > 15 and one.what for one in budgets.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "colour = 1\n", "colour"),
        (GOOD.replace("at_most = 10", "at_most = 10\nat_least = 1"), "exactly one"),
        (GOOD.replace("at_most = 10", ""), "exactly one"),
        (GOOD.replace("10", '"ten"'), "at_most"),
        ("[size\n", "not TOML"),
        ("", "promises nothing"),
        ("model_bytes = 3\n", "model_bytes"),
        (GOOD.replace("10", "inf"), "at_most"),
        (GOOD.replace("10", "nan"), "at_most"),
    ],
)
def test_a_bad_budget_file_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(InvalidSetting) as caught:
        load_budgets(path)
    assert words in caught.value.what
    assert caught.value.remedy


def test_a_missing_budget_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="no budget file"):
        load_budgets(tmp_path / "none.toml")


def test_a_promise_that_nothing_measures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budgets.toml"
    path.write_text(GOOD.replace("model_bytes", "model_byte"))
    with pytest.raises(InvalidSetting, match=r"model_byte.*nothing measures") as raised:
        load_budgets(path)
    assert "model_bytes" in raised.value.remedy


def test_a_wrong_unit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budgets.toml"
    path.write_text(GOOD.replace('unit = "bytes"', 'unit = "KiB"'))
    with pytest.raises(InvalidSetting, match="'KiB' is not what is measured") as raised:
        load_budgets(path)
    assert raised.value.remedy == 'unit = "bytes"'


@pytest.mark.parametrize(
    ("settings", "speech", "status"),
    [
        ({"required": True}, "real", Status.BROKEN),
        ({"required": True}, "synthetic", Status.BROKEN),
        ({"required": True, "speech": "real"}, "synthetic", Status.NOT_MEASURED),
        ({}, "real", Status.NOT_MEASURED),
    ],
)
def test_what_must_be_measured_breaks_when_it_is_not(
    settings: dict[str, object], speech: str, status: Status
) -> None:
    verdict = verdict_on("size", budget(at_most=1, **settings), None, "no file", speech)
    assert verdict.status is status
    assert verdict.detail.endswith("no file")


@pytest.mark.parametrize(
    ("limits", "value", "interval", "text"),
    [
        ({"at_most": 10}, 9, None, "+1 (+10.0%)"),
        ({"at_most": 10}, 12, None, "-2 (-20.0%)"),
        ({"at_most": 1_800_000}, 1_755_008, None, "+44,992 (+2.5%)"),
        ({"at_least": 0.5}, 0.6, None, "+0.1 (+20.0%)"),
        ({"at_least": 0}, 0.2, None, "+0.2"),
        ({"at_least": 0}, 0.2, (0.1, 0.5), "+0.2, +2.0 spreads"),
        ({"at_most": 10}, 9, (5, 11), "+1 (+10.0%), +0.5 spreads"),
        ({"at_most": 10}, 9, (9, 9), "+1 (+10.0%)"),
        (
            {"at_least": 0.5, "gate": "interval"},
            0.4,
            (0.3, 0.6),
            "-0.1 (-20.0%), -0.5 spreads: BY ITS INTERVAL ALONE",
        ),
        ({"at_least": 0.5, "gate": "interval"}, 0.4, (0.3, 0.45), "-0.1 (-20.0%), -2.0 spreads"),
    ],
)
def test_the_margin_of_a_promise(
    limits: dict[str, object], value: float, interval: tuple[float, float] | None, text: str
) -> None:
    verdict = verdict_on("x", budget(**limits), quantity(value, interval), "", "real")
    assert str(verdict.margin) == text
    assert verdict.as_dict()["margin"]["by_interval_alone"] is ("ALONE" in text)


def test_an_exact_promise_has_no_margin() -> None:
    assert verdict_on("x", budget(exactly=0), quantity(0), "", "real").margin is None


def test_every_promise_that_can_be_made_is_made() -> None:
    assert set(load_budgets()) == set(UNITS)
