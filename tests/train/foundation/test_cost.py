"""What listening costs: arithmetic on a measured rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.foundation import cost as costs
from train.foundation.backends.onnx import OnnxEncoder
from train.foundation.cost import Cost, duration, measure_cost


def test_the_extrapolation_is_rate_times_hours_over_workers() -> None:
    cost = Cost("x", "hidden_2", 5.0, core_seconds=36.0, multiply_adds=1, kept_bytes=2)
    assert cost.hours_for(100, (1, 4)) == pytest.approx({1: 1.0, 4: 0.25})
    found = cost.as_dict()["extrapolated_hours_for_238_h"]
    assert found == pytest.approx({"1": 2.38, "10": 0.238, "100": 0.0238})


def test_the_fastest_pass_counts(wave_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 10.0, 11.2, 20.0, 24.0])
    monkeypatch.setattr(costs.time, "process_time", lambda: next(clock))
    encoder = OnnxEncoder(wave_network)
    cost = measure_cost(encoder, "hidden_0", clip_seconds=0.01, passes=3)
    # 1.2 s for six clips of 0.01 s: 20 s for a second of speech.
    assert cost.core_seconds == pytest.approx(20 * 3600)
    assert cost.multiply_adds == encoder.multiply_adds("hidden_0", 160) * 360_000
    assert cost.kept_bytes == encoder.steps(160) * 3 * 2 * 360_000


def test_a_real_clock_says_something(wave_network: Path) -> None:
    assert 0 <= measure_cost(OnnxEncoder(wave_network), "final", clip_seconds=0.1).core_seconds < 3600


def test_durations_read_well() -> None:
    assert [duration(hours) for hours in (0.01, 0.5, 1, 12.345)] == [
        "0.6 min",
        "30.0 min",
        "1.00 h",
        "12.35 h",
    ]
