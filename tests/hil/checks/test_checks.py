"""Checks against figures worked out by hand, and a gate that catches every planted regression."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.base.errors import CheckFailed, InvalidSetting
from firmware_bridge.base.evidence import Evidence, Quantity
from hil.budgets import Status, load_budgets
from hil.checks import measure, verdicts
from hil.checks.arithmetic import wilson_percent
from hil.chip.arithmetic import Modelled
from hil.report.model import scorecards
from hil.rig.observations import NO_KEYWORD, Observations
from hil.selftest import PLANTS, Planted, require_gate, self_test
from tests.support.observations import observations

BUDGETS = load_budgets()
ESTIMATED = Evidence.ESTIMATED


def figure(seen: Observations, name: str) -> Quantity:
    found = measure(seen)[name]
    assert isinstance(found, Quantity), found
    return found


def test_a_good_run_keeps_every_promise() -> None:
    statuses = {verdict.name: verdict.status for verdict in verdicts(observations(), BUDGETS)}
    assert set(statuses.values()) == {Status.KEPT}, statuses


def test_every_budget_has_a_check_and_a_planted_regression() -> None:
    assert set(BUDGETS) == set(PLANTS) == set(measure(observations()))


@pytest.mark.parametrize("name", sorted(BUDGETS))
def test_a_planted_regression_breaks_its_promise_by_name(name: str) -> None:
    spoiled = PLANTS[name](observations(), BUDGETS[name])
    broken = {
        verdict.name: verdict for verdict in verdicts(spoiled, BUDGETS) if verdict.status is Status.BROKEN
    }
    assert name in broken
    assert broken[name].detail, "by how much"
    assert broken[name].as_dict()["remedy"], "what to change"


def test_the_gate_reports_what_it_caught_and_refuses_to_be_toothless() -> None:
    planted = self_test(observations(), BUDGETS)
    assert [one.name for one in planted] == list(BUDGETS)
    require_gate(planted)
    with pytest.raises(CheckFailed, match="model_bytes") as caught:
        require_gate([*planted, Planted("model_bytes", False, "")])
    assert caught.value.exit_status == 1


def test_sizes_three_ways() -> None:
    seen = observations()
    assert figure(seen, "model_bytes").value == 1_200_100
    assert "acoustic" in figure(seen, "model_bytes").source, "says which file was not compiled"
    assert figure(seen, "on_chip_ram_bytes").value == 234
    assert figure(seen, "board_ram_bytes").value == 1_500_000
    assert figure(seen, "on_chip_ram_bytes").evidence is ESTIMATED


def test_latency_is_the_sum_of_its_stages() -> None:
    middle, late = (figure(observations(), name) for name in ("latency_p50_ms", "latency_p95_ms"))
    assert middle.value == pytest.approx(10.1)
    assert middle.interval == pytest.approx((8.1, 13.2))
    assert late.value == pytest.approx(13.2)


def test_an_estimated_time_has_no_percentiles() -> None:
    guessed = {"network": Quantity(10.0, "ms", ESTIMATED, interval=(8.0, 40.0))}
    found = measure(observations(chip=replace(observations().chip, stages_ms=guessed)))
    assert isinstance(found["latency_p95_ms"], str)
    assert "needs a board" in found["latency_p95_ms"]
    assert isinstance(found["latency_p50_ms"], Quantity)
    assert found["latency_p50_ms"].interval == (8.0, 40.0), "how little is known stays in sight"


def test_accuracy_by_hand() -> None:
    seen = observations()
    assert figure(seen, "macro_f1_fused").value == 1.0
    assert figure(seen, "macro_f1_keyword").value == 1.0
    assert figure(seen, "macro_f1_acoustic").value == pytest.approx(0.75)
    gain = figure(seen, "fused_gain")
    assert gain.value == pytest.approx(0.25), "over the acoustic branch, the better of the two"
    assert "fused minus acoustic" in gain.source
    swapped = replace(seen, acoustic=seen.vote, vote=seen.acoustic)
    assert "fused minus keyword" in figure(swapped, "fused_gain").source


def test_a_heard_speaker_refuses_every_score() -> None:
    seen = observations(heard=("speaker2", "other"))
    found = measure(seen)
    assert figure(seen, "speaker_leakage").value == 1
    for name in ("macro_f1_acoustic", "macro_f1_keyword", "macro_f1_fused", "fused_gain"):
        assert found[name] == "refused: the model has heard speaker2"
    assert scorecards(seen) == {}


def test_without_keywords_there_is_nothing_to_fuse() -> None:
    seen = observations(keyword_truth=np.full(24, NO_KEYWORD))
    found = measure(seen)
    assert isinstance(found["macro_f1_keyword"], str)
    assert isinstance(found["fused_gain"], str)
    assert set(scorecards(seen)) == {"acoustic", "fused"}
    verdict = next(one for one in verdicts(seen, BUDGETS) if one.name == "fused_gain")
    assert verdict.status is Status.NOT_MEASURED
    assert all(one.name != "fused_gain" for one in self_test(seen, BUDGETS))


def test_equality_names_the_worst_segment() -> None:
    lsb = np.zeros(24, np.int64)
    lsb[5], lsb[9] = 1, 3
    assert figure(observations(features_lsb=lsb), "alignment_lsb").value == 3
    assert "s9" in figure(observations(features_lsb=lsb), "alignment_lsb").source
    assert "2 of 24 segments differ" in figure(observations(scores_lsb=lsb), "scores_lsb").source
    assert isinstance(measure(observations(features_compared=0))["alignment_lsb"], str)


def test_times_of_this_machine_are_not_the_chips() -> None:
    seen = observations()
    assert figure(seen, "realtime_factor").value == 20
    assert "not the chip's" in figure(seen, "realtime_factor").source
    board = observations(keeps_time=True)
    assert "own speed" in figure(board, "realtime_factor").source
    assert isinstance(measure(board)["host_ram_bytes"], str)
    assert isinstance(measure(observations(device_ram_bytes=0))["host_ram_bytes"], str)


def test_missing_facts_are_reasons_not_zeros() -> None:
    bare = replace(observations().chip, stages_ms={}, regions=())
    found = measure(observations(chip=bare, figures={}))
    for name in ("latency_p50_ms", "board_ram_bytes", "on_chip_ram_bytes", "int8_agreement"):
        assert isinstance(found[name], str), name


def test_a_promise_that_no_check_measures_is_refused_in_a_program_too() -> None:
    with pytest.raises(InvalidSetting, match=r"later.*nothing measures") as caught:
        verdicts(observations(), {"later": BUDGETS["realtime_factor"]})
    assert "realtime_factor" in caught.value.remedy


@pytest.mark.parametrize(
    ("device", "scores"),
    [
        (Evidence.MEASURED, Evidence.MEASURED),
        (Evidence.EMULATED, Evidence.SIMULATED),
        (Evidence.SIMULATED, Evidence.SIMULATED),
    ],
)
def test_scores_without_an_edge_tpu_are_simulated(device: Evidence, scores: Evidence) -> None:
    seen = observations(evidence=device)
    assert figure(seen, "alignment_lsb").evidence is device
    for name in ("scores_lsb", "macro_f1_acoustic", "macro_f1_fused", "fused_gain"):
        assert figure(seen, name).evidence is scores


def test_the_emulated_chips_memory_is_not_taken_for_a_process() -> None:
    assert isinstance(measure(observations(evidence=Evidence.EMULATED))["host_ram_bytes"], str)


def test_flips_are_counted_by_hand_and_the_worst_alternative_counts() -> None:
    seen = observations()
    assert figure(seen, "chip_flips").value == 0
    assert isinstance(seen.modelled, Modelled)
    seen.modelled.chip["fused"][1, 0] = [-50, 50, -50]  # clip 0 is of class 0
    seen.modelled.chip["acoustic"][:, 2] = [-50, -50, 51]  # clip 8: heard as 0 (a quarter is wrong)
    found = figure(seen, "chip_flips")
    assert found.value == pytest.approx(100 / 6)
    assert found.interval == (pytest.approx(3.01, abs=0.01), pytest.approx(56.35, abs=0.01))
    assert found.evidence is Evidence.MODELLED
    assert found.n == 6
    assert "acoustic 1..1, keyword 0..0, fused 0..1; over 2 alternatives" in found.source


def test_flips_that_were_not_run_are_said() -> None:
    seen = observations(modelled="the chip's arithmetic of LSTM is not known")
    assert measure(seen)["chip_flips"] == "the chip's arithmetic of LSTM is not known"
    verdict = next(v for v in verdicts(seen, BUDGETS) if v.name == "chip_flips")
    assert verdict.status is Status.NOT_MEASURED


@pytest.mark.parametrize(
    ("count", "of", "ends"),
    # Newcombe 1998, table I, method 3 (Wilson's), with two more that are symmetric by definition.
    [
        (81, 263, (25.53, 36.62)),
        (15, 148, (6.24, 16.05)),
        (0, 20, (0.0, 16.11)),
        (1, 29, (0.61, 17.18)),
        (29, 29, (88.3, 100.0)),
    ],
)
def test_wilsons_interval_is_the_published_one(count: int, of: int, ends: tuple[float, float]) -> None:
    assert wilson_percent(count, of) == pytest.approx(ends, abs=0.01)


@pytest.mark.parametrize(
    ("flips", "clips", "broken"),
    [(1, 4, False), (1, 24, False), (3, 24, False), (4, 24, True), (6, 24, True)],
)
def test_single_clips_break_no_promise_and_many_do(flips: int, clips: int, broken: bool) -> None:
    low, _ = wilson_percent(flips, clips)
    assert (low > BUDGETS["chip_flips"].limit) is broken
